// conv2d_pack — the weights of a convolution in the order in which conv2d reads them.
//
//   pack       packed[g, t, p, q, s, r] = w[g, channel t·TILE + r, sum channel s, p, q], or 0 past the last channel
//
// shapes     w [out, in, kernel_height, kernel_width] of `groups` blocks, row-major; which of out and in is the channel of
//            the result and which is summed over is a matter of strides: forward sums over in, by_input over out.
//            packed [groups, ⌈channels/TILE⌉, taps, sums, TILE]
// grid       one invocation per element of packed
// registers  at most 12 an invocation on RDNA 2 and 3; bound by memory or waits, not multiply-adds
// numerics   exact

//#include "lib/grid.wgsl"

const LANES = 64u;
const TILE = 16u;

struct Params {
  groups: u32,
  channels: u32,
  sums: u32,
  taps: u32,
  group_stride: u32, // elements of w from one group, channel and summed channel to the next
  channel_stride: u32,
  sum_stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> packed: array<f32>;

@compute @workgroup_size(LANES)
fn pack(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  let tiles = (params.channels + TILE - 1u) / TILE;
  if (i >= params.groups * tiles * params.taps * params.sums * TILE) { return; }
  let term = i / TILE;
  let place = term / params.sums;
  let tile = place / params.taps;
  let group = tile / tiles;
  let sum = term - place * params.sums;
  let tap = place - tile * params.taps;
  let channel = (tile - group * tiles) * TILE + (i - term * TILE);
  let at = group * params.group_stride + channel * params.channel_stride + sum * params.sum_stride + tap;
  packed[i] = select(0.0, w[at], channel < params.channels);
}
