// conv2d — 2-D convolutions and their gradients by the input, as implicit matrix products.
//
//   convolve   y[n,o,i,j] = Σ_{c,p,q} w[o,c,p,q] · x[n, c, i·s + p·d − pad, j·s + q·d − pad]
//              where BY_INPUT is 1, ∂x of it and the transposed convolution:
//              x[n,c,i,j] = Σ_{o,p,q} w[o,c,p,q] · y[n, o, (i + pad − p·d)/s, (j + pad − q·d)/s]     where both are whole
//
// shapes     source x or y, result y or x: [batch, channels, height, width], the result k_slices of them;  packed: conv2d_pack of w at
//            TILE BLOCK_M;  row-major f32. Channels in `groups` blocks, each of which sees its own block of the source only
// grid       1-D: (slice, group and phase, tile) workgroups, the last one fastest. Rows of the implied product are channels of the result,
//            columns the pixels of all images, so that small images fill a tile together; the inner axis has all taps of BLOCK_K
//            channels, then those of the next: what taps meet of the source is read again while it is near
// memory     as matmul_tiled: the source is read once for each row of tiles and tap, the weights once for each column of tiles
// registers  at most 144 an invocation on RDNA 2 and 3; bound by multiply-adds
// numerics   sums run in order of channels in blocks of BLOCK_K, then tap, then channel; otherwise as matmul_tiled's, of k = taps · channels
//            terms. What lies outside of the source counts as 0

//#include "lib/hooked.wgsl"
//#include "lib/side_output.wgsl"
//#include "lib/matmul_tiled.wgsl"
//#include "lib/conv2d.wgsl"

const BY_INPUT = 0u;
// 1 where the channels that are summed over fill all tiles
const WHOLE = 0u;

// rows and channels: of the result in a group;  columns: pixels of the largest phase;  sums: channels of the source in a group
struct Params {
  stacks: u32, rows: u32, columns: u32, k_slices: u32, k_tiles: u32, batch: u32, groups: u32, sums: u32, channels: u32,
  source_height: u32, source_width: u32, height: u32, width: u32, kernel_height: u32, kernel_width: u32, stride_y: u32, stride_x: u32,
  dilation_y: u32, dilation_x: u32, pad_top: u32, pad_left: u32
}

@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read> packed: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;

// What an invocation loads of a tile of a, and of b: four elements, so many inner positions apart.
const LOADS_A = 2u * FRAGMENTS_A;
const LOADS_B = 2u * FRAGMENTS_B;
const STEP_A = BLOCK_K / LOADS_A;
const STEP_B = BLOCK_K / LOADS_B;

fn phases() -> u32 { return select(1u, params.stride_y * params.stride_x, BY_INPUT == 1u); }
fn rows_of(place: Tile) -> Axis {
  if (BY_INPUT == 0u) { return forward_axis(params.height, params.stride_y, params.dilation_y, params.pad_top); }
  let phase = place.stack % phases() / params.stride_x;
  return input_axis(phase, params.height, params.kernel_height, params.stride_y, params.dilation_y, params.pad_top);
}
fn columns_of(place: Tile) -> Axis {
  if (BY_INPUT == 0u) { return forward_axis(params.width, params.stride_x, params.dilation_x, params.pad_left); }
  let phase = place.stack % params.stride_x;
  return input_axis(phase, params.width, params.kernel_width, params.stride_x, params.dilation_x, params.pad_left);
}
fn taps_of(axis: Axis, kernel: u32) -> u32 { return (max(kernel, axis.first) - axis.first + axis.step - 1u) / axis.step; }

// The taps and channels of a tile.
struct Walk { rows: Axis, columns: Axis, tap_y: u32, tap_x: u32, shift_y: u32, shift_x: u32, channel: u32 }
fn walk_of(place: Tile, lane: u32) -> Walk {
  let rows = rows_of(place);
  let columns = columns_of(place);
  let across = max(1u, taps_of(columns, params.kernel_width));
  let down = max(1u, taps_of(rows, params.kernel_height));
  let first = place.k_slice * params.k_tiles;
  let y = first / across % down;
  let x = first % across;
  return Walk(
    rows,
    columns,
    rows.first + y * rows.step,
    columns.first + x * columns.step,
    rows.start + y * rows.advance,
    columns.start + x * columns.advance,
    first / (across * down) * BLOCK_K
  );
}
fn further(walk: Walk) -> Walk {
  var w = walk;
  w.tap_x += w.columns.step;
  w.shift_x += w.columns.advance;
  if (w.tap_x >= params.kernel_width) {
    w.tap_x = w.columns.first;
    w.shift_x = w.columns.start;
    w.tap_y += w.rows.step;
    w.shift_y += w.rows.advance;
  }
  if (w.tap_y >= params.kernel_height) {
    w.tap_y = w.rows.first;
    w.shift_y = w.rows.start;
    w.channel += BLOCK_K;
  }
  return w;
}
fn tiles_of(place: Tile) -> u32 {
  let taps = taps_of(rows_of(place), params.kernel_height) * taps_of(columns_of(place), params.kernel_width);
  let first = place.k_slice * params.k_tiles;
  let all = (params.sums + BLOCK_K - 1u) / BLOCK_K * taps;
  return min(params.k_tiles, max(all, first) - first);
}

