// gather — rows of a table at given positions, and the sum of rows back into their places.
//
//   rows      y[i,j]  = x[index[i], j]                 f32
//   words     y[i,j]  = x[index[i], j]                 u32 or i32, unchanged
//   bytes     y[i,j]  = scale · x[index[i], j]         x bytes, four to a word, the lowest first, from byte `first` on
//   scatter   dx[r,j] = Σ_{i : index[i] = r} g[i,j]    (∂x of rows)
//
// shapes     x [entries, width], index [picks], y and g [picks, width], dx [entries, width];  row-major
// grid       ⌈picks·width / (LANES · PER)⌉ workgroups, folded;  scatter: ⌈entries·width / LANES⌉, one element per invocation
// memory     rows, words, bytes: x is read once per pick.  scatter: every invocation reads all of index, so its cost is
//            entries·width·picks comparisons: meant for up to some thousand picks
// numerics   an index ≥ entries (a negative one, too) reads zeros and adds to no row.  bytes: one rounding.
//            scatter: in order of i, without atomics;  |error| ≤ γ_m · Σ|g| with m = the hits of the row

//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/extras.wgsl"

const LANES = 64u;
const PER = 4u;

struct Params { picks: u32, width: u32, entries: u32, first: u32, scale: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<storage, read_write> y_words: array<u32>;
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

// the word of x that element i of the result is
fn word(i: u32) -> u32 {
  let r = index[i / params.width];
  if (r >= params.entries) { return 0u; }
  return x[r * params.width + i % params.width];
}
fn byte(i: u32) -> u32 {
  let r = index[i / params.width];
  if (r >= params.entries) { return 0u; }
  let at = params.first + r * params.width + i % params.width;
  return (x[at >> 2u] >> (8u * (at & 3u))) & 255u;
}

@compute @workgroup_size(LANES)
fn rows(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = group_number(id, groups) * (LANES * PER) + lane;
  for (var k = 0u; k < PER; k++) {
    let i = first + k * LANES;
    if (i < params.picks * params.width) { y[i] = epilogue(i, bitcast<f32>(word(i))); }
  }
}

@compute @workgroup_size(LANES)
fn words(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = group_number(id, groups) * (LANES * PER) + lane;
  for (var k = 0u; k < PER; k++) {
    let i = first + k * LANES;
    if (i < params.picks * params.width) { y_words[i] = word(i); }
  }
}

@compute @workgroup_size(LANES)
fn bytes(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = group_number(id, groups) * (LANES * PER) + lane;
  for (var k = 0u; k < PER; k++) {
    let i = first + k * LANES;
    if (i < params.picks * params.width) { y[i] = epilogue(i, params.scale * f32(byte(i))); }
  }
}

@compute @workgroup_size(LANES)
fn scatter(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = group_number(id, groups) * LANES + lane;
  if (n >= params.entries * params.width) { return; }
  let r = n / params.width;
  let j = n % params.width;
  var total = 0.0;
  for (var i = 0u; i < params.picks; i++) {
    if (index[i] == r) { total += g[i * params.width + j]; }
  }
  dx[n] = epilogue(n, total);
}
