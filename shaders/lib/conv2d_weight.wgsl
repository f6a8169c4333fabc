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

// A pixel of g: its image, the row and column that its tap 0 reads without padding, and where its values begin in g and in x.
struct Place {
  image: u32,
  y: u32,
  x: u32,
  gradient: u32,
  source: u32,
}

fn place_of(number: u32) -> Place {
  let row = number / params.width;
  let image = row / params.height;
  let y = row % params.height * params.stride_y;
  let x = number % params.width * params.stride_x;
  return Place(
    image,
    y,
    x,
    image * params.groups * params.rows * params.height * params.width + number % (params.height * params.width),
    (image * params.groups * params.channels * params.source_height + y) * params.source_width + x
  );
}

// The first place of a tile: that of a pixel, in the tile's group and row.
fn first_place(number: u32, own: Work) -> Place {
  var place = place_of(number);
  place.gradient += (own.group * params.rows + own.row) * params.height * params.width;
  place.source += own.group * params.channels * params.source_height * params.source_width;
  return place;
}

// Where rows and images end, and what is left out of g and x from there to the next.
struct Ends {
  x: u32,
  y: u32,
  gradient: u32, // from an image to the next
  row: u32,
  source: u32,
}

fn ends_of() -> Ends {
  let x = params.width * params.stride_x;
  let y = params.height * params.stride_y;
  return Ends(
    x,
    y,
    (params.groups * params.rows - 1u) * params.height * params.width,
    params.stride_y * params.source_width - x,
    (params.groups * params.channels * params.source_height - y) * params.source_width
  );
}

// The pixel `by` further on, without a division or a product.
fn next(p: Place, by: Place, end: Ends) -> Place {
  let x = p.x + by.x;
  let past_x = x >= end.x;
  let y = p.y + by.y + select(0u, params.stride_y, past_x);
  let past_y = y >= end.y;
  return Place(
    p.image + by.image + u32(past_y),
    select(y, y - end.y, past_y),
    select(x, x - end.x, past_x),
    p.gradient + by.gradient + select(0u, end.gradient, past_y),
    p.source + by.source + select(0u, end.row, past_x) + select(0u, end.source, past_y)
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

// Pixels past the last one read the first, times 0.
fn position(p: Place) -> Position {
  let is_there = p.image < params.batch;
  return Position(select(0u, p.gradient, is_there), select(0u, p.source, is_there), select(OUTSIDE, p.y, is_there), p.x);
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