// Four pixels of the result, one after the other; past the last one nothing is inside of the source.
struct Pixels {
  {name}: vec4u, //#repeat name in at y x result
}
fn pixels_of(place: Tile, first: u32) -> Pixels {
  let rows = rows_of(place);
  let columns = columns_of(place);
  let count = params.batch * rows.count * columns.count;
  let p0 = pixel(first, place.stack / phases(), rows, columns);
  let p1 = next(p0, rows, columns);
  let p2 = next(p1, rows, columns);
  let p3 = next(p2, rows, columns);
  return Pixels(
    vec4u(p0.source, p1.source, p2.source, p3.source),
    select(vec4u(OUTSIDE), vec4u(p0.y, p1.y, p2.y, p3.y), first + vec4u(0u, 1u, 2u, 3u) < vec4u(count)),
    vec4u(p0.x, p1.x, p2.x, p3.x),
    vec4u(p0.result, p1.result, p2.result, p3.result)
  );
}
// The next pixel, without a division.
fn next(p: Pixel, rows: Axis, columns: Axis) -> Pixel {
  let x = p.x + columns.scale;
  let past_x = x >= columns.count * columns.scale;
  let y = p.y + select(0u, rows.scale, past_x);
  let past_y = y >= rows.count * rows.scale;
  let row = rows.scale * params.source_width - columns.count * columns.scale;
  let image = params.groups * params.sums * plane() - rows.count * rows.scale * params.source_width;
  let result_row = rows.spacing * params.width - columns.count * columns.spacing;
  let result_image = (params.groups * params.channels * params.height - rows.count * rows.spacing) * params.width;
  return Pixel(
    p.source + columns.scale + select(0u, row, past_x) + select(0u, image, past_y),
    select(y, 0u, past_y),
    select(x, 0u, past_x),
    p.result + columns.spacing + select(0u, result_row, past_x) + select(0u, result_image, past_y)
  );
}

struct Sources { k_a: u32, k_b: u32, line_a: u32, line_b: u32, at_a: u32, pixels: Pixels }
fn sources_of(place: Tile, lane: u32) -> Sources {
  let k_a = lane / BLOCK_M4;
  let k_b = lane / BLOCK_N4;
  let line_a = lane % BLOCK_M4;
  let line_b = lane % BLOCK_N4;
  let tiles = (params.rows + BLOCK_M - 1u) / BLOCK_M;
  let kernel = (place.stack / phases() * tiles + place.row / BLOCK_M) * params.kernel_height * params.kernel_width;
  var pixels = pixels_of(place, place.column + 4u * line_b);
  pixels.at += k_b * plane();
  return Sources(
    k_a,
    k_b,
    line_a ^ swizzle(k_a),
    line_b ^ swizzle(k_b),
    (kernel * params.sums + k_a) * BLOCK_M4 + line_a,
    pixels
  );
}

struct Loads {
  {m}{n}: vec4f, //#repeat m in a b, n in 0..4
}
fn loads_of(own: Sources, walk: Walk) -> Loads {
  var loads = Loads();
  let at_a = own.at_a + ((walk.tap_y * params.kernel_width + walk.tap_x) * params.sums + walk.channel) * BLOCK_M4;
  let shift = walk.channel * plane() + walk.shift_y * params.source_width + walk.shift_x;
  //#repeat n in 0..4
  if ({n}u < LOADS_A) { loads.a{n} = packed[at_a + {n}u * STEP_A * BLOCK_M4]; }
  if ({n}u < LOADS_B) {
    let at = own.pixels.at + (shift + {n}u * STEP_B * plane());
    loads.b{n} = vec4f(source[at.x], source[at.y], source[at.z], source[at.w]);
  }
  //#end
  return loads;
}
fn put_loads(own: Sources, buffer: u32, walk: Walk, loads: Loads) {
  let y = own.pixels.y + walk.shift_y;
  let x = own.pixels.x + walk.shift_x;
  let inside = (y < vec4u(params.source_height)) & (x < vec4u(params.source_width));
  //#repeat n in 0..4
  if ({n}u < LOADS_A) {
    let k = own.k_a + {n}u * STEP_A;
    put_a(buffer, k, own.line_a ^ swizzle({n}u * STEP_A), select(vec4f(), loads.a{n}, is_summed(walk.channel + k)));
  }
  if ({n}u < LOADS_B) {
    let k = own.k_b + {n}u * STEP_B;
    let value = select(vec4f(), loads.b{n}, inside & vec4<bool>(is_summed(walk.channel + k)));
    put_b(buffer, k, own.line_b ^ swizzle({n}u * STEP_B), value);
  }
  //#end
}
fn is_summed(channel: u32) -> bool { return WHOLE == 1u || channel < params.sums; }

// m: four channels at four pixels.
fn store(place: Tile, row: u32, column: u32, m: mat4x4f) {
  let pixels = pixels_of(place, column);
  let size = params.height * params.width;
  let slice = place.k_slice * params.batch * params.groups * params.rows * size;
  for (var j = 0u; j < 4u; j++) {
    if (pick(pixels.y, j) == OUTSIDE) { continue; }
    let first = pick(pixels.result, j) + row * size;
    for (var i = 0u; i < min(4u, max(params.rows, row) - row); i++) {
      let v = select(select(m[0], m[1], i == 1u), select(m[2], m[3], i == 3u), i > 1u);
      let at = first + i * size;
      result[slice + at] = epilogue(at, select(select(v.x, v.y, j == 1u), select(v.z, v.w, j == 3u), j > 1u));
    }
  }
}
fn pick(v: vec4u, j: u32) -> u32 { return select(select(v.x, v.y, j == 1u), select(v.z, v.w, j == 3u), j > 1u); }

@compute @workgroup_size(THREADS_N, THREADS_M, K_TEAMS)
fn convolve(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  compute_tile(group_number(id, groups), lane);
}
