// pool — largest and mean value of the windows of an image, and their gradients, one invocation per element of the result.
//
//   largest            y[n,c,i,j] = max_{p,q} x[n, c, i·s + p·d − pad, j·s + q·d − pad]
//   largest_position   at[n,c,i,j] = row · width + column of that x; of equal ones the first in row-major order
//   largest_by_input   x[n,c,a,b] = Σ of y[n,c,i,j] over the windows with at[n,c,i,j] = a · width + b         (∂x of largest)
//   at_positions       y[n,c,i,j] = x[n,c] at at[n,c,i,j]                                                     (∂y of largest_by_input)
//   average            y[n,c,i,j] = (Σ_{p,q} x[n, c, i·s + p·d − pad, j·s + q·d − pad]) / count[i,j]
//   average_by_input   x[n,c,a,b] = Σ of y[n,c,i,j] / count[i,j] over the windows over (a, b)                 (∂x of average)
//
// shapes     x [planes, height, width], y and at [planes, rows, columns], planes = batch · channels;  row-major f32, at u32
//            ADAPTIVE: window i covers ⌊i·height/rows⌋ ≤ a < ⌈(i + 1)·height/rows⌉
// grid       one invocation per element of what is written
// numerics   largest: exact; what lies in the padding never counts, NaN is above all (the last one names the position); a window
//            that meets no pixel is −∞, and its position 2³² − 1.
//            average: count is the window's taps, without those beyond the padding, and without the padding itself unless
//            COUNT_PADDING; sums of the rows, then of these: |error| ≤ γ_{h+w} · Σ|x| / count, h × w the window

//#include "lib/hooked.wgsl"

const LANES = 64u;
const ADAPTIVE = 0u;
const COUNT_PADDING = 1u;

