// conv2d_4x8 — conv2d for few channels of the result.
//
//   forward    y[n,o,i,j] = Σ_{c,p,q} w[o,c,p,q] · x[n, c, i·s + p·d − pad, j·s + q·d − pad]
//   by_input   x[n,c,i,j] = Σ_{o,p,q} w[o,c,p,q] · y[n, o, (i + pad − p·d)/s, (j + pad − q·d)/s]     where both are whole
//              (∂x of forward, and the transposed convolution)
//
// shapes     source x or y, result y or x: [batch, channels, height, width];  packed: conv2d_pack of w at TILE 4;  row-major
//            f32. Channels in `groups` blocks, each of which sees its own block of the source only; stride s, dilation d
// grid       1-D: (block of LANES·8 pixels, phase, group, tile of 4 channels), the last one fastest. Rows of the implied
//            product are the pixels of all images, so that small images fill a workgroup together
// memory     no workgroup memory; an invocation holds 4 channels × 8 pixels, LANES pixels apart: the source is read
//            ⌈channels/4⌉ times a tap, the weights once a workgroup
// numerics   sums run in order of tap, then channel; k = channels · taps > 1024 terms go in three levels (lib/long.wgsl):
//            |error| ≤ γ_m · Σ|w·x| with m = min(k, 3·STEP·block_of(k/STEP)), u = 2⁻²⁴; what lies outside of the source counts as 0
// source     written by conv2d.mjs

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

@group(0) @binding(2) var<storage, read> packed: array<vec4f>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

fn store(at: u32, channel: u32, size: u32, value: f32) {
  if (WHOLE == 0u && channel >= params.channels) { return; }
  let i = at + channel * size;
  result[i] = epilogue(i, value);
}

fn weights(at: u32, lane: u32) -> vec4f { return packed[at]; }

struct Work {
  tile: u32,  // of 4 channels
  tiles: u32,
  group: u32,
  phase: u32,
  first: u32, // pixel
}

