// image_external — an opaque video frame as a tensor of numbers, read where the decoder left it.
//
//   image_external   y[c,i,j] as image gives it, of the frame's colours in sRGB
//
// shapes     x an external texture of rows × columns, y [channels, height, width] f32, row-major, from start on: one of several pictures
// grid       ⌈height · width / LANES⌉ workgroups, folded; one pixel of all channels per invocation
// numerics   as image; a frame that is stored as luma and colour differences is converted by the browser, as it would be drawn
// source     as image

//#include "lib/image.wgsl"

@group(0) @binding(1) var x: texture_external;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn extent() -> vec2u { return textureDimensions(x); }
fn texel(column: u32, row: u32) -> vec4f { return textureLoad(x, vec2u(column, row)); }

@compute @workgroup_size(LANES)
fn image_external(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  convert(group_number(id, groups) * LANES + lane);
}
