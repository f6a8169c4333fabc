// adam — one step of Adam or AdamW over all parameters at once, in place.
//
//   update   g ← g · min(1, max_norm / (√norm + 10⁻⁶))          where CLIPPED is 1; norm = Σ g²
//            p ← p · (1 − η · decay)                            where DECOUPLED is 1 (AdamW), else g ← g + decay · p
//            m ← β₁·m + (1 − β₁)·g,   v ← β₂·v + (1 − β₂)·g²
//            p ← p − η · m̂ / (√v̂ + ε)                          m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ), t = train_counters[0] + 1
//
// Where GUARDED is 1 nothing changes once train_counters[2] is set or `loss` is not a number, so that the last finite state stays.
//
// shapes     g, p, m, v [size], size a multiple of 4; train_counters [4] u32; rate, loss, norm [1]
// grid       PER vec4 of elements per invocation, LANES apart; folds into y (lib/grid.wgsl)
// numerics   1 − βᵗ as −expm1(t · ln β); elements of g that are not finite count as 0
// source     Kingma & Ba 2015, algorithm 1; Loshchilov & Hutter 2019, algorithm 2

//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/functions.wgsl"

const LANES = 64u;
const PER = 8u;
const GUARDED = 0u;
const CLIPPED = 0u;
const DECOUPLED = 0u;

struct Params {
  vec4s: u32,
  beta1: f32,
  beta2: f32,
  log_beta1: f32,
  log_beta2: f32,
  epsilon: f32,
  decay: f32,
  max_norm: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> g: array<vec4f>;
@group(0) @binding(2) var<storage, read> train_counters: array<u32>;
@group(0) @binding(3) var<storage, read> rate: array<f32>;
@group(0) @binding(4) var<storage, read> loss: array<f32>;
@group(0) @binding(5) var<storage, read> norm: array<f32>;
@group(0) @binding(6) var<storage, read_write> p: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> v: array<vec4f>;

fn finite_or_zero(a: vec4f) -> vec4f {
  return select(vec4f(0.0), a, (bitcast<vec4u>(a) & vec4u(0x7f800000u)) != vec4u(0x7f800000u));
}

@compute @workgroup_size(LANES)
fn update(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (GUARDED == 1u && (train_counters[2] != 0u || finite(loss[0]) == 0.0)) { return; }
  let t = f32(train_counters[0] + 1u);
  let eta = rate[0] / (0.0 - expm1(t * params.log_beta1));
  let shrink = 1.0 - rate[0] * params.decay;
  let second_share = 1.0 / (0.0 - expm1(t * params.log_beta2));
  let clip = select(1.0, min(1.0, params.max_norm / (sqrt_(norm[0]) + 1e-6)), CLIPPED == 1u);
  let start = group_number(group, groups) * (LANES * PER) + lane;
  for (var k = 0u; k < PER; k++) {
    let i = start + k * LANES;
    if (i >= params.vec4s) { return; }
    var slope = finite_or_zero(g[i]) * clip;
    var value = p[i];
    if (DECOUPLED == 1u) { value *= shrink; } else { slope += params.decay * value; }
    let first = params.beta1 * m[i] + (1.0 - params.beta1) * slope;
    let second = params.beta2 * v[i] + (1.0 - params.beta2) * slope * slope;
    m[i] = first;
    v[i] = second;
    p[i] = value - eta * first / (sqrt(second * second_share) + params.epsilon);
  }
}
