// image — a picture resized: what image and image_external share. Each gives texel(), the colour at a place, and extent(), columns and rows.

//#include "lib/grid.wgsl"

const LANES = 64u;

struct Params { channels: u32, height: u32, width: u32, low: f32, high: f32, grey: u32, start: u32 }

@group(0) @binding(0) var<uniform> params: Params;

// Half the width of a triangle around the centre of output pixel `at`, and that centre, in pixels of the source.
fn window(at: u32, from_size: u32, to_size: u32) -> vec2f {
  let scale = f32(from_size) / f32(to_size);
  return vec2f((f32(at) + 0.5) * scale, max(scale, 1.0));
}

fn first_in(w: vec2f) -> u32 { return u32(max(floor(w.x - w.y), 0.0)); }
fn weight(w: vec2f, at: u32) -> f32 { return 1.0 - abs(f32(at) + 0.5 - w.x) / w.y; }

// Pixels of weight 0 are not loaded: a NaN in one of them would make the sum NaN.
fn resized(row: u32, column: u32) -> vec4f {
  let size = extent();
  let across = window(column, size.x, params.width);
  let down = window(row, size.y, params.height);
  let end = min(vec2u(ceil(vec2f(across.x + across.y, down.x + down.y))), size);
  var sum = vec4f(0.0);
  var total = 0.0;
  for (var y = first_in(down); y < end.y; y++) {
    let v = weight(down, y);
    if (v <= 0.0) { continue; }
    var line = vec4f(0.0);
    var weights = 0.0;
    for (var x = first_in(across); x < end.x; x++) {
      let u = weight(across, x);
      if (u > 0.0) {
        line += u * texel(x, y);
        weights += u;
      }
    }
    sum += v * line;
    total += v * weights;
  }
  return sum / total;
}

fn channel(colour: vec4f, number: u32) -> f32 {
  let grey = 0.299 * colour.r + 0.587 * colour.g + 0.114 * colour.b;
  return select(colour[number], grey, params.grey == 1u);
}

fn convert(pixel: u32) {
  let area = params.height * params.width;
  if (pixel >= area) { return; }
  let colour = resized(pixel / params.width, pixel % params.width);
  for (var c = 0u; c < params.channels; c++) {
    y[params.start + c * area + pixel] = params.low + (params.high - params.low) * channel(colour, c);
  }
}
