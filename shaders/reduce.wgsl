// reduce — sum, maximum or minimum over one extent, in a fixed tree.
//
//   rows        y[o,s] = ⊕_r load(o·extent + r)     the reduced elements lie together; r in slice s
//   short_rows  the same, one invocation walking each slice
//   columns     y[s,o] = ⊕_r load(r·outputs + o)    the kept elements lie together; r in slice s
//
// shapes     load: [outputs, extent] or [extent, outputs], whatever the hook reads;  y [outputs], or one partial a slice,
//            which a second launch reduces
// grid       per output and slice: rows one workgroup of LANES, short_rows and columns one invocation
// numerics   sum: fours of terms, of which an invocation adds m one after the other (rows: at most 64 a lane and slice, then a tree
//            of log₂ LANES; the others: at most 64, or three levels by lib/long.wgsl where a slice is longer than 256):
//            |error| ≤ γ_{m+8} · Σ|x| for each of two launches, u = 2⁻²⁴; like-signed terms of any number keep 2e-6.
//            max, min: exact, NaN where one is in it

//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/functions.wgsl"
//#include "lib/extras.wgsl"
//#include "lib/side_output.wgsl"
//#include "lib/long.wgsl"
//#include "lib/reduction.wgsl"

struct Params { outputs: u32, extent: u32, slices: u32, slice: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

//#hook
fn load(i: u32) -> f32 { return bitcast<f32>(x0[i]); }
//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

// What one lane takes of a row: every LANES-th element from first to past, four at a time while all lanes have four.
fn walk(row: u32, first: u32, past: u32, lane: u32) -> f32 {
  var total = identity();
  let iterations = (past - first) / (4u * LANES);
  for (var iteration = 0u; iteration < iterations; iteration++) {
    let i = row + first + iteration * (4u * LANES) + lane;
    total = combine(total, combine(combine(load(i), load(i + LANES)), combine(load(i + 2u * LANES), load(i + 3u * LANES))));
  }
  for (var r = first + iterations * (4u * LANES) + lane; r < past; r += LANES) { total = combine(total, load(row + r)); }
  return total;
}

// What one invocation takes of `step` apart elements, `count` of them from first, four at a time.
fn run(first: u32, count: u32, step: u32) -> f32 {
  var total = identity();
  var group = identity();
  var all = identity();
  let vec4s = count / 4u;
  let size = max(run_of(vec4s), 32u);
  for (var start = 0u; start < vec4s; start += size) {
    for (var q = start; q < min(start + size, vec4s); q++) {
      let i = first + q * 4u * step;
      total = combine(total, combine(combine(load(i), load(i + step)), combine(load(i + 2u * step), load(i + 3u * step))));
    }
    if (MANY_TERMS == 1u) {
      group = combine(group, total);
      total = identity();
      if (ends(start / size + 1u, size)) {
        all = combine(all, group);
        group = identity();
      }
    }
  }
  if (MANY_TERMS == 1u) { total = combine(combine(all, group), total); }
  for (var r = vec4s * 4u; r < count; r++) { total = combine(total, load(first + r * step)); }
  return total;
}

@compute @workgroup_size(LANES)
fn rows(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = group_number(id, groups);
  let first = (n % params.slices) * params.slice;
  let past = min(first + params.slice, params.extent);
  let inside = n < params.outputs * params.slices;
  var total = identity();
  if (inside) { total = walk((n / params.slices) * params.extent, first, past, lane); }
  let result = tree(lane, total);
  if (lane == 0u && inside) { y[n] = epilogue(n, result); }
}

@compute @workgroup_size(LANES)
fn short_rows(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = group_number(id, groups) * LANES + lane;
  if (n >= params.outputs * params.slices) { return; }
  let first = (n % params.slices) * params.slice;
  let past = min(first + params.slice, params.extent);
  y[n] = epilogue(n, run((n / params.slices) * params.extent + first, max(past, first) - first, 1u));
}

@compute @workgroup_size(LANES)
fn columns(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = group_number(id, groups) * LANES + lane;
  if (n >= params.outputs * params.slices) { return; }
  let o = n % params.outputs;
  let first = (n / params.outputs) * params.slice;
  let past = min(first + params.slice, params.extent);
  y[n] = epilogue(n, run(first * params.outputs + o, max(past, first) - first, params.outputs));
}
