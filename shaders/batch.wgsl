// batch — rows of a resident data set, chosen by a table of row numbers from a running position on, as floats.
//
//   bytes    y[b,f] = scale · x[r(b), f]          x: bytes, four to a word
//   floats   y[b,f] = scale · x[r(b), f]
//
// with r(b) = order[train_counters[1] + b] where ORDERED is 1, else train_counters[1] + b.
//
// shapes     x [count, features], order [count] u32, train_counters [4] u32 (its word 1 is the position), y [batch, features]
// grid       one element of y per invocation, in groups of LANES; folds into y (lib/grid.wgsl)
// numerics   exact up to the rounding of scale · value; row numbers beyond the data set read its last row

//#include "lib/hooked.wgsl"

const LANES = 256u;
const ORDERED = 1u;

struct Params { size: u32, features: u32, count: u32, scale: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> packed: array<u32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> order: array<u32>;
@group(0) @binding(4) var<storage, read> train_counters: array<u32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

// where element i of y lies in the data set
fn source_of(i: u32) -> u32 {
  let line = i / params.features;
  let position = train_counters[1] + line;
  var row = position;
  if (ORDERED == 1u) { row = order[min(position, params.count - 1u)]; }
  return min(row, params.count - 1u) * params.features + (i - line * params.features);
}

@compute @workgroup_size(LANES)
fn bytes(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(group, groups) * LANES + lane;
  if (i >= params.size) { return; }
  let at = source_of(i);
  let value = (packed[at >> 2u] >> (8u * (at & 3u))) & 0xffu;
  y[i] = epilogue(i, f32(i32(value)) * params.scale);
}

@compute @workgroup_size(LANES)
fn floats(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(group, groups) * LANES + lane;
  if (i >= params.size) { return; }
  y[i] = epilogue(i, x[source_of(i)] * params.scale);
}
