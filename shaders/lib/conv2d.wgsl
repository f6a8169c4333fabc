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

// A pixel of the result: its position among those of the phase, and the source element its image and group begin at.
struct Pixel {
  source: u32,
  y: u32,
  x: u32,
}

fn pixel(number: u32, group: u32, rows: Axis, columns: Axis) -> Pixel {
  let area = rows.count * columns.count;
  let image = number / area;
  let rest = number % area;
  let plane = params.source_height * params.source_width;
  return Pixel(
    (image * params.groups + group) * params.sums * plane,
    select(OUTSIDE, rest / columns.count * rows.scale, image < params.batch),
    rest % columns.count * columns.scale
  );
}

// The source element a pixel reads at one tap in the group's first channel, and whether there is one.
struct Tap {
  at: u32,
  inside: bool,
}

fn tap(p: Pixel, shift_y: u32, shift_x: u32) -> Tap {
  let y = p.y + shift_y;
  let x = p.x + shift_x;
  return Tap(p.source + y * params.source_width + x, (y < params.source_height) & (x < params.source_width));
}

// The element of the result that a pixel is in the group's first channel.
fn result_at(number: u32, group: u32, rows: Axis, columns: Axis) -> u32 {
  let area = rows.count * columns.count;
  let image = number / area;
  let rest = number % area;
  let y = rest / columns.count * rows.spacing + rows.phase;
  let x = rest % columns.count * columns.spacing + columns.phase;
  return ((image * params.groups + group) * params.channels * params.height + y) * params.width + x;
}
