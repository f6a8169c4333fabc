// conv2d_weight — how an invocation of a convolution's weight gradient walks over pixels, and what it reads there.
//
// Where SUMS is 1 a row has one more column, of ones: the sum of g, which is the bias's gradient.

const SUMS = 0u;

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
  k_slices: u32,
  k_steps: u32, // of a k_slice: pixels of an invocation, an even number of them; conv2d_weight_direct: image rows
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> part: array<f32>;

// Outside of every source, with room for a tap's shift.
const OUTSIDE = 0x80000000u;

// A pixel of g.
struct Place {
  image: u32,
  y: u32,
  x: u32,
}

fn place_of(number: u32) -> Place {
  let row = number / params.width;
  return Place(row / params.height, row % params.height, number % params.width);
}

// The pixel `by` further on, without a division.
fn next(p: Place, by: Place) -> Place {
  let x = p.x + by.x;
  let past_x = x >= params.width;
  let y = p.y + by.y + u32(past_x);
  let past_y = y >= params.height;
  return Place(
    p.image + by.image + u32(past_y),
    select(y, y - params.height, past_y),
    select(x, x - params.width, past_x)
  );
}

struct Work {
  group: u32,
  row: u32, // first of the tile
  k_slice: u32,
  column: u32,
}

fn work(number: u32, columns: u32) -> Work {
  let column_tiles = (columns + 15u) / 16u;
  let row_tiles = (params.rows + 15u) / 16u;
  let rows = number / column_tiles;
  let groups = rows / row_tiles;
  return Work(groups % params.groups, rows % row_tiles * 16u, groups / params.groups, number % column_tiles * 16u);
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

// A column of w: a channel of x and a tap, as shifts from a pixel's position; or ones.
struct Column {
  shift: u32,
  y: u32,
  x: u32,
  is_ones: bool,
}

fn columns_of_w() -> u32 { return params.channels * params.kernel_height * params.kernel_width; }

fn column(number: u32) -> Column {
  let taps = params.kernel_height * params.kernel_width;
  let y = number % taps / params.kernel_width * params.dilation_y - params.pad_top;
  let x = number % params.kernel_width * params.dilation_x - params.pad_left;
  let channel = number / taps;
  return Column((channel * params.source_height + y) * params.source_width + x, y, x, number == columns_of_w());
}

fn inside(s: Position, c: Column) -> bool {
  return (s.y + c.y < params.source_height) & (s.x + c.x < params.source_width);
}

fn value(s: Position, c: Column) -> f32 {
  let of_x = select(0.0, source[s.source + c.shift], inside(s, c));
  if (SUMS == 0u) { return of_x; }
  return select(of_x, f32(s.y != OUTSIDE), c.is_ones);
}
