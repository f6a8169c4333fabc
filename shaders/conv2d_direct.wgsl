// conv2d_direct — convolutions that sum over few channels: the first layer of a network, and depthwise ones.
//
//   forward    y[n, g·C + c, i, j] = Σ_{s,p,q} w(g, c, s, p, q) · x[n, g·S + s, i·stride − pad + p·dilation, j·stride − pad + q·dilation]
//
// with C = channels and S = sums, the channels of a group in y and in x; where FLIPPED is 1 the taps come last to first, which
// makes it the gradient by the input at stride 1.
//
// shapes     source [batch, groups·sums, source_height, source_width], result [batch, groups·channels, height, width],
//            w with strides channel_stride, sum_stride and 1 a tap, a group after the other;  row-major f32
// grid       1-D, one invocation for CHANNELS channels of PIXELS pixels side by side: (image, group, channels, row, pixels), the
//            last one fastest; folds into y (lib/grid.wgsl)
// registers  at most 64 an invocation on RDNA 2 and 3; bound by instructions beside multiply-adds
// numerics   k = sums·taps terms in order, in registers; more than 1024 in three levels (lib/long.wgsl): |error| ≤ γ_m · Σ|w·x| with
//            m = min(k, 3·kernel_height + 2·block_of(sums·kernel_width/3)), u = 2⁻²⁴; what lies outside of source counts as 0
//            taps go in threes, with weight 0 past the last: beside an ∞ that no tap meets, NaN

//#include "lib/hooked.wgsl"
//#include "lib/side_output.wgsl"
//#include "lib/long.wgsl"

const LANES = 64u;
const PIXELS = 4u;
// 1, or up to 4
const CHANNELS = 4u;
const FLIPPED = 0u;
// 1 where the pixels of every run are inside
const WHOLE = 0u;

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
  stride_y: u32,
  stride_x: u32,
  dilation_y: u32,
  dilation_x: u32,
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

//#include "lib/conv2d_window.wgsl"

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

// The weight of a tap; 0 right of the last.
fn weight(first: u32, q: u32, p: u32) -> f32 {
  let tap = q * params.kernel_width + min(p, params.kernel_width - 1u);
  let place = select(tap, params.kernel_height * params.kernel_width - 1u - tap, FLIPPED == 1u);
  return select(0.0, w[first + place], p < params.kernel_width);
}
// The weights of the three taps from p.
fn weights(first: u32, q: u32, p: u32) -> vec3f { return vec3f(weight(first, q, p), weight(first, q, p + 1u), weight(first, q, p + 2u)); }

fn summed(sum: vec4f, k: vec3f, met: Window) -> vec4f { return sum + (k.x * met.a + k.y * met.b + k.z * met.c); }

struct Sums { s0: vec4f, s1: vec4f, s2: vec4f, s3: vec4f }
fn sums_of_both(a: Sums, b: Sums) -> Sums { return Sums(a.s0 + b.s0, a.s1 + b.s1, a.s2 + b.s2, a.s3 + b.s3); }

fn store(channel: u32, first: u32, pixels: u32, sum: vec4f) {
  let at = first + channel * params.height * params.width;
  if (WHOLE == 1u) {
    result[at] = epilogue(at, sum.x);
    result[at + 1u] = epilogue(at + 1u, sum.y);
    result[at + 2u] = epilogue(at + 2u, sum.z);
    result[at + 3u] = epilogue(at + 3u, sum.w);
    return;
  }
  for (var p = 0u; p < pixels; p++) { result[at + p] = epilogue(at + p, sum[p]); }
}

@compute @workgroup_size(LANES)
fn forward(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let number = group_number(id, groups) * LANES + lane;
  convolve(number);
  let done = finish(number);
}

fn convolve(number: u32) {
  var rest = number;
  let runs = (params.width + PIXELS - 1u) / PIXELS;
  let blocks = (params.channels + CHANNELS - 1u) / CHANNELS;
  let column = rest % runs * PIXELS;
  rest /= runs;
  let row = rest % params.height;
  rest /= params.height;
  let channel = rest % blocks * CHANNELS;
  rest /= blocks;
  let own_group = rest % params.groups;
  let image = rest / params.groups;
  if (image >= params.batch) { return; }

  // channels past the last repeat it and are not stored
  let left = params.channels - 1u - channel;
  let y0 = row * params.stride_y - params.pad_top;
  let plane = (image * params.groups + own_group) * params.sums;
  let own = own_group * params.group_stride + channel * params.channel_stride;
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  var group = Sums();
  var total = Sums();
  var count = 0u;
  // levels: a channel's rows of three taps, so many of them together, all
  let size = block_of((params.kernel_width + 2u) / 3u * params.sums);
  for (var p = 0u; p < params.kernel_width; p += 3u) {
    let real = columns(column * params.stride_x - params.pad_left + p * params.dilation_x);
    let at = clamped(real);
    for (var c = 0u; c < params.sums; c++) {
      let taps = own + c * params.sum_stride;
      for (var q = 0u; q < params.kernel_height; q++) {
        let y = y0 + q * params.dilation_y;
        let start = ((plane + c) * params.source_height + min(y, params.source_height - 1u)) * params.source_width;
        let met = window(start, y < params.source_height, at, real);
        s0 = summed(s0, weights(taps, q, p), met);
        if (CHANNELS > 1u) {
          s1 = summed(s1, weights(taps + min(1u, left) * params.channel_stride, q, p), met);
          s2 = summed(s2, weights(taps + min(2u, left) * params.channel_stride, q, p), met);
          s3 = summed(s3, weights(taps + min(3u, left) * params.channel_stride, q, p), met);
        }
      }
      if (MANY_TERMS == 1u) {
        group = sums_of_both(group, Sums(s0, s1, s2, s3));
        s0 = vec4f();
        s1 = vec4f();
        s2 = vec4f();
        s3 = vec4f();
        count++;
        if (ends(count, size)) {
          total = sums_of_both(total, group);
          group = Sums();
        }
      }
    }
  }

  if (MANY_TERMS == 1u) {
    let all = sums_of_both(sums_of_both(total, group), Sums(s0, s1, s2, s3));
    s0 = all.s0;
    s1 = all.s1;
    s2 = all.s2;
    s3 = all.s3;
  }

  let first = (((image * params.groups + own_group) * params.channels + channel) * params.height + row) * params.width + column;
  let pixels = min(PIXELS, params.width - column);
  store(0u, first, pixels, s0);
  if (CHANNELS > 1u) {
    if (left >= 1u) { store(1u, first, pixels, s1); }
    if (left >= 2u) { store(2u, first, pixels, s2); }
    if (left >= 3u) { store(3u, first, pixels, s3); }
  }
}