fn work(number: u32, phases: u32) -> Work {
  let tiles = (params.channels + 3u) / 4u;
  let blocks = number / tiles / params.groups;
  let first = blocks / phases * LANES * 8u;
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
  let p4 = pixel(number + 4u * LANES, own.group, rows, columns);
  let p5 = pixel(number + 5u * LANES, own.group, rows, columns);
  let p6 = pixel(number + 6u * LANES, own.group, rows, columns);
  let p7 = pixel(number + 7u * LANES, own.group, rows, columns);
  var a0 = vec4f();
  var a1 = vec4f();
  var a2 = vec4f();
  var a3 = vec4f();
  var a4 = vec4f();
  var a5 = vec4f();
  var a6 = vec4f();
  var a7 = vec4f();

  var group_a0 = vec4f(); var group_a1 = vec4f(); var group_a2 = vec4f(); var group_a3 = vec4f(); var group_a4 = vec4f(); var group_a5 = vec4f(); var group_a6 = vec4f(); var group_a7 = vec4f();
  var total_a0 = vec4f(); var total_a1 = vec4f(); var total_a2 = vec4f(); var total_a3 = vec4f(); var total_a4 = vec4f(); var total_a5 = vec4f(); var total_a6 = vec4f(); var total_a7 = vec4f();
  var count = 0u;
  let most = max(run_of((params.kernel_height * params.kernel_width * params.sums + STEP - 1u) / STEP), 64u);

  let kernel = (own.group * own.tiles + own.tile) * params.kernel_height;
  let apart = 1u * select(1u, columns.step * params.sums, STEP_ALONG_ROW == 1u);
  var walk = begin(rows, columns);
  while (walk.tap_y < params.kernel_height) {
  for (var n = 0u; n < most && walk.tap_y < params.kernel_height; n++) {
    let t0 = tap(p0, walk);
    let t1 = tap(p1, walk);
    let t2 = tap(p2, walk);
    let t3 = tap(p3, walk);
    let t4 = tap(p4, walk);
    let t5 = tap(p5, walk);
    let t6 = tap(p6, walk);
    let t7 = tap(p7, walk);
    let k = 1u * (((kernel + walk.tap_y) * params.kernel_width + walk.tap_x) * params.sums + walk.channel);
    {
      let v0 = loaded(t0);
      let w0 = weights(k, lane);
      a0 += w0 * v0;
      let v1 = loaded(t1);
      a1 += w0 * v1;
      let v2 = loaded(t2);
      a2 += w0 * v2;
      let v3 = loaded(t3);
      a3 += w0 * v3;
      let v4 = loaded(t4);
      a4 += w0 * v4;
      let v5 = loaded(t5);
      a5 += w0 * v5;
      let v6 = loaded(t6);
      a6 += w0 * v6;
      let v7 = loaded(t7);
      a7 += w0 * v7;
    }
    if (STEP > 1u) {
      let v0 = loaded(later(t0, p0, walk, 1u, columns));
      let w0 = weights(k + 1u * apart, lane);
      a0 += w0 * v0;
      let v1 = loaded(later(t1, p1, walk, 1u, columns));
      a1 += w0 * v1;
      let v2 = loaded(later(t2, p2, walk, 1u, columns));
      a2 += w0 * v2;
      let v3 = loaded(later(t3, p3, walk, 1u, columns));
      a3 += w0 * v3;
      let v4 = loaded(later(t4, p4, walk, 1u, columns));
      a4 += w0 * v4;
      let v5 = loaded(later(t5, p5, walk, 1u, columns));
      a5 += w0 * v5;
      let v6 = loaded(later(t6, p6, walk, 1u, columns));
      a6 += w0 * v6;
      let v7 = loaded(later(t7, p7, walk, 1u, columns));
      a7 += w0 * v7;
    }
    if (STEP > 2u) {
      let v0 = loaded(later(t0, p0, walk, 2u, columns));
      let w0 = weights(k + 2u * apart, lane);
      a0 += w0 * v0;
      let v1 = loaded(later(t1, p1, walk, 2u, columns));
      a1 += w0 * v1;
      let v2 = loaded(later(t2, p2, walk, 2u, columns));
      a2 += w0 * v2;
      let v3 = loaded(later(t3, p3, walk, 2u, columns));
      a3 += w0 * v3;
      let v4 = loaded(later(t4, p4, walk, 2u, columns));
      a4 += w0 * v4;
      let v5 = loaded(later(t5, p5, walk, 2u, columns));
      a5 += w0 * v5;
      let v6 = loaded(later(t6, p6, walk, 2u, columns));
      a6 += w0 * v6;
      let v7 = loaded(later(t7, p7, walk, 2u, columns));
      a7 += w0 * v7;
    }
    if (STEP > 3u) {
      let v0 = loaded(later(t0, p0, walk, 3u, columns));
      let w0 = weights(k + 3u * apart, lane);
      a0 += w0 * v0;
      let v1 = loaded(later(t1, p1, walk, 3u, columns));
      a1 += w0 * v1;
      let v2 = loaded(later(t2, p2, walk, 3u, columns));
      a2 += w0 * v2;
      let v3 = loaded(later(t3, p3, walk, 3u, columns));
      a3 += w0 * v3;
      let v4 = loaded(later(t4, p4, walk, 3u, columns));
      a4 += w0 * v4;
      let v5 = loaded(later(t5, p5, walk, 3u, columns));
      a5 += w0 * v5;
      let v6 = loaded(later(t6, p6, walk, 3u, columns));
      a6 += w0 * v6;
      let v7 = loaded(later(t7, p7, walk, 3u, columns));
      a7 += w0 * v7;
    }
    walk = further(walk, rows, columns);
  }
    if (MANY_TERMS == 1u) {
      count++;
      group_a0 += a0; a0 = vec4f();
      group_a1 += a1; a1 = vec4f();
      group_a2 += a2; a2 = vec4f();
      group_a3 += a3; a3 = vec4f();
      group_a4 += a4; a4 = vec4f();
      group_a5 += a5; a5 = vec4f();
      group_a6 += a6; a6 = vec4f();
      group_a7 += a7; a7 = vec4f();
      if (ends(count, most)) {
        total_a0 += group_a0; group_a0 = vec4f();
        total_a1 += group_a1; group_a1 = vec4f();
        total_a2 += group_a2; group_a2 = vec4f();
        total_a3 += group_a3; group_a3 = vec4f();
        total_a4 += group_a4; group_a4 = vec4f();
        total_a5 += group_a5; group_a5 = vec4f();
        total_a6 += group_a6; group_a6 = vec4f();
        total_a7 += group_a7; group_a7 = vec4f();
      }
    }
  }
  if (MANY_TERMS == 1u) {
    a0 = (total_a0 + group_a0) + a0;
    a1 = (total_a1 + group_a1) + a1;
    a2 = (total_a2 + group_a2) + a2;
    a3 = (total_a3 + group_a3) + a3;
    a4 = (total_a4 + group_a4) + a4;
    a5 = (total_a5 + group_a5) + a5;
    a6 = (total_a6 + group_a6) + a6;
    a7 = (total_a7 + group_a7) + a7;
  }

  let size = params.height * params.width;
  for (var j = 0u; j < 8u; j++) {
    if (number + j * LANES < pixels) {
      let bit0 = (j & 1u) != 0u;
      let bit1 = (j & 2u) != 0u;
      let bit2 = (j & 4u) != 0u;
      let at = select(select(select(p0.result, p1.result, bit0), select(p2.result, p3.result, bit0), bit1), select(select(p4.result, p5.result, bit0), select(p6.result, p7.result, bit0), bit1), bit2);
      let sum0 = select(select(select(a0, a1, bit0), select(a2, a3, bit0), bit1), select(select(a4, a5, bit0), select(a6, a7, bit0), bit1), bit2);
      store(at, own.tile * 4u + 0, size, sum0[0]);
      store(at, own.tile * 4u + 1, size, sum0[1]);
      store(at, own.tile * 4u + 2, size, sum0[2]);
      store(at, own.tile * 4u + 3, size, sum0[3]);
    }
  }
}
