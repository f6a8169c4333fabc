// pool — largest and mean value of the windows of an image, and their gradients, one invocation per element of the result.
//
//   largest            y[n,c,i,j] = max_{p,q} x[n, c, i·s + p − pad, j·s + q − pad]
//   largest_position   at[n,c,i,j] = row · width + column of that x; of equal ones the first in row-major order
//   largest_by_input   x[n,c,a,b] = Σ of y[n,c,i,j] over the windows with at[n,c,i,j] = a · width + b         (∂x of largest)
//   at_positions       y[n,c,i,j] = x[n,c] at at[n,c,i,j]                                                     (∂y of largest_by_input)
//   average            y[n,c,i,j] = (Σ_{p,q} x[n, c, i·s + p − pad, j·s + q − pad]) / (kernel_height · kernel_width)
//   average_by_input   x[n,c,a,b] = (Σ of y[n,c,i,j] over the windows over (a, b)) / (kernel_height · kernel_width)
//
// shapes     x [planes, height, width], y and at [planes, rows, columns], planes = batch · channels;  row-major f32, at u32
// grid       one invocation per element of what is written
// numerics   largest: exact; what lies in the padding never counts, a NaN only if it comes first in its window.
//            average: padding counts as 0; sums in row-major order, |error| ≤ γ_k · Σ|x| / k, k = kernel_height · kernel_width

//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/extras.wgsl"

const LANES = 64u;

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
  pad_top: u32,
  pad_left: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read> chosen: array<u32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;
@group(0) @binding(4) var<storage, read_write> positions: array<u32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

// The part of an axis that a window covers: first ≤ position < past.
struct Span {
  first: u32,
  past: u32,
}

fn window(i: u32, kernel: u32, stride: u32, pad: u32, size: u32) -> Span {
  let start = i * stride;
  return Span(max(start, pad) - pad, min(max(start + kernel, pad) - pad, size));
}

// The windows that cover a position.
fn windows(position: u32, kernel: u32, stride: u32, pad: u32, count: u32) -> Span {
  let padded = position + pad;
  return Span((max(padded + stride, kernel) - kernel) / stride, min(padded / stride + 1u, count));
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
    window(y % params.rows, params.kernel_height, params.stride_y, params.pad_top, params.height),
    window(i % params.columns, params.kernel_width, params.stride_x, params.pad_left, params.width)
  );
}

struct Input {
  plane: u32, // first element of the output's plane
  position: u32,
  rows: Span,
  columns: Span,
}

fn input(i: u32) -> Input {
  let y = i / params.width;
  return Input(
    y / params.height * params.rows * params.columns,
    i % (params.height * params.width),
    windows(y % params.height, params.kernel_height, params.stride_y, params.pad_top, params.rows),
    windows(i % params.width, params.kernel_width, params.stride_x, params.pad_left, params.columns)
  );
}

fn position_of_largest(o: Output) -> u32 {
  var at = o.rows.first * params.width + o.columns.first;
  var best = source[o.plane + at];
  for (var y = o.rows.first; y < o.rows.past; y++) {
    for (var x = o.columns.first; x < o.columns.past; x++) {
      let value = source[o.plane + y * params.width + x];
      if (value > best) {
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
  result[i] = epilogue(i, source[o.plane + position_of_largest(o)]);
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
  var sum = 0.0;
  for (var y = own.rows.first; y < own.rows.past; y++) {
    for (var x = own.columns.first; x < own.columns.past; x++) {
      let at = own.plane + y * params.columns + x;
      sum += select(0.0, source[at], chosen[at] == own.position);
    }
  }
  result[i] = epilogue(i, sum);
}

@compute @workgroup_size(LANES)
fn at_positions(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  let size = params.rows * params.columns;
  if (i >= params.planes * size) { return; }
  result[i] = epilogue(i, source[i / size * params.height * params.width + chosen[i]]);
}

@compute @workgroup_size(LANES)
fn average(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  if (i >= params.planes * params.rows * params.columns) { return; }
  let o = output(i);
  var sum = 0.0;
  for (var y = o.rows.first; y < o.rows.past; y++) {
    for (var x = o.columns.first; x < o.columns.past; x++) { sum += source[o.plane + y * params.width + x]; }
  }
  result[i] = epilogue(i, sum / f32(params.kernel_height * params.kernel_width));
}

@compute @workgroup_size(LANES)
fn average_by_input(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  if (i >= params.planes * params.height * params.width) { return; }
  let own = input(i);
  var sum = 0.0;
  for (var y = own.rows.first; y < own.rows.past; y++) {
    for (var x = own.columns.first; x < own.columns.past; x++) { sum += source[own.plane + y * params.columns + x]; }
  }
  result[i] = epilogue(i, sum / f32(params.kernel_height * params.kernel_width));
}
