// permute — elements along one axis at given places, each place named once.
//
//   pick    y[o,r,k] = x[o, index[o,r,k], k]
//   place   y[o, index[o,r,k], k] = x[o,r,k]      (∂x of pick, and of the sorted values)
//
// shapes     x, index, y [outer, extent, inner];  size = outer·extent·inner; a line's places are a permutation of 0 … extent − 1
// grid       one element of index per invocation, in groups of LANES; folds into y (lib/grid.wgsl)
// numerics   exact

//#include "lib/grid.wgsl"

const LANES = 64u;

struct Params { size: u32, extent: u32, inner: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

// the element that position i of index names
fn named(i: u32) -> u32 {
  let line = params.extent * params.inner;
  return i - i % line + index[i] * params.inner + i % params.inner;
}

@compute @workgroup_size(LANES)
fn pick(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  if (i < params.size) { y[i] = x[named(i)]; }
}

@compute @workgroup_size(LANES)
fn place(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  if (i < params.size) { y[named(i)] = x[i]; }
}
