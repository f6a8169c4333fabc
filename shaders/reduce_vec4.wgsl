// reduce_vec4 — sum, maximum or minimum over one extent, in a fixed tree, of elements that are loaded four at a time.
//
//   rows        y[o,s] = ⊕_r load(o·extent + r)     the reduced elements lie together; r in slice s
//   short_rows  the same, one invocation walking each slice
//   columns     y[s,o] = ⊕_r load(r·outputs + o)    the kept elements lie together; r in slice s
//
// shapes     load: [outputs, extent] or [extent, outputs], of which the hook vec4_at(j) gives elements 4j … 4j + 3: extent and slice
//            (columns: outputs) are multiples of 4;  y [outputs], or one partial a slice, which a second launch reduces
// grid       per output and slice: rows one workgroup of LANES, short_rows one invocation;  columns: one per four of them
// numerics   sum: of four running sums; an invocation adds m terms to each (rows: at most 64 a lane and slice, then a tree of
//            log₂ LANES; the others: at most 64 fours, or three levels by lib/long.wgsl where a slice is longer than 256 loads):
//            |error| ≤ γ_{m+10} · Σ|x| for each of two launches, u = 2⁻²⁴; like-signed terms of any number keep 2e-6.
//            max, min: exact, NaN where one is in it

//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/functions.wgsl"
//#include "lib/extras.wgsl"
//#include "lib/side_output.wgsl"
//#include "lib/long.wgsl"
//#include "lib/reduction.wgsl"

// 1 where four loads at a time leave none over: a software adapter would go once through the loop for what is left
const WHOLE = 0u;

struct Params { outputs: u32, extent: u32, slices: u32, slice: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

//#hook
fn vec4_at(j: u32) -> vec4u { return q0[j]; }
//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

fn load(j: u32) -> vec4f { return bitcast<vec4f>(vec4_at(j)); }
fn combined(a: vec4f, b: vec4f) -> vec4f {
  if (OPERATION == 0u) { return a + b; }
  return vec4f(combine(a.x, b.x), combine(a.y, b.y), combine(a.z, b.z), combine(a.w, b.w));
}
fn folded(a: vec4f) -> f32 { return combine(combine(a.x, a.y), combine(a.z, a.w)); }

// `count` loads from first, `step` apart.
fn run(first: u32, count: u32, step: u32) -> vec4f {
  var total = vec4f(identity());
  var group = vec4f(identity());
  var all = vec4f(identity());
  let iterations = count / 4u;
  let size = max(run_of(iterations), 32u);
  for (var start = 0u; start < iterations; start += size) {
    for (var iteration = start; iteration < min(start + size, iterations); iteration++) {
      let j = first + iteration * 4u * step;
      total = combined(total, combined(combined(load(j), load(j + step)), combined(load(j + 2u * step), load(j + 3u * step))));
    }
    if (MANY_TERMS == 1u) {
      group = combined(group, total);
      total = vec4f(identity());
      if (ends(start / size + 1u, size)) {
        all = combined(all, group);
        group = vec4f(identity());
      }
    }
  }
  if (MANY_TERMS == 1u) { total = combined(combined(all, group), total); }
  if (WHOLE == 0u) {
    for (var r = iterations * 4u; r < count; r++) { total = combined(total, load(first + r * step)); }
  }
  return total;
}

@compute @workgroup_size(LANES)
fn rows(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = group_number(id, groups);
  let first = (n % params.slices) * params.slice;
  let past = min(first + params.slice, params.extent);
  let inside = n < params.outputs * params.slices;
  var total = vec4f(identity());
  if (inside) {
    let row = (n / params.slices) * params.extent;
    for (var j = ((row + first) >> 2u) + lane; j < ((row + past) >> 2u); j += LANES) { total = combined(total, load(j)); }
  }
  let result = tree(lane, folded(total));
  if (lane == 0u && inside) { y[n] = epilogue(n, result); }
}

@compute @workgroup_size(LANES)
fn short_rows(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = group_number(id, groups) * LANES + lane;
  if (n >= params.outputs * params.slices) { return; }
  let first = (n % params.slices) * params.slice;
  let past = min(first + params.slice, params.extent);
  y[n] = epilogue(n, folded(run(((n / params.slices) * params.extent + first) / 4u, (max(past, first) - first) / 4u, 1u)));
}

@compute @workgroup_size(LANES)
fn columns(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let across = params.outputs / 4u;
  let n = group_number(id, groups) * LANES + lane;
  if (n >= across * params.slices) { return; }
  let first = (n / across) * params.slice;
  let past = min(first + params.slice, params.extent);
  let total = run(first * across + n % across, max(past, first) - first, across);
  for (var e = 0u; e < 4u; e++) { y[4u * n + e] = epilogue(4u * n + e, total[e]); }
}
