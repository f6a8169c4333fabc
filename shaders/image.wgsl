// image — a texture as a tensor of numbers, resized and made grey on the way.
//
//   image   y[c,i,j] = low + (high − low) · Σ_p Σ_q v_p u_q x[p,q,c] / (Σ_p v_p · Σ_q u_q)
//           v_p = max(0, 1 − |p + ½ − (i + ½)·s| / max(s, 1)),  s = rows / height;  u_q the same by columns
//           grey: x[p,q,0] = 0.299 R + 0.587 G + 0.114 B;  else one channel: R;  three: R, G, B;  four: alpha behind them, as stored
//
// shapes     x a texture of rows × columns, y [channels, height, width] f32, row-major, from start on: one of several pictures
// grid       ⌈height · width / LANES⌉ workgroups, folded; one pixel of all channels per invocation
// numerics   without a change of size each sum has one term of weight 1: the texel itself; a sum has at most (2s + 1) terms a line
// source     the antialiased bilinear rule of PyTorch and PIL, by both axes at once; grey: ITU-R BT.601, as PIL's "L"

//#include "lib/image.wgsl"

@group(0) @binding(1) var x: texture_2d<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn extent() -> vec2u { return textureDimensions(x); }
fn texel(column: u32, row: u32) -> vec4f { return textureLoad(x, vec2u(column, row), 0); }

@compute @workgroup_size(LANES)
fn image(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  convert(group_number(id, groups) * LANES + lane);
}
