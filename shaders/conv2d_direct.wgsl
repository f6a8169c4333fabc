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
// numerics   sums·taps terms in order, in registers: |error| ≤ γ · Σ|w·x|, u = 2⁻²⁴; what lies outside of source counts as 0

//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/extras.wgsl"
//#include "lib/side.wgsl"

const LANES = 64u;
const PIXELS = 4u;
// 1, or up to 4
const CHANNELS = 4u;
const FLIPPED = 0u;

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

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

// The weights of CHANNELS channels for one tap; channels past the last repeat it and are not stored.
fn weights(first: u32, left: u32) -> vec4f {
  let a = w[first];
  if (CHANNELS == 1u) { return vec4f(a, 0.0, 0.0, 0.0); }
  let stride = params.channel_stride;
  return vec4f(a, w[first + min(1u, left) * stride], w[first + min(2u, left) * stride], w[first + min(3u, left) * stride]);
}

// Positions above or left of the source are large as u32: one comparison an axis finds all that lies outside.
fn pixel(row_start: u32, y: u32, x: u32) -> f32 {
  let inside = y < params.source_height && x < params.source_width;
  return select(0.0, source[row_start + select(0u, x, inside)], inside);
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
  let group = rest % params.groups;
  let image = rest / params.groups;
  if (image >= params.batch) { return; }

  let left = params.channels - 1u - channel;
  let taps = params.kernel_height * params.kernel_width;
  let x0 = column * params.stride_x - params.pad_left;
  let y0 = row * params.stride_y - params.pad_top;
  let first_weight = group * params.group_stride + channel * params.channel_stride;
  var s0 = vec4f();
  var s1 = vec4f();
  var s2 = vec4f();
  var s3 = vec4f();
  for (var c = 0u; c < params.sums; c++) {
    let plane = (image * params.groups + group) * params.sums + c;
    var tap = 0u;
    for (var q = 0u; q < params.kernel_height; q++) {
      let y = y0 + q * params.dilation_y;
      let start = (plane * params.source_height + min(y, params.source_height - 1u)) * params.source_width;
      for (var p = 0u; p < params.kernel_width; p++) {
        let x = x0 + p * params.dilation_x;
        let place = select(tap, taps - 1u - tap, FLIPPED == 1u);
        let weight = weights(first_weight + c * params.sum_stride + place, left);
        s0 = fma(weight, vec4f(pixel(start, y, x)), s0);
        s1 = fma(weight, vec4f(pixel(start, y, x + params.stride_x)), s1);
        s2 = fma(weight, vec4f(pixel(start, y, x + 2u * params.stride_x)), s2);
        s3 = fma(weight, vec4f(pixel(start, y, x + 3u * params.stride_x)), s3);
        tap++;
      }
    }
  }

  var sums = array<vec4f, 4>(s0, s1, s2, s3);
  for (var m = 0u; m < min(CHANNELS, left + 1u); m++) {
    let at = (((image * params.groups + group) * params.channels + channel + m) * params.height + row) * params.width + column;
    for (var p = 0u; p < min(PIXELS, params.width - column); p++) { result[at + p] = epilogue(at + p, sums[p][m]); }
  }
}
