// conv2d_weight — gradient of a convolution by its weights: an implicit product over all pixels, split among invocations.
//
//   partial    part[z,o,c,p,q] = Σ_{(n,i,j) in slice z} g[n,o,i,j] · x[n, c, i·s + p·d − pad, j·s + q·d − pad]
//   total      w[o,c,p,q] = Σ_z part[z,o,c,p,q]
//
// shapes     source x [batch, channels, source_height, source_width], gradient g [batch, rows, height, width], both in `groups`
//            blocks of channels;  w [groups·rows, columns], columns = channels of a group · taps;  part [slices·WALKERS, …w];  row-major f32
// grid       partial: 1-D (slice, group, tile of 16 rows, tile of 16 columns), the last one fastest; an invocation takes 16 rows
//            and 4 columns at every WALKERS-th pixel of the slice, 4 invocations a tile
//            total: one invocation per element
// memory     no workgroup memory; 64 registers of sums an invocation. x is read ⌈rows/16⌉ times a tap, g ⌈columns/16⌉ times
// numerics   an invocation adds trips terms in order, then total adds the slices·WALKERS partial sums in order:
//            |error| ≤ γ_k · Σ|g·x| with k = trips + slices·WALKERS, u = 2⁻²⁴; what lies outside of x counts as 0
// source     written by conv2d.mjs

//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/extras.wgsl"

const LANES = 64u;
// Invocations that share a tile, each with its own pixels.
const WALKERS = 16u;
const OUTSIDE = 0x80000000u;

