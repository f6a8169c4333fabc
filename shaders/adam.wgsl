// adam — one step of Adam or AdamW over all parameters at once, in place.
//
//   update   g ← g · min(1, max_norm / (√norm + 10⁻⁶))          where CLIPPED is 1; norm = Σ g²
//            p ← p · (1 − η · decay)                            where DECOUPLED is 1 (AdamW), else g ← g + decay · p
//            m ← β₁·m + (1 − β₁)·g,   v ← β₂·v + (1 − β₂)·g²
//            p ← p − η · m̂ / (√v̂ + ε)                          m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ), t = train_counters[0] + 1
//   update_each   the same, element by element, for a size that is no multiple of 4
//
// Where GUARDED is 1 nothing changes once train_counters[2] is set or `loss` is not a number, so that the last finite state stays.
//
// shapes     g, p, m, v [size], for update a multiple of 4; train_counters [4] u32; rate, loss, norm [1]
// grid       update: PER vec4s per invocation, LANES apart; update_each: one element per invocation; folds into y (lib/grid.wgsl)
// registers  at most 36 an invocation on RDNA 2 and 3; bound by instructions beside multiply-adds
// numerics   1 − βᵗ as −expm1(t · ln β); elements of g that are not finite count as 0
// source     Kingma & Ba 2015, algorithm 1; Loshchilov & Hutter 2019, algorithm 2

//#include "lib/optimiser.wgsl"

const PER = 8u;
const DECOUPLED = 0u;

struct Params {
  size: u32,
  beta1: f32,
  beta2: f32,
  log_beta1: f32,
  log_beta2: f32,
  epsilon: f32,
  decay: f32,
  max_norm: f32,
}

@group(0) @binding(8) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(9) var<storage, read> each_g: array<f32>;
@group(0) @binding(10) var<storage, read_write> each_p: array<f32>;
@group(0) @binding(11) var<storage, read_write> each_m: array<f32>;
@group(0) @binding(12) var<storage, read_write> each_v: array<f32>;

// What is the same for all elements.
struct Factors { eta: f32, shrink: f32, second_share: f32, clip: f32 }

fn factors() -> Factors {
  let t = f32(train_counters[0] + 1u);
  let eta = rate[0] / (0.0 - expm1(t * params.log_beta1));
  let shrink = 1.0 - rate[0] * params.decay;
  let second_share = 1.0 / (0.0 - expm1(t * params.log_beta2));
  let clip = select(1.0, clip_factor(), CLIPPED == 1u);
  return Factors(eta, shrink, second_share, clip);
}

struct Next { p: vec4f, m: vec4f, v: vec4f }

fn next(gradient: vec4f, before: Next, f: Factors) -> Next {
  var slope = finite_or_zero(gradient) * f.clip;
  var value = before.p;
  if (DECOUPLED == 1u) { value *= f.shrink; } else { slope += params.decay * value; }
  let first = params.beta1 * before.m + (1.0 - params.beta1) * slope;
  let second = params.beta2 * before.v + (1.0 - params.beta2) * slope * slope;
  return Next(value - f.eta * first / (sqrt(second * f.second_share) + params.epsilon), first, second);
}

@compute @workgroup_size(LANES)
fn update(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (is_halted()) { return; }
  let f = factors();
  let start = group_number(group, groups) * (LANES * PER) + lane;
  for (var k = 0u; k < PER; k++) {
    let i = start + k * LANES;
    if (i >= params.size) { return; }
    let after = next(g[i], Next(p[i], m[i], v[i]), f);
    m[i] = after.m;
    v[i] = after.v;
    p[i] = after.p;
  }
}

@compute @workgroup_size(LANES)
fn update_each(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  if (is_halted()) { return; }
  let i = group_number(group, groups) * LANES + lane;
  if (i >= params.size) { return; }
  let after = next(vec4f(each_g[i]), Next(vec4f(each_p[i]), vec4f(each_m[i]), vec4f(each_v[i])), factors());
  each_m[i] = after.m.x;
  each_v[i] = after.v.x;
  each_p[i] = after.p.x;
}
