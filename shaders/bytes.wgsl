// bytes — stored bytes as numbers.
//
//   bytes   y[i] = scale · x[i]        x bytes, four to a word, the lowest first, from byte `first` on
//
// shapes     x any shape, y the same;  size elements
// grid       ⌈size / (LANES · PER)⌉ workgroups, folded; an invocation writes PER elements, LANES apart
// numerics   one rounding; exact where scale is 1

//#include "lib/hooked.wgsl"

const LANES = 64u;
const PER = 4u;

struct Params { size: u32, first: u32, scale: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

@compute @workgroup_size(LANES)
fn bytes(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = group_number(id, groups) * (LANES * PER) + lane;
  for (var k = 0u; k < PER; k++) {
    let i = first + k * LANES;
    let at = params.first + i;
    if (i < params.size) { y[i] = epilogue(i, params.scale * f32(i32((x[at >> 2u] >> (8u * (at & 3u))) & 255u))); }
  }
}