struct Params {
  batch: u32,
  groups: u32,
  rows: u32,     // channels of g in a group
  channels: u32, // channels of x in a group
  source_height: u32,
  source_width: u32,
  height: u32,
  width: u32,
  kernel_height: u32,
  kernel_width: u32,
  stride_y: u32,
  stride_x: u32,
  dilation_y: u32,
  dilation_x: u32,
  pad_top: u32,
  pad_left: u32,
  slices: u32,
  trips: u32, // pixels of an invocation; even
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> part: array<f32>;
@group(0) @binding(4) var<storage, read_write> w: array<f32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

fn gradients(at: u32, area: u32, lane: u32) -> vec4f {
  return vec4f(gradient[at], gradient[at + area], gradient[at + 2u * area], gradient[at + 3u * area]);
}

// A pixel of g: its number among those of all images.
struct Place {
  number: u32,
  image: u32,
  y: u32,
  x: u32,
}

fn place_of(number: u32) -> Place {
  let row = number / params.width;
  return Place(number, row / params.height, row % params.height, number % params.width);
}

// The pixel `by` further on, without a division.
fn next(p: Place, by: Place) -> Place {
  let x = p.x + by.x;
  let past_x = x >= params.width;
  let y = p.y + by.y + u32(past_x);
  let past_y = y >= params.height;
  return Place(
    p.number + by.number,
    p.image + by.image + u32(past_y),
    select(y, y - params.height, past_y),
    select(x, x - params.width, past_x)
  );
}

struct Work {
  group: u32,
  row: u32, // first of the tile
  slice: u32,
  column: u32,
}

// Where a pixel's values begin: the first row of the tile in g; in x, what tap 0 would read without padding.
struct Position {
  gradient: u32,
  source: u32,
  y: u32,
  x: u32,
}

// Pixels past the last one read the last image, times 0.
fn position(p: Place, own: Work) -> Position {
  let image = min(p.image, params.batch - 1u) * params.groups + own.group;
  let y = p.y * params.stride_y;
  let x = p.x * params.stride_x;
  return Position(
    ((image * params.rows + own.row) * params.height + p.y) * params.width + p.x,
    (image * params.channels * params.source_height + y) * params.source_width + x,
    select(OUTSIDE, y, p.image < params.batch),
    x
  );
}

// A column of w: a channel of x and a tap, as shifts from a pixel's position.
struct Column {
  shift: u32,
  y: u32,
  x: u32,
}

fn column(number: u32) -> Column {
  let taps = params.kernel_height * params.kernel_width;
  let y = number % taps / params.kernel_width * params.dilation_y - params.pad_top;
  let x = number % params.kernel_width * params.dilation_x - params.pad_left;
  let channel = number / taps;
  return Column((channel * params.source_height + y) * params.source_width + x, y, x);
}

fn inside(s: Position, c: Column) -> bool {
  return (s.y + c.y < params.source_height) & (s.x + c.x < params.source_width);
}

@compute @workgroup_size(LANES)
fn partial(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let number = group_number(id, groups);
  let columns = params.channels * params.kernel_height * params.kernel_width;
  let column_tiles = (columns + 15u) / 16u;
  let row_tiles = (params.rows + 15u) / 16u;
  let rest = number / column_tiles;
  let own = Work(rest / row_tiles % params.groups, rest % row_tiles * 16u, rest / row_tiles / params.groups, number % column_tiles * 16u);
  if (own.slice >= params.slices) { return; }
  let area = params.height * params.width;
  let walker = lane / 4u;
  let c0 = column(own.column + 0u + lane % 4u);
  let c1 = column(own.column + 4u + lane % 4u);
  let c2 = column(own.column + 8u + lane % 4u);
  let c3 = column(own.column + 12u + lane % 4u);
  var a0 = vec4f(); var b0 = vec4f(); var c0 = vec4f(); var d0 = vec4f();
  var a1 = vec4f(); var b1 = vec4f(); var c1 = vec4f(); var d1 = vec4f();
  var a2 = vec4f(); var b2 = vec4f(); var c2 = vec4f(); var d2 = vec4f();
  var a3 = vec4f(); var b3 = vec4f(); var c3 = vec4f(); var d3 = vec4f();

  let stride = place_of(WALKERS);
  var place = place_of(own.slice * params.trips * WALKERS + walker);
  for (var trip = 0u; trip < params.trips; trip += 2u) {
    {
      let s = position(place, own);
      let g0 = gradients(s.gradient, area, lane);
      let g1 = gradients(s.gradient + 4u * area, area, lane);
      let g2 = gradients(s.gradient + 8u * area, area, lane);
      let g3 = gradients(s.gradient + 12u * area, area, lane);
      let v0 = select(0.0, source[s.source + c0.shift], inside(s, c0));
      let v1 = select(0.0, source[s.source + c1.shift], inside(s, c1));
      let v2 = select(0.0, source[s.source + c2.shift], inside(s, c2));
      let v3 = select(0.0, source[s.source + c3.shift], inside(s, c3));
      a0 += g0 * v0; b0 += g1 * v0; c0 += g2 * v0; d0 += g3 * v0;
      a1 += g0 * v1; b1 += g1 * v1; c1 += g2 * v1; d1 += g3 * v1;
      a2 += g0 * v2; b2 += g1 * v2; c2 += g2 * v2; d2 += g3 * v2;
      a3 += g0 * v3; b3 += g1 * v3; c3 += g2 * v3; d3 += g3 * v3;
      place = next(place, stride);
    }
    {
      let s = position(place, own);
      let g0 = gradients(s.gradient, area, lane);
      let g1 = gradients(s.gradient + 4u * area, area, lane);
      let g2 = gradients(s.gradient + 8u * area, area, lane);
      let g3 = gradients(s.gradient + 12u * area, area, lane);
      let v0 = select(0.0, source[s.source + c0.shift], inside(s, c0));
      let v1 = select(0.0, source[s.source + c1.shift], inside(s, c1));
      let v2 = select(0.0, source[s.source + c2.shift], inside(s, c2));
      let v3 = select(0.0, source[s.source + c3.shift], inside(s, c3));
      a0 += g0 * v0; b0 += g1 * v0; c0 += g2 * v0; d0 += g3 * v0;
      a1 += g0 * v1; b1 += g1 * v1; c1 += g2 * v1; d1 += g3 * v1;
      a2 += g0 * v2; b2 += g1 * v2; c2 += g2 * v2; d2 += g3 * v2;
      a3 += g0 * v3; b3 += g1 * v3; c3 += g2 * v3; d3 += g3 * v3;
      place = next(place, stride);
    }
  }

  var sums = array<vec4f, 16>(a0, b0, c0, d0, a1, b1, c1, d1, a2, b2, c2, d2, a3, b3, c3, d3);
  let first = ((own.slice * WALKERS + walker) * params.groups + own.group) * params.rows;
  for (var j = 0u; j < 4u; j++) {
    let at = own.column + 4u * j + lane % 4u;
    if (at < columns) {
      for (var m = 0u; m < 16u; m++) {
        let row = own.row + m;
        if (row < params.rows) { part[(first + row) * columns + at] = sums[j * 4u + m / 4u][m % 4u]; }
      }
    }
  }
}

@compute @workgroup_size(LANES)
fn total(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  let size = params.groups * params.rows * params.channels * params.kernel_height * params.kernel_width;
  if (i >= size) { return; }
  var sum = 0.0;
  for (var z = 0u; z < params.slices * WALKERS; z++) { sum += part[z * size + i]; }
  w[i] = epilogue(i, sum);
}
