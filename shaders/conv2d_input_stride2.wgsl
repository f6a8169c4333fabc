// conv2d_input_stride2 — gradients of convolutions by their input at stride 2, and transposed convolutions, for few channels.
//
//   by_input   x[n, g·C + c, i, j] = Σ_{s,p,q} w(g, c, s, p, q) · y[n, g·S + s, (i + pad − p)/2, (j + pad − q)/2]     where both are whole
//
// with C = channels and S = sums, the channels of a group in x and in y. With i + pad = 2a + e and p = 2r + e the row of y is a − r:
// the two rows of x at one a meet the same rows of y, and so do columns. An iteration takes 4 × 4 taps, four for each parity.
//
// shapes     source [batch, groups·sums, source_height, source_width], result [batch, groups·channels, height, width],
//            w with strides channel_stride, sum_stride and 1 a tap, a group after the other;  row-major f32
// grid       1-D, one invocation for 2 rows × 16 columns of a channel: (image, group, channel, a, columns), the last one fastest;
//            folds into y (lib/grid.wgsl)
// numerics   k = sums·taps/4 terms in order, in registers; more than 1024 in blocks of b = block_of(sums) channels: |error| ≤ γ_m · Σ|w·y|
//            with m = min(k, 4·b + taps·sums/(4·b)), u = 2⁻²⁴; what lies outside of source counts as 0
//            taps go in fours, with weight 0 past the last: beside an ∞ that no tap meets, NaN

//#include "lib/hooked.wgsl"
//#include "lib/side_output.wgsl"
//#include "lib/long.wgsl"

const LANES = 64u;

struct Params {
  batch: u32,
  groups: u32,
  sums: u32,
  channels: u32,
  source_height: u32,
  source_width: u32,
  height: u32,
  width: u32,
  kernel_height: u32,
  kernel_width: u32,
  pad_top: u32,
  pad_left: u32,
  group_stride: u32,
  channel_stride: u32,
  sum_stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

const STEPS = vec4u(0u, 1u, 2u, 3u);

// The weights of four taps of row p; 0 past the last.
fn weights(first: u32, p: u32, q: vec4u) -> vec4f {
  let row = first + min(p, params.kernel_height - 1u) * params.kernel_width;
  let at = row + min(q, vec4u(params.kernel_width - 1u));
  let inside = vec4<bool>(p < params.kernel_height) & (q < vec4u(params.kernel_width));
  return select(vec4f(), vec4f(w[at.x], w[at.y], w[at.z], w[at.w]), inside);
}

fn load4(start: u32, x: vec4u, end: u32) -> vec4f {
  let at = start + min(x, vec4u(params.source_width - 1u));
  return select(vec4f(), vec4f(source[at.x], source[at.y], source[at.z], source[at.w]), x < vec4u(end));
}

// What a row of the source has at eight columns, and at the eight one further on.
struct Window { a: vec4f, b: vec4f, next_a: vec4f, next_b: vec4f }
fn window(plane: u32, y: u32, x: u32) -> Window {
  let start = (plane * params.source_height + min(y, params.source_height - 1u)) * params.source_width;
  let end = select(0u, params.source_width, y < params.source_height);
  let a = load4(start, x + STEPS, end);
  let b = load4(start, x + 4u + STEPS, end);
  let last = select(0.0, source[start + min(x + 8u, params.source_width - 1u)], x + 8u < end);
  return Window(a, b, vec4f(a.yzw, b.x), vec4f(b.yzw, last));
}

// A row of x at one parity: its even columns, then its odd ones.
struct Row { even_a: vec4f, even_b: vec4f, odd_a: vec4f, odd_b: vec4f }
fn summed(sum: Row, k: vec4f, met: Window) -> Row {
  return Row(
    sum.even_a + (k.x * met.next_a + k.z * met.a),
    sum.even_b + (k.x * met.next_b + k.z * met.b),
    sum.odd_a + (k.y * met.next_a + k.w * met.a),
    sum.odd_b + (k.y * met.next_b + k.w * met.b)
  );
}

fn sums_of_both(a: Row, b: Row) -> Row {
  return Row(a.even_a + b.even_a, a.even_b + b.even_b, a.odd_a + b.odd_a, a.odd_b + b.odd_b);
}

@compute @workgroup_size(LANES)
fn by_input(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let number = group_number(id, groups) * LANES + lane;
  convolve(number);
  let done = finish(number);
}

fn convolve(number: u32) {
  var rest = number;
  let first_a = params.pad_top >> 1u;
  let first_b = params.pad_left >> 1u;
  let lines = ((params.height + params.pad_top + 1u) >> 1u) - first_a;
  let runs = (((params.width + params.pad_left + 1u) >> 1u) - first_b + 7u) >> 3u;
  let b = first_b + rest % runs * 8u;
  rest /= runs;
  let a = first_a + rest % lines;
  rest /= lines;
  let channel = rest % params.channels;
  rest /= params.channels;
  let group = rest % params.groups;
  let image = rest / params.groups;
  if (image >= params.batch) { return; }

  let plane = (image * params.groups + group) * params.sums;
  let own = group * params.group_stride + channel * params.channel_stride;
  var above = Row();
  var below = Row();
  var above_group = Row();
  var below_group = Row();
  let size = run_of(params.sums);
  for (var p = 0u; p < params.kernel_height; p += 4u) {
    for (var q = 0u; q < params.kernel_width; q += 4u) {
      let taps = q + STEPS;
      let y = a - (p >> 1u);
      let x = b - (q >> 1u) - 1u;
      for (var first = 0u; first < params.sums; first += size) {
        for (var c = first; c < min(first + size, params.sums); c++) {
        let k = own + c * params.sum_stride;
        let met = window(plane + c, y, x);
        let met_before = window(plane + c, y - 1u, x);
        above = summed(summed(above, weights(k, p, taps), met), weights(k, p + 2u, taps), met_before);
        below = summed(summed(below, weights(k, p + 1u, taps), met), weights(k, p + 3u, taps), met_before);
        }
        if (MANY_TERMS == 1u) {
          above_group = sums_of_both(above_group, above);
          below_group = sums_of_both(below_group, below);
          above = Row();
          below = Row();
        }
      }
    }
  }

  if (MANY_TERMS == 1u) {
    above = above_group;
    below = below_group;
  }

  var sums = array<vec4f, 8>(
    above.even_a, above.even_b, above.odd_a, above.odd_b, below.even_a, below.even_b, below.odd_a, below.odd_b
  );
  let first = ((image * params.groups + group) * params.channels + channel) * params.height;
  for (var n = 0u; n < 8u; n++) {
    let i = 2u * a + (n >> 2u) - params.pad_top;
    let j = 2u * (b + 4u * (n & 1u)) + ((n >> 1u) & 1u) - params.pad_left;
    if (i < params.height) {
      let row = (first + i) * params.width;
      let sum = sums[n];
      store(row, j, sum.x);
      store(row, j + 2u, sum.y);
      store(row, j + 4u, sum.z);
      store(row, j + 6u, sum.w);
    }
  }
}

fn store(row: u32, j: u32, value: f32) {
  if (j >= params.width) { return; }
  result[row + j] = epilogue(row + j, value);
}
