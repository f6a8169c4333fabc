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

//#include "lib/optimiser.wgsl"

const NESTEROV = 0u;

struct Params { size: u32, momentum: f32, decay: f32, max_norm: f32 }

@group(0) @binding(8) var<storage, read> each_g: array<f32>;
@group(0) @binding(9) var<storage, read_write> each_p: array<f32>;
@group(0) @binding(10) var<storage, read_write> each_m: array<f32>;

struct Next { p: vec4f, m: vec4f }

fn next(gradient: vec4f, before: Next) -> Next {
  var slope = finite_or_zero(gradient);
  if (CLIPPED == 1u) { slope *= clip_factor(); }
  slope += params.decay * before.p;
  let velocity = params.momentum * before.m + slope;
  return Next(before.p - rate[0] * select(velocity, slope + params.momentum * velocity, NESTEROV == 1u), velocity);
}

@compute @workgroup_size(LANES)
fn update(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(group, groups) * LANES + lane;
  if (i >= params.size) { return; }
  if (is_halted()) { return; }
  let after = next(g[i], Next(p[i], m[i]));
  m[i] = after.m;
  p[i] = after.p;
}

@compute @workgroup_size(LANES)
fn update_each(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(group, groups) * LANES + lane;
  if (i >= params.size) { return; }
  if (is_halted()) { return; }
  let after = next(vec4f(each_g[i]), Next(vec4f(each_p[i]), vec4f(each_m[i])));
  each_m[i] = after.m.x;
  each_p[i] = after.p.x;
}
