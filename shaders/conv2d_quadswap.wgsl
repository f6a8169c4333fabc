// conv2d_quadswap — conv2d with the channels of a tile passed round among four invocations.
//
//   forward    y[n,o,i,j] = Σ_{c,p,q} w[o,c,p,q] · x[n, c, i·s + p·d − pad, j·s + q·d − pad]
//   by_input   x[n,c,i,j] = Σ_{o,p,q} w[o,c,p,q] · y[n, o, (i + pad − p·d)/s, (j + pad − q·d)/s]     where both are whole
//              (∂x of forward, and the transposed convolution)
//
// shapes     source x or y, result y or x: [batch, channels, height, width];  packed: conv2d_pack of w at TILE 16;  row-major
//            f32. Channels in `groups` blocks, each of which sees its own block of the source only; stride s, dilation d
// grid       1-D: (block of LANES·4 pixels, phase, group, tile of 16 channels), the last one fastest. Rows of the implied
//            product are the pixels of all images, so that small images fill a workgroup together
// memory     no workgroup memory; an invocation holds 16 channels × 4 pixels, LANES pixels apart: the source is read
//            ⌈channels/16⌉ times a tap, the weights once a workgroup
// numerics   sums run in order of tap, then channel; k = channels · taps > 1024 terms go in three levels (lib/long.wgsl):
//            |error| ≤ γ_m · Σ|w·x| with m = min(k, 3·STEP·block_of(k/STEP)), u = 2⁻²⁴; what lies outside of the source counts as 0
//            Four neighbouring invocations load four different channels and pass them round (quadSwap): component m
//            of a register belongs to channel lane mod 4 XOR m. For devices where loads cost far more than swaps,
//            such as a software adapter
// source     written by conv2d.mjs

enable subgroups;

//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/functions.wgsl"
//#include "lib/extras.wgsl"
//#include "lib/side_output.wgsl"
//#include "lib/conv2d.wgsl"
//#include "lib/long.wgsl"

const LANES = 64u;
// 1 where the channels fill all tiles
const WHOLE = 0u;

@group(0) @binding(2) var<storage, read> packed: array<f32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

fn store(at: u32, channel: u32, size: u32, value: f32) {
  if (WHOLE == 0u && channel >= params.channels) { return; }
  let i = at + channel * size;
  result[i] = epilogue(i, value);
}

fn weights(at: u32, lane: u32) -> vec4f {
  let own = packed[at * 4u + (lane & 3u)];
  return vec4f(own, quadSwapX(own), quadSwapY(own), quadSwapDiagonal(own));
}

struct Work {
  tile: u32,  // of 16 channels
  tiles: u32,
  group: u32,
  phase: u32,
  first: u32, // pixel
}

fn work(number: u32, phases: u32) -> Work {
  let tiles = (params.channels + 15u) / 16u;
  let blocks = number / tiles / params.groups;
  let first = blocks / phases * LANES * 4u;
  return Work(number % tiles, tiles, number / tiles % params.groups, blocks % phases, first);
}

@compute @workgroup_size(LANES)
fn forward(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let rows = forward_axis(params.height, params.stride_y, params.dilation_y, params.pad_top);
  let columns = forward_axis(params.width, params.stride_x, params.dilation_x, params.pad_left);
  let number = group_number(id, groups);
  convolve(work(number, 1u), rows, columns, lane);
  let done = finish(number * LANES + lane);
}

@compute @workgroup_size(LANES)
fn by_input(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let number = group_number(id, groups);
  let own = work(number, params.stride_y * params.stride_x);
  let y = own.phase / params.stride_x;
  let x = own.phase % params.stride_x;
  let rows = input_axis(y, params.height, params.kernel_height, params.stride_y, params.dilation_y, params.pad_top);
  let columns = input_axis(x, params.width, params.kernel_width, params.stride_x, params.dilation_x, params.pad_left);
  convolve(own, rows, columns, lane);
  let done = finish(number * LANES + lane);
}

