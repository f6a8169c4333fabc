// sgd — one step of gradient descent with momentum over all parameters at once, in place.
//
//   update   g ← g · min(1, max_norm / (√norm + 10⁻⁶))   where CLIPPED is 1; norm = Σ g²
//            g ← g + decay · p
//            m ← momentum · m + g
//            p ← p − η · (NESTEROV = 1 ? g + momentum · m : m)
//   update_each   the same, element by element, for a size that is no multiple of 4
//
// Where GUARDED is 1 nothing changes once train_counters[2] is set or `loss` is not a number.
//
// shapes     g, p, m [size], for update a multiple of 4; train_counters [4] u32; rate, loss, norm [1]
// grid       update: four elements per invocation, update_each: one, in groups of LANES; folds into y (lib/grid.wgsl)
// numerics   elements of g that are not finite count as 0
// source     Sutskever et al. 2013; PyTorch's SGD without dampening

//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/functions.wgsl"

const LANES = 64u;
const GUARDED = 0u;
const CLIPPED = 0u;
const NESTEROV = 0u;

struct Params { size: u32, momentum: f32, decay: f32, max_norm: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> g: array<vec4f>;
@group(0) @binding(2) var<storage, read> train_counters: array<u32>;
@group(0) @binding(3) var<storage, read> rate: array<f32>;
@group(0) @binding(4) var<storage, read> loss: array<f32>;
@group(0) @binding(5) var<storage, read> norm: array<f32>;
@group(0) @binding(6) var<storage, read_write> p: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(8) var<storage, read> each_g: array<f32>;
@group(0) @binding(9) var<storage, read_write> each_p: array<f32>;
@group(0) @binding(10) var<storage, read_write> each_m: array<f32>;

fn finite_or_zero(a: vec4f) -> vec4f {
  return select(vec4f(0.0), a, (bitcast<vec4u>(a) & vec4u(0x7f800000u)) != vec4u(0x7f800000u));
}

struct Next { p: vec4f, m: vec4f }

fn next(gradient: vec4f, before: Next) -> Next {
  var slope = finite_or_zero(gradient);
  if (CLIPPED == 1u) { slope *= min(1.0, params.max_norm / (sqrt_(norm[0]) + 1e-6)); }
  slope += params.decay * before.p;
  let velocity = params.momentum * before.m + slope;
  return Next(before.p - rate[0] * select(velocity, slope + params.momentum * velocity, NESTEROV == 1u), velocity);
}

@compute @workgroup_size(LANES)
fn update(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(group, groups) * LANES + lane;
  if (i >= params.size) { return; }
  if (GUARDED == 1u && (train_counters[2] != 0u || finite(loss[0]) == 0.0)) { return; }
  let after = next(g[i], Next(p[i], m[i]));
  m[i] = after.m;
  p[i] = after.p;
}

@compute @workgroup_size(LANES)
fn update_each(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(group, groups) * LANES + lane;
  if (i >= params.size) { return; }
  if (GUARDED == 1u && (train_counters[2] != 0u || finite(loss[0]) == 0.0)) { return; }
  let after = next(vec4f(each_g[i]), Next(vec4f(each_p[i]), vec4f(each_m[i])));
  each_m[i] = after.m.x;
  each_p[i] = after.p.x;
}
