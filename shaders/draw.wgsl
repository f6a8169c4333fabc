// draw — a grid of images as pixels of a texture.
//
//   draw   z[Y,X] = colour of x[n, :, ⌊gy⌋ mod height, ⌊gx⌋ mod width],  gx = X · columns · width / W,  gy = Y · rows · height / H
//          n = ⌊gy / height⌋ · columns + ⌊gx / width⌋;  transparent black where n ≥ images
//          one channel: colour_map at v · (colours − 1), linear between two entries;  three: R, G, B;  four: alpha behind them
//
// shapes     x [images, channels, height, width], f32 in [0, 1] or bytes in 0 … 255, row-major from byte `first` on;
//            colour_map [colours] of R, G, B;  z a texture of H × W, so as large as the grid where pixels are to be exact
// grid       ⌈H · W / LANES⌉ workgroups, folded; one pixel of z per invocation
// numerics   places are exact integers; values below 0 and −∞ are 0, above 1 and ∞ are 1, told by bits; a pixel with NaN in a channel is
//            magenta (1, 0, 1); the texture rounds v · 255 to the nearest byte, so bytes come back as they were
// source     a nearest-neighbour grid, as matplotlib's imshow and torchvision's make_grid without padding

//#include "lib/grid.wgsl"

const LANES = 64u;

struct Params {
  first: u32, bytes: u32, images: u32, channels: u32, height: u32, width: u32, columns: u32, rows: u32, colours: u32,
  premultiplied: u32
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> colour_map: array<vec4f>;
@group(0) @binding(3) var z: texture_storage_2d<rgba8unorm, write>;

// Element `i` in [0, 1], and −1 for NaN.
fn element(i: u32) -> f32 {
  if (params.bytes == 1u) {
    let at = params.first + i;
    return f32((x[at >> 2u] >> (8u * (at & 3u))) & 255u) / 255.0;
  }
  let bits = x[(params.first >> 2u) + i];
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return -1.0; }
  if (bits >= 0x80000000u) { return 0.0; }
  return bitcast<f32>(min(bits, 0x3f800000u));
}

fn mapped(value: f32) -> vec4f {
  let place = value * f32(params.colours - 1u);
  let below = min(u32(place), params.colours - 2u);
  let part = place - f32(below);
  return vec4f(colour_map[below].rgb * (1.0 - part) + colour_map[below + 1u].rgb * part, 1.0);
}

fn pixel(image: u32, row: u32, column: u32) -> vec4f {
  let area = params.height * params.width;
  let at = image * params.channels * area + row * params.width + column;
  var colour = vec4f(element(at), 0.0, 0.0, 1.0);
  var smallest = colour.r;
  for (var c = 1u; c < params.channels; c++) {
    colour[c] = element(at + c * area);
    smallest = min(smallest, colour[c]);
  }
  if (smallest < 0.0) { return vec4f(1.0, 0.0, 1.0, 1.0); }
  if (params.channels == 1u) { return mapped(colour.r); }
  return vec4f(colour.rgb * select(1.0, colour.a, params.premultiplied == 1u), colour.a);
}

@compute @workgroup_size(LANES)
fn draw(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let size = textureDimensions(z);
  let i = group_number(id, groups) * LANES + lane;
  let at = vec2u(i % size.x, i / size.x);
  if (at.y >= size.y) { return; }
  let x_in_grid = at.x * (params.columns * params.width) / size.x;
  let y_in_grid = at.y * (params.rows * params.height) / size.y;
  let image = y_in_grid / params.height * params.columns + x_in_grid / params.width;
  var colour = vec4f(0.0);
  if (image < params.images) { colour = pixel(image, y_in_grid % params.height, x_in_grid % params.width); }
  textureStore(z, at, colour);
}