fn convolve(own: Work, rows: Axis, columns: Axis, lane: u32) {
  let pixels = params.batch * rows.count * columns.count;
  if (own.first >= pixels) { return; }
  let number = own.first + lane;
  let p0 = pixel(number, own.group, rows, columns);
  let p1 = pixel(number + 1u * LANES, own.group, rows, columns);
  let p2 = pixel(number + 2u * LANES, own.group, rows, columns);
  let p3 = pixel(number + 3u * LANES, own.group, rows, columns);
  var a0 = vec4f(); var b0 = vec4f(); var c0 = vec4f(); var d0 = vec4f();
  var a1 = vec4f(); var b1 = vec4f(); var c1 = vec4f(); var d1 = vec4f();
  var a2 = vec4f(); var b2 = vec4f(); var c2 = vec4f(); var d2 = vec4f();
  var a3 = vec4f(); var b3 = vec4f(); var c3 = vec4f(); var d3 = vec4f();

  var group_a0 = vec4f(); var group_b0 = vec4f(); var group_c0 = vec4f(); var group_d0 = vec4f(); var group_a1 = vec4f(); var group_b1 = vec4f(); var group_c1 = vec4f(); var group_d1 = vec4f(); var group_a2 = vec4f(); var group_b2 = vec4f(); var group_c2 = vec4f(); var group_d2 = vec4f(); var group_a3 = vec4f(); var group_b3 = vec4f(); var group_c3 = vec4f(); var group_d3 = vec4f();
  var total_a0 = vec4f(); var total_b0 = vec4f(); var total_c0 = vec4f(); var total_d0 = vec4f(); var total_a1 = vec4f(); var total_b1 = vec4f(); var total_c1 = vec4f(); var total_d1 = vec4f(); var total_a2 = vec4f(); var total_b2 = vec4f(); var total_c2 = vec4f(); var total_d2 = vec4f(); var total_a3 = vec4f(); var total_b3 = vec4f(); var total_c3 = vec4f(); var total_d3 = vec4f();
  var count = 0u;
  let most = max(run_of((params.kernel_height * params.kernel_width * params.sums + STEP - 1u) / STEP), 64u);

  let kernel = (own.group * own.tiles + own.tile) * params.kernel_height;
  let apart = 4u * select(1u, columns.step * params.sums, STEP_ALONG_ROW == 1u);
  var walk = begin(rows, columns);
  while (walk.tap_y < params.kernel_height) {
  for (var n = 0u; n < most && walk.tap_y < params.kernel_height; n++) {
    let t0 = tap(p0, walk);
    let t1 = tap(p1, walk);
    let t2 = tap(p2, walk);
    let t3 = tap(p3, walk);
    let k = 4u * (((kernel + walk.tap_y) * params.kernel_width + walk.tap_x) * params.sums + walk.channel);
    {
      let v0 = loaded(t0);
      let w0 = weights(k, lane);
      a0 += w0 * v0;
      let w1 = weights(k + 1u, lane);
      b0 += w1 * v0;
      let w2 = weights(k + 2u, lane);
      c0 += w2 * v0;
      let w3 = weights(k + 3u, lane);
      d0 += w3 * v0;
      let v1 = loaded(t1);
      a1 += w0 * v1;
      b1 += w1 * v1;
      c1 += w2 * v1;
      d1 += w3 * v1;
      let v2 = loaded(t2);
      a2 += w0 * v2;
      b2 += w1 * v2;
      c2 += w2 * v2;
      d2 += w3 * v2;
      let v3 = loaded(t3);
      a3 += w0 * v3;
      b3 += w1 * v3;
      c3 += w2 * v3;
      d3 += w3 * v3;
    }
    if (STEP > 1u) {
      let v0 = loaded(later(t0, p0, walk, 1u, columns));
      let w0 = weights(k + 1u * apart, lane);
      a0 += w0 * v0;
      let w1 = weights(k + 1u * apart + 1u, lane);
      b0 += w1 * v0;
      let w2 = weights(k + 1u * apart + 2u, lane);
      c0 += w2 * v0;
      let w3 = weights(k + 1u * apart + 3u, lane);
      d0 += w3 * v0;
      let v1 = loaded(later(t1, p1, walk, 1u, columns));
      a1 += w0 * v1;
      b1 += w1 * v1;
      c1 += w2 * v1;
      d1 += w3 * v1;
      let v2 = loaded(later(t2, p2, walk, 1u, columns));
      a2 += w0 * v2;
      b2 += w1 * v2;
      c2 += w2 * v2;
      d2 += w3 * v2;
      let v3 = loaded(later(t3, p3, walk, 1u, columns));
      a3 += w0 * v3;
      b3 += w1 * v3;
      c3 += w2 * v3;
      d3 += w3 * v3;
    }
    if (STEP > 2u) {
      let v0 = loaded(later(t0, p0, walk, 2u, columns));
      let w0 = weights(k + 2u * apart, lane);
      a0 += w0 * v0;
      let w1 = weights(k + 2u * apart + 1u, lane);
      b0 += w1 * v0;
      let w2 = weights(k + 2u * apart + 2u, lane);
      c0 += w2 * v0;
      let w3 = weights(k + 2u * apart + 3u, lane);
      d0 += w3 * v0;
      let v1 = loaded(later(t1, p1, walk, 2u, columns));
      a1 += w0 * v1;
      b1 += w1 * v1;
      c1 += w2 * v1;
      d1 += w3 * v1;
      let v2 = loaded(later(t2, p2, walk, 2u, columns));
      a2 += w0 * v2;
      b2 += w1 * v2;
      c2 += w2 * v2;
      d2 += w3 * v2;
      let v3 = loaded(later(t3, p3, walk, 2u, columns));
      a3 += w0 * v3;
      b3 += w1 * v3;
      c3 += w2 * v3;
      d3 += w3 * v3;
    }
    if (STEP > 3u) {
      let v0 = loaded(later(t0, p0, walk, 3u, columns));
      let w0 = weights(k + 3u * apart, lane);
      a0 += w0 * v0;
      let w1 = weights(k + 3u * apart + 1u, lane);
      b0 += w1 * v0;
      let w2 = weights(k + 3u * apart + 2u, lane);
      c0 += w2 * v0;
      let w3 = weights(k + 3u * apart + 3u, lane);
      d0 += w3 * v0;
      let v1 = loaded(later(t1, p1, walk, 3u, columns));
      a1 += w0 * v1;
      b1 += w1 * v1;
      c1 += w2 * v1;
      d1 += w3 * v1;
      let v2 = loaded(later(t2, p2, walk, 3u, columns));
      a2 += w0 * v2;
      b2 += w1 * v2;
      c2 += w2 * v2;
      d2 += w3 * v2;
      let v3 = loaded(later(t3, p3, walk, 3u, columns));
      a3 += w0 * v3;
      b3 += w1 * v3;
      c3 += w2 * v3;
      d3 += w3 * v3;
    }
    walk = further(walk, rows, columns);
  }
    if (MANY_TERMS == 1u) {
      count++;
      group_a0 += a0; a0 = vec4f();
      group_b0 += b0; b0 = vec4f();
      group_c0 += c0; c0 = vec4f();
      group_d0 += d0; d0 = vec4f();
      group_a1 += a1; a1 = vec4f();
      group_b1 += b1; b1 = vec4f();
      group_c1 += c1; c1 = vec4f();
      group_d1 += d1; d1 = vec4f();
      group_a2 += a2; a2 = vec4f();
      group_b2 += b2; b2 = vec4f();
      group_c2 += c2; c2 = vec4f();
      group_d2 += d2; d2 = vec4f();
      group_a3 += a3; a3 = vec4f();
      group_b3 += b3; b3 = vec4f();
      group_c3 += c3; c3 = vec4f();
      group_d3 += d3; d3 = vec4f();
      if (ends(count, most)) {
        total_a0 += group_a0; group_a0 = vec4f();
        total_b0 += group_b0; group_b0 = vec4f();
        total_c0 += group_c0; group_c0 = vec4f();
        total_d0 += group_d0; group_d0 = vec4f();
        total_a1 += group_a1; group_a1 = vec4f();
        total_b1 += group_b1; group_b1 = vec4f();
        total_c1 += group_c1; group_c1 = vec4f();
        total_d1 += group_d1; group_d1 = vec4f();
        total_a2 += group_a2; group_a2 = vec4f();
        total_b2 += group_b2; group_b2 = vec4f();
        total_c2 += group_c2; group_c2 = vec4f();
        total_d2 += group_d2; group_d2 = vec4f();
        total_a3 += group_a3; group_a3 = vec4f();
        total_b3 += group_b3; group_b3 = vec4f();
        total_c3 += group_c3; group_c3 = vec4f();
        total_d3 += group_d3; group_d3 = vec4f();
      }
    }
  }
  if (MANY_TERMS == 1u) {
    a0 = (total_a0 + group_a0) + a0;
    b0 = (total_b0 + group_b0) + b0;
    c0 = (total_c0 + group_c0) + c0;
    d0 = (total_d0 + group_d0) + d0;
    a1 = (total_a1 + group_a1) + a1;
    b1 = (total_b1 + group_b1) + b1;
    c1 = (total_c1 + group_c1) + c1;
    d1 = (total_d1 + group_d1) + d1;
    a2 = (total_a2 + group_a2) + a2;
    b2 = (total_b2 + group_b2) + b2;
    c2 = (total_c2 + group_c2) + c2;
    d2 = (total_d2 + group_d2) + d2;
    a3 = (total_a3 + group_a3) + a3;
    b3 = (total_b3 + group_b3) + b3;
    c3 = (total_c3 + group_c3) + c3;
    d3 = (total_d3 + group_d3) + d3;
  }

  let size = params.height * params.width;
  for (var j = 0u; j < 4u; j++) {
    if (number + j * LANES < pixels) {
      let bit0 = (j & 1u) != 0u;
      let bit1 = (j & 2u) != 0u;
      let at = select(select(p0.result, p1.result, bit0), select(p2.result, p3.result, bit0), bit1);
      let sum0 = select(select(a0, a1, bit0), select(a2, a3, bit0), bit1);
      store(at, own.tile * 16u + (0 ^ (lane & 3u)), size, sum0[0]);
      store(at, own.tile * 16u + (1 ^ (lane & 3u)), size, sum0[1]);
      store(at, own.tile * 16u + (2 ^ (lane & 3u)), size, sum0[2]);
      store(at, own.tile * 16u + (3 ^ (lane & 3u)), size, sum0[3]);
      let sum1 = select(select(b0, b1, bit0), select(b2, b3, bit0), bit1);
      store(at, own.tile * 16u + (0 ^ (lane & 3u)) + 4u, size, sum1[0]);
      store(at, own.tile * 16u + (1 ^ (lane & 3u)) + 4u, size, sum1[1]);
      store(at, own.tile * 16u + (2 ^ (lane & 3u)) + 4u, size, sum1[2]);
      store(at, own.tile * 16u + (3 ^ (lane & 3u)) + 4u, size, sum1[3]);
      let sum2 = select(select(c0, c1, bit0), select(c2, c3, bit0), bit1);
      store(at, own.tile * 16u + (0 ^ (lane & 3u)) + 8u, size, sum2[0]);
      store(at, own.tile * 16u + (1 ^ (lane & 3u)) + 8u, size, sum2[1]);
      store(at, own.tile * 16u + (2 ^ (lane & 3u)) + 8u, size, sum2[2]);
      store(at, own.tile * 16u + (3 ^ (lane & 3u)) + 8u, size, sum2[3]);
      let sum3 = select(select(d0, d1, bit0), select(d2, d3, bit0), bit1);
      store(at, own.tile * 16u + (0 ^ (lane & 3u)) + 12u, size, sum3[0]);
      store(at, own.tile * 16u + (1 ^ (lane & 3u)) + 12u, size, sum3[1]);
      store(at, own.tile * 16u + (2 ^ (lane & 3u)) + 12u, size, sum3[2]);
      store(at, own.tile * 16u + (3 ^ (lane & 3u)) + 12u, size, sum3[3]);
    }
  }
}
