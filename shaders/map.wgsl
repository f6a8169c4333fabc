// map — one element-wise expression over strided inputs, written to a strided place.
//
//   elements   y[offset + i] = map(i)      for i in [0, size)
//   placed     y[place(i)] = map(i)
//   packed     byte i of y = map(i)
//
// shapes     y any shape, size elements are written; the hook's inputs have shapes and strides of their own
// grid       ⌈size / (LANES · PER)⌉ workgroups, folded; an invocation writes PER elements, LANES apart; packed: one word
// numerics   each function's own error (lib/map.wgsl); nothing is summed

//#include "lib/hooked.wgsl"

const LANES = 64u;
const PER = 4u;
// 1 where every block is whole
const WHOLE = 0u;

struct Params {
  size: u32,
  // y's place of element i: offset + (i / inner) · stride + i mod inner
  offset: u32,
  inner: u32,
  stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;

//#hook
fn map(i: u32) -> u32 { return x0[i]; }

@compute @workgroup_size(LANES)
fn elements(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let start = group_number(id, groups) * (LANES * PER);
  let place = params.offset + start + lane;
  let whole = params.size - min(params.size, start) >= LANES * PER;
  // whole blocks store together, without a guard each: a software adapter goes through both sides of a branch, so where all
  // are whole there is none
  if (WHOLE == 1u || whole) {
    let a = map(start + lane);
    let b = map(start + lane + LANES);
    let c = map(start + lane + 2u * LANES);
    let d = map(start + lane + 3u * LANES);
    y[place] = a;
    y[place + LANES] = b;
    y[place + 2u * LANES] = c;
    y[place + 3u * LANES] = d;
    return;
  }
  for (var k = 0u; k < PER; k++) {
    if (start + lane + k * LANES < params.size) { y[place + k * LANES] = map(start + lane + k * LANES); }
  }
}

@compute @workgroup_size(LANES)
fn placed(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = group_number(id, groups) * (LANES * PER) + lane;
  for (var k = 0u; k < PER; k++) {
    let i = first + k * LANES;
    if (i < params.size) { y[params.offset + (i / params.inner) * params.stride + i % params.inner] = map(i); }
  }
}

@compute @workgroup_size(LANES)
fn packed(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = 4u * (group_number(id, groups) * LANES + lane);
  if (first >= params.size) { return; }
  // bytes past the end of the last word are 0
  var word = 0u;
  for (var k = 0u; k < min(4u, params.size - first); k++) { word |= map(first + k) << (8u * k); }
  y[first / 4u] = word;
}