struct Params {
  planes: u32,
  height: u32,
  width: u32,
  rows: u32,
  columns: u32,
  kernel_height: u32,
  kernel_width: u32,
  stride_y: u32,
  stride_x: u32,
  dilation_y: u32,
  dilation_x: u32,
  pad_top: u32,
  pad_left: u32,
  padded_height: u32,
  padded_width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read> chosen: array<u32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;
@group(0) @binding(4) var<storage, read_write> positions: array<u32>;

const NOWHERE = 0xffffffffu;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

// How an axis of `size` pixels is covered by `count` windows.
struct Axis { size: u32, count: u32, kernel: u32, stride: u32, dilation: u32, pad: u32, padded: u32 }
fn vertical() -> Axis {
  return Axis(params.height, params.rows, params.kernel_height, params.stride_y, params.dilation_y, params.pad_top, params.padded_height);
}
fn horizontal() -> Axis {
  return Axis(params.width, params.columns, params.kernel_width, params.stride_x, params.dilation_x, params.pad_left, params.padded_width);
}

// The part of an axis that a window covers: first, first + dilation, … < past; and the taps that its mean divides by.
struct Span { first: u32, past: u32, taps: u32 }

fn window(axis: Axis, i: u32) -> Span {
  if (ADAPTIVE == 1u) {
    let first = i * axis.size / axis.count;
    let past = ((i + 1u) * axis.size + axis.count - 1u) / axis.count;
    return Span(first, past, past - first);
  }
  let start = i * axis.stride;
  // taps that lie in the padding before the image
  let before = (max(axis.pad, start) - start + axis.dilation - 1u) / axis.dilation;
  let first = start + before * axis.dilation - axis.pad;
  let past = min(max(start + (axis.kernel - 1u) * axis.dilation + 1u, axis.pad) - axis.pad, axis.size);
  let inside = (max(past, first) - first + axis.dilation - 1u) / axis.dilation;
  let padded = min(axis.kernel, (max(axis.padded, start) - start + axis.dilation - 1u) / axis.dilation);
  return Span(first, past, select(inside, padded, COUNT_PADDING == 1u));
}

// The windows that may cover a position: first ≤ window < past.
fn windows(axis: Axis, position: u32) -> Span {
  if (ADAPTIVE == 1u) {
    return Span(position * axis.count / axis.size, ((position + 1u) * axis.count + axis.size - 1u) / axis.size, 0u);
  }
  let padded = position + axis.pad;
  let span = (axis.kernel - 1u) * axis.dilation + 1u;
  return Span((max(padded + axis.stride, span) - span) / axis.stride, min(padded / axis.stride + 1u, axis.count), 0u);
}

// whether a tap of window i lies on the position, which is within its span
fn meets(axis: Axis, i: u32, position: u32) -> bool {
  return ADAPTIVE == 1u || (position + axis.pad - i * axis.stride) % axis.dilation == 0u;
}

struct Output {
  plane: u32, // first element of the input's plane
  rows: Span,
  columns: Span,
}

fn output(i: u32) -> Output {
  let y = i / params.columns;
  return Output(
    y / params.rows * params.height * params.width,
    window(vertical(), y % params.rows),
    window(horizontal(), i % params.columns)
  );
}

struct Input {
  plane: u32, // first element of the output's plane
  row: u32,
  column: u32,
  rows: Span,
  columns: Span,
}

fn input(i: u32) -> Input {
  let y = i / params.width;
  let row = y % params.height;
  let column = i % params.width;
  return Input(
    y / params.height * params.rows * params.columns,
    row,
    column,
    windows(vertical(), row),
    windows(horizontal(), column)
  );
}

fn position_of_largest(o: Output) -> u32 {
  if (o.rows.first >= o.rows.past || o.columns.first >= o.columns.past) { return NOWHERE; }
  var at = o.rows.first * params.width + o.columns.first;
  var best = source[o.plane + at];
  for (var y = o.rows.first; y < o.rows.past; y += params.dilation_y) {
    for (var x = o.columns.first; x < o.columns.past; x += params.dilation_x) {
      let value = source[o.plane + y * params.width + x];
      // the last NaN of a window, as in PyTorch
      if ((ordered(value) > ordered(best)) | is_nan(value)) {
        best = value;
        at = y * params.width + x;
      }
    }
  }
  return at;
}

@compute @workgroup_size(LANES)
fn largest(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  if (i >= params.planes * params.rows * params.columns) { return; }
  let o = output(i);
  let at = position_of_largest(o);
  // −∞ by its bits, which a device may not look through
  var value = bitcast<f32>(0xff800000u | (at & 0u));
  if (at != NOWHERE) { value = source[o.plane + at]; }
  result[i] = epilogue(i, value);
}

@compute @workgroup_size(LANES)
fn largest_position(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  if (i >= params.planes * params.rows * params.columns) { return; }
  positions[i] = position_of_largest(output(i));
}

@compute @workgroup_size(LANES)
fn largest_by_input(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  if (i >= params.planes * params.height * params.width) { return; }
  let own = input(i);
  let position = own.row * params.width + own.column;
  var sum = 0.0;
  for (var y = own.rows.first; y < own.rows.past; y++) {
    var row = 0.0;
    for (var x = own.columns.first; x < own.columns.past; x++) {
      let at = own.plane + y * params.columns + x;
      row += select(0.0, source[at], chosen[at] == position);
    }
    sum += row;
  }
  result[i] = epilogue(i, sum);
}

@compute @workgroup_size(LANES)
fn at_positions(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  let size = params.rows * params.columns;
  if (i >= params.planes * size) { return; }
  let at = chosen[i];
  var value = 0.0;
  if (at != NOWHERE) { value = source[i / size * params.height * params.width + at]; }
  result[i] = epilogue(i, value);
}

@compute @workgroup_size(LANES)
fn average(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  if (i >= params.planes * params.rows * params.columns) { return; }
  let o = output(i);
  var sum = 0.0;
  for (var y = o.rows.first; y < o.rows.past; y += params.dilation_y) {
    var row = 0.0;
    for (var x = o.columns.first; x < o.columns.past; x += params.dilation_x) { row += source[o.plane + y * params.width + x]; }
    sum += row;
  }
  result[i] = epilogue(i, sum / f32(o.rows.taps * o.columns.taps));
}

@compute @workgroup_size(LANES)
fn average_by_input(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  if (i >= params.planes * params.height * params.width) { return; }
  let own = input(i);
  var sum = 0.0;
  for (var y = own.rows.first; y < own.rows.past; y++) {
    if (!meets(vertical(), y, own.row)) { continue; }
    let taps = window(vertical(), y).taps;
    var row = 0.0;
    for (var x = own.columns.first; x < own.columns.past; x++) {
      if (!meets(horizontal(), x, own.column)) { continue; }
      row += source[own.plane + y * params.columns + x] / f32(taps * window(horizontal(), x).taps);
    }
    sum += row;
  }
  result[i] = epilogue(i, sum);
}
