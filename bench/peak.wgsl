// peak — the rate of fused multiply-adds that the device reaches when nothing else is asked of it.
//
//   chains         v ← v + w·a, TRIPS · 8 times, for eight vec4 v in each invocation; w is another of them
//
// shapes     seed [1], result [invocations];  f32
// grid       any number of workgroups of 64;  TRIPS · 8 · 8 · 4 · 2 floating-point operations per invocation
// numerics   |a| ≤ 2⁻⁹, so that v stays finite; the sum is stored so that no chain is dead. One factor alone is the same for all
//            invocations: RDNA 3 pairs only multiply-adds whose sum is its own operand

@group(0) @binding(0) var<storage, read> seed: array<f32, 1>;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;

const TRIPS = 64;

@compute @workgroup_size(64)
fn chains(@builtin(global_invocation_id) id: vec3u) {
  let a = vec4f(seed[0]);
  var v0 = vec4f(f32(id.x));
  var v1 = v0 + 1.0;
  var v2 = v0 + 2.0;
  var v3 = v0 + 3.0;
  var v4 = v0 + 4.0;
  var v5 = v0 + 5.0;
  var v6 = v0 + 6.0;
  var v7 = v0 + 7.0;
  for (var trip = 0; trip < TRIPS; trip++) {
    v0 = fma(v4, a, v0); v1 = fma(v5, a, v1); v2 = fma(v6, a, v2); v3 = fma(v7, a, v3);
    v4 = fma(v0, a, v4); v5 = fma(v1, a, v5); v6 = fma(v2, a, v6); v7 = fma(v3, a, v7);
    v0 = fma(v4, a, v0); v1 = fma(v5, a, v1); v2 = fma(v6, a, v2); v3 = fma(v7, a, v3);
    v4 = fma(v0, a, v4); v5 = fma(v1, a, v5); v6 = fma(v2, a, v6); v7 = fma(v3, a, v7);
    v0 = fma(v4, a, v0); v1 = fma(v5, a, v1); v2 = fma(v6, a, v2); v3 = fma(v7, a, v3);
    v4 = fma(v0, a, v4); v5 = fma(v1, a, v5); v6 = fma(v2, a, v6); v7 = fma(v3, a, v7);
    v0 = fma(v4, a, v0); v1 = fma(v5, a, v1); v2 = fma(v6, a, v2); v3 = fma(v7, a, v3);
    v4 = fma(v0, a, v4); v5 = fma(v1, a, v5); v6 = fma(v2, a, v6); v7 = fma(v3, a, v7);
    v0 = fma(v4, a, v0); v1 = fma(v5, a, v1); v2 = fma(v6, a, v2); v3 = fma(v7, a, v3);
    v4 = fma(v0, a, v4); v5 = fma(v1, a, v5); v6 = fma(v2, a, v6); v7 = fma(v3, a, v7);
    v0 = fma(v4, a, v0); v1 = fma(v5, a, v1); v2 = fma(v6, a, v2); v3 = fma(v7, a, v3);
    v4 = fma(v0, a, v4); v5 = fma(v1, a, v5); v6 = fma(v2, a, v6); v7 = fma(v3, a, v7);
    v0 = fma(v4, a, v0); v1 = fma(v5, a, v1); v2 = fma(v6, a, v2); v3 = fma(v7, a, v3);
    v4 = fma(v0, a, v4); v5 = fma(v1, a, v5); v6 = fma(v2, a, v6); v7 = fma(v3, a, v7);
    v0 = fma(v4, a, v0); v1 = fma(v5, a, v1); v2 = fma(v6, a, v2); v3 = fma(v7, a, v3);
    v4 = fma(v0, a, v4); v5 = fma(v1, a, v5); v6 = fma(v2, a, v6); v7 = fma(v3, a, v7);
  }
  let total = v0 + v1 + v2 + v3 + v4 + v5 + v6 + v7;
  result[id.x] = total.x + total.y + total.z + total.w;
}
