// conv2d_weight_direct — the gradient of a convolution by its weights where groups are too small for tiles: depthwise ones.
//
//   partial    part[z, g·R + r, s, p, q] = Σ_{n,i,j in k_slice z} gradient[n, g·R + r, i, j] · source[n, g·S + s, i·stride − pad + p·dilation, j·stride − pad + q·dilation]
//
// with R = rows and S = channels, the channels of a group in y and in x. total adds the k_slices. Where SUMS is 1 the row
// of an output channel ends with Σ gradient[n, g·R + r, i, j].
//
// shapes     source [batch, groups·channels, source_height, source_width], gradient [batch, groups·rows, height, width],
//            part [k_slices, groups·rows, channels · kernel_height · kernel_width, and 1 where SUMS];  row-major f32
// grid       1-D, one invocation for three taps side by side over the image rows of a k_slice: (k_slice, output channel, input channel,
//            tap row, threes), the last one fastest; folds into y (lib/grid.wgsl); a k_slice is params.k_steps image rows
// registers  at most 48 an invocation on RDNA 2 and 3; bound by instructions beside multiply-adds
// numerics   an image row's pixels in order, four at a time, then rows in three levels (lib/long.wgsl), then total's:
//            |error| ≤ γ_m · Σ|source·gradient| with m = 4 + width/4 + 3·block_of(k_steps), u = 2⁻²⁴; what lies outside of source counts as 0

//#include "lib/grid.wgsl"
//#include "lib/conv2d_weight.wgsl"
//#include "lib/conv2d_window.wgsl"
//#include "lib/long.wgsl"

const LANES = 64u;
// 1 where four pixels at a time leave none over
const WHOLE = 0u;

// Four pixels of the gradient; 0 past the end of its row.
fn slopes(at: u32, left: u32) -> vec4f {
  if (WHOLE == 1u) { return vec4f(gradient[at], gradient[at + 1u], gradient[at + 2u], gradient[at + 3u]); }
  let last = left - 1u;
  let g = vec4f(gradient[at], gradient[at + min(1u, last)], gradient[at + min(2u, last)], gradient[at + min(3u, last)]);
  return select(vec4f(), g, vec4u(0u, 1u, 2u, 3u) < vec4u(left));
}

@compute @workgroup_size(LANES)
fn partial(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  var rest = group_number(id, groups) * LANES + lane;
  let threes = (params.kernel_width + 2u) / 3u;
  let p = rest % threes * 3u;
  rest /= threes;
  let q = rest % params.kernel_height;
  rest /= params.kernel_height;
  let channel = rest % params.channels;
  rest /= params.channels;
  let outputs = params.groups * params.rows;
  let output = rest % outputs;
  let k_slice = rest / outputs;
  if (k_slice >= params.k_slices) { return; }

  let inputs = params.groups * params.channels;
  let input = output / params.rows * params.channels + channel;
  let end = min((k_slice + 1u) * params.k_steps, params.batch * params.height);
  // of a line, of a block of lines, of a group of blocks, of all: three taps, and the slopes themselves
  var block_sum = vec4f();
  var group_sum = vec4f();
  var all = vec4f();
  let size = block_of(params.k_steps);
  for (var line = k_slice * params.k_steps; line < end; line++) {
    let image = line / params.height;
    let row = line % params.height;
    let y = row * params.stride_y - params.pad_top + q * params.dilation_y;
    let start = ((image * inputs + input) * params.source_height + min(y, params.source_height - 1u)) * params.source_width;
    let slope = ((image * outputs + output) * params.height + row) * params.width;
    var total = vec4f();
    for (var column = 0u; column < params.width; column += 4u) {
      let real = columns(column * params.stride_x - params.pad_left + p * params.dilation_x);
      let met = window(start, y < params.source_height, clamped(real), real);
      let g = slopes(slope + column, params.width - column);
      total += vec4f(dot(g, met.a), dot(g, met.b), dot(g, met.c), 0.0);
      if (SUMS == 1u) { total.w += dot(g, vec4f(1.0)); }
    }
    block_sum += total;
    let done = line - k_slice * params.k_steps;
    if (ends(done + 1u, size)) {
      group_sum += block_sum;
      block_sum = vec4f();
      if (ends(done + 1u, size * size)) {
        all += group_sum;
        group_sum = vec4f();
      }
    }
  }
  all += group_sum + block_sum;
  let columns = params.channels * params.kernel_height * params.kernel_width;
  let own = (k_slice * outputs + output) * (columns + SUMS);
  let at = own + (channel * params.kernel_height + q) * params.kernel_width + p;
  for (var k = 0u; k < min(3u, params.kernel_width - p); k++) { part[at + k] = all[k]; }
  if (SUMS == 1u && channel + q + p == 0u) { part[own + columns] = all.w; }
}
