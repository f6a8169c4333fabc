// conv2d — which pixels of the source a pixel of a convolution's result reads, and with which kernel taps.
//
// Along each axis, a result at position spacing·a + phase (a < count) reads the source at
// scale·a + start + m·advance with tap first + m·step of the kernel, m = 0, 1, …
//
//   forward    one phase: every tap, source at stride·a − pad + tap·dilation
//   by_input   one phase for each residue of (position + pad) mod stride: only the taps that meet it, so that no
//              product with an implied zero is formed; source at (position + pad − tap·dilation) / stride, exact
//
// Positions are u32 in two's complement: what lies above or left of the source is large, so one comparison an axis
// finds everything outside.

struct Params {
  batch: u32,
  groups: u32,
  sums: u32,     // channels of the source in a group: summed over
  channels: u32, // channels of the result in a group
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
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;

// Outside of every source, with room for a tap's shift
const OUTSIDE = 0x80000000u;

struct Axis {
  phase: u32,
  spacing: u32,
  count: u32,
  scale: u32,
  first: u32,
  step: u32,
  start: u32,
  advance: u32,
}

fn forward_axis(size: u32, stride: u32, dilation: u32, pad: u32) -> Axis {
  return Axis(0u, 1u, size, stride, 0u, 1u, 0u - pad, dilation);
}

fn input_axis(phase: u32, size: u32, kernel: u32, stride: u32, dilation: u32, pad: u32) -> Axis {
  let residue = (phase + pad) % stride;
  var first = 0u;
  while (first < kernel && (first * dilation) % stride != residue) { first++; }
  var step = 1u;
  while ((step * dilation) % stride != 0u) { step++; }
  let start = i32(phase + pad) - i32(first * dilation);
  let count = (max(size, phase) - phase + stride - 1u) / stride;
  return Axis(phase, stride, count, 1u, first, step, bitcast<u32>(start / i32(stride)), 0u - step * dilation / stride);
}

// A pixel of the result: its position among those of the phase, the source element its image and group begin at, and the element
// of the result that it is in the group's first channel.
struct Pixel {
  source: u32,
  y: u32,
  x: u32,
  result: u32,
}

fn pixel(number: u32, group: u32, rows: Axis, columns: Axis) -> Pixel {
  let line = number / columns.count;
  let image = line / rows.count;
  let y = line - image * rows.count;
  let x = number - line * columns.count;
  let plot = image * params.groups + group;
  let row = plot * params.channels * params.height + y * rows.spacing + rows.phase;
  return Pixel(
    plot * params.sums * plane() + y * rows.scale * params.source_width + x * columns.scale,
    select(OUTSIDE, y * rows.scale, image < params.batch),
    x * columns.scale,
    row * params.width + x * columns.spacing + columns.phase
  );
}
fn plane() -> u32 { return params.source_height * params.source_width; }

// How far a sum has come. One loop goes over taps and channels alike: some devices pay for all registers at the end of each loop.
struct Walk {
  tap_y: u32,
  tap_x: u32,
  shift_y: u32,
  shift_x: u32,
  channel: u32,
}

// Terms that an iteration takes: channels of one tap, of which each has a multiple of STEP; where STEP_ALONG_ROW is 1, for one channel,
// taps of one row.
const STEP = 2u;
const STEP_ALONG_ROW = 0u;

fn begin(rows: Axis, columns: Axis) -> Walk {
  // an axis without a tap, at a stride longer than the kernel, has no terms
  let first = select(rows.first, params.kernel_height, columns.first >= params.kernel_width);
  return Walk(first, columns.first, rows.start, columns.start, 0u);
}
fn further(w: Walk, rows: Axis, columns: Axis) -> Walk {
  let channel = w.channel + STEP;
  let stays = STEP_ALONG_ROW == 0u && channel < params.sums;
  let by = select(1u, STEP, STEP_ALONG_ROW == 1u);
  let tap_x = w.tap_x + by * columns.step;
  let turns = tap_x >= params.kernel_width;
  let row = Walk(w.tap_y + rows.step, columns.first, w.shift_y + rows.advance, columns.start, 0u);
  let tap = Walk(w.tap_y, tap_x, w.shift_y, w.shift_x + by * columns.advance, 0u);
  return Walk(
    select(w.tap_y, row.tap_y, turns && !stays),
    select(select(tap.tap_x, row.tap_x, turns), w.tap_x, stays),
    select(w.shift_y, row.shift_y, turns && !stays),
    select(select(tap.shift_x, row.shift_x, turns), w.shift_x, stays),
    select(0u, channel, stays)
  );
}

// The source element a pixel reads, and whether there is one.
struct Tap {
  at: u32,
  inside: bool,
}

fn loaded(t: Tap) -> f32 { return select(0.0, source[t.at], t.inside); }

fn tap(p: Pixel, w: Walk) -> Tap {
  let y = p.y + w.shift_y;
  let x = p.x + w.shift_x;
  return Tap(
    p.source + (w.channel * plane() + w.shift_y * params.source_width + w.shift_x),
    (y < params.source_height) & (x < params.source_width)
  );
}

// The same n terms further on in the iteration.
fn later(t: Tap, p: Pixel, w: Walk, n: u32, columns: Axis) -> Tap {
  if (STEP_ALONG_ROW == 0u) { return Tap(t.at + n * plane(), t.inside); }
  let own = tap(p, Walk(w.tap_y, w.tap_x, w.shift_y, w.shift_x + n * columns.advance, w.channel));
  return Tap(own.at, own.inside & (w.tap_x + n * columns.step < params.kernel_width));
}
