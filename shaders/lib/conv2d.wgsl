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
