// gamma — gamma draws with shape a and rate 1, density x^{a−1} e^{−x} / Γ(a), one invocation per element.
//
//   gamma      y[i] = d·v³·w,   d = a' − ⅓,   v = 1 + z/√(9d),   the first v > 0 with log u < ½z² + d − dv³ + d log v³
//              a' = a and w = 1 where a ≥ 1, else a' = a + 1 and w = u^{1/a}
//
// shapes     a, y [size] f32;  step [1], draw [3] (seed's low and high word, stream) u32
// grid       ⌈size / LANES⌉ workgroups, folded;  one element per invocation
// numerics   attempt k has the Philox counter (element, step, stream, k + 1): z from words 0 and 1, u from word 2. 16 attempts
//            fail with less than 0.05¹⁶, and then give d.  v³ triples the 8 ulps of z;  NaN where not a > 0
// source     G. Marsaglia, W. W. Tsang, A simple method for generating gamma variables, ACM TOMS 26 (2000), 363–372

//#include "lib/hooked.wgsl"

const LANES = 64u;

struct Params { size: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> step: array<u32>;
@group(0) @binding(3) var<storage, read> draw: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

@compute @workgroup_size(LANES)
fn gamma(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  if (i >= params.size) { return; }
  let key = vec2u(draw[0], draw[1]);
  let shape = a[i];
  let d = select(shape, shape + 1.0, shape < 1.0) - 0.33333333;
  let c = inverseSqrt(9.0 * d);
  var cube = 1.0;
  for (var k = 1u; k <= 16u; k++) {
    let words = philox(vec4u(i, step[0], draw[2], k), key);
    let z = normals(words).x;
    let v = fma(c, z, 1.0);
    let v3 = v * v * v;
    if (v > 0.0 && -0.5 * minus_two_log(words.z) < fma(0.5 * z, z, d - d * v3 + d * log_(v3))) {
      cube = v3;
      break;
    }
  }
  let log_u = -0.5 * minus_two_log(philox(vec4u(i, step[0], draw[2], 0xffffffffu), key).x);
  let drawn = d * cube * select(1.0, exp_(log_u / shape), shape < 1.0);
  y[i] = epilogue(i, select(bitcast<f32>(0x7fc00000u | (bitcast<u32>(shape) & 1u)), drawn, shape > 0.0));
}
