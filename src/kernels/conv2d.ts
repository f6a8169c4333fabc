import { ceilDiv, type DeviceTraits, type Kernel, type Launch, type Launches } from "./launch.ts";
import {
  conv2d as plain,
  conv2d_narrow as narrow,
  conv2d_pack as packing,
  conv2d_quad as quad,
  conv2d_total as adding,
  conv2d_weight as weight,
  conv2d_weight_quad as weightQuad,
} from "./shaders.gen.ts";

/** A convolution of x [batch, inputChannels, inputHeight, inputWidth] to y [batch, outputChannels, outputHeight, outputWidth]. */
export interface Convolution {
  readonly batch: number;
  readonly groups: number;
  readonly inputChannels: number;
  readonly inputHeight: number;
  readonly inputWidth: number;
  readonly outputChannels: number;
  readonly outputHeight: number;
  readonly outputWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly dilationY: number;
  readonly dilationX: number;
  readonly padTop: number;
  readonly padLeft: number;
}

/** The register tiles of shaders/conv2d.mjs, and what a pixel costs with each on a software adapter, in multiplications. */
const WIDE = { channels: 16, pixels: 4, cost: 380 };
const NARROW = { channels: 4, pixels: 8, cost: 180 };
/** Channels and columns of a tile of the weight gradient. */
const TILE = 16;
/** Workgroups that keep a device busy. */
const BUSY = { software: 16, hardware: 1024 };
/** Fewest pixels an invocation of the weight gradient should add before it stores its sums. */
const FEWEST_TRIPS = 16;

const lanes = plain.forward.constants.LANES;
const taps = (c: Convolution) => c.kernelHeight * c.kernelWidth;
const flopsOf = (c: Convolution) =>
  (2 * c.batch * c.outputHeight * c.outputWidth * c.outputChannels * c.inputChannels * taps(c)) / c.groups;
const passesRound = (traits: DeviceTraits) => traits.software && traits.features.has("subgroups");

const windows = (c: Convolution) => ({
  kernel_height: c.kernelHeight,
  kernel_width: c.kernelWidth,
  stride_y: c.strideY,
  stride_x: c.strideX,
  dilation_y: c.dilationY,
  dilation_x: c.dilationX,
  pad_top: c.padTop,
  pad_left: c.padLeft,
});

/** y = x ⋆ w. Inputs x and w [out, in/groups, kh, kw]; output y. */
export function conv2d(c: Convolution, traits: DeviceTraits): Launches {
  const sums = c.inputChannels / c.groups;
  const channels = c.outputChannels / c.groups;
  return convolve(c, traits, {
    entry: "forward",
    sums,
    channels,
    source: [c.inputHeight, c.inputWidth],
    result: [c.outputHeight, c.outputWidth],
    channelStride: sums * taps(c),
    sumStride: taps(c),
    pixels: c.batch * c.outputHeight * c.outputWidth,
    phases: 1,
  });
}

/** ∂x of conv2d, and the transposed convolution. Inputs ∂y and w [out, in/groups, kh, kw]; output ∂x. */
export function conv2dInput(c: Convolution, traits: DeviceTraits): Launches {
  const sums = c.outputChannels / c.groups;
  const channels = c.inputChannels / c.groups;
  return convolve(c, traits, {
    entry: "by_input",
    sums,
    channels,
    source: [c.outputHeight, c.outputWidth],
    result: [c.inputHeight, c.inputWidth],
    channelStride: taps(c),
    sumStride: channels * taps(c),
    pixels: c.batch * ceilDiv(c.inputHeight, c.strideY) * ceilDiv(c.inputWidth, c.strideX),
    phases: c.strideY * c.strideX,
  });
}

interface Direction {
  readonly entry: "forward" | "by_input";
  readonly sums: number;
  readonly channels: number;
  readonly source: readonly [number, number];
  readonly result: readonly [number, number];
  readonly channelStride: number;
  readonly sumStride: number;
  /** Of the largest phase. */
  readonly pixels: number;
  readonly phases: number;
}

function convolve(c: Convolution, traits: DeviceTraits, d: Direction): Launches {
  const fewer = ceilDiv(d.channels, NARROW.channels) * NARROW.cost < ceilDiv(d.channels, WIDE.channels) * WIDE.cost;
  const tile = fewer ? NARROW : WIDE;
  const kernels = fewer ? narrow : passesRound(traits) ? quad : plain;
  const tiles = ceilDiv(d.channels, tile.channels);
  const packed = c.groups * tiles * tile.channels * taps(c) * d.sums;
  const pack: Launch = {
    kernel: packing.pack,
    constants: { TILE: tile.channels },
    bind: { w: { input: 1 }, packed: { scratch: 0 } },
    params: {
      groups: c.groups,
      channels: d.channels,
      sums: d.sums,
      taps: taps(c),
      group_stride: d.channels * d.sums * taps(c),
      channel_stride: d.channelStride,
      sum_stride: d.sumStride,
    },
    groups: [ceilDiv(packed, packing.pack.constants.LANES), 1, 1],
  };
  const main: Launch = {
    kernel: kernels[d.entry],
    constants: { STEP: d.sums % 2 === 0 ? 2 : 1 },
    bind: { source: { input: 0 }, packed: { scratch: 0 }, result: { output: 0 } },
    params: {
      batch: c.batch,
      groups: c.groups,
      sums: d.sums,
      channels: d.channels,
      source_height: d.source[0],
      source_width: d.source[1],
      height: d.result[0],
      width: d.result[1],
      ...windows(c),
    },
    groups: [ceilDiv(d.pixels, lanes * tile.pixels) * d.phases * c.groups * tiles, 1, 1],
    takesEpilogue: true,
  };
  return { launches: [pack, main], scratch: [packed * 4], flops: flopsOf(c) };
}

/** ∂w of conv2d. Inputs x and ∂y; output ∂w [out, in/groups, kh, kw]. */
export function conv2dWeight(c: Convolution, traits: DeviceTraits): Launches {
  const rows = c.outputChannels / c.groups;
  const channels = c.inputChannels / c.groups;
  const columns = channels * taps(c);
  const size = c.groups * rows * columns;
  const pixels = c.batch * c.outputHeight * c.outputWidth;
  const tiles = c.groups * ceilDiv(rows, TILE) * ceilDiv(columns, TILE);
  // fewer invocations share a tile where their partial sums would not fit one binding
  const share = [64, 16, 4].find((n) => size * n <= traits.maxBindingBytes) ?? 4;
  const walkers = share / 4;
  const fitting = Math.max(1, Math.floor(traits.maxBindingBytes / (size * share)));
  const busy = traits.software ? BUSY.software : BUSY.hardware;
  const wanted = Math.min(ceilDiv(busy, tiles), ceilDiv(pixels, walkers * FEWEST_TRIPS), fitting);
  const trips = 2 * Math.max(1, ceilDiv(pixels, 2 * walkers * Math.max(1, wanted)));
  const slices = Math.max(1, ceilDiv(pixels, trips * walkers));
  const kernel: Kernel = passesRound(traits) ? weightQuad.partial : weight.partial;
  const params = {
    batch: c.batch,
    groups: c.groups,
    rows,
    channels,
    source_height: c.inputHeight,
    source_width: c.inputWidth,
    height: c.outputHeight,
    width: c.outputWidth,
    ...windows(c),
    slices,
    trips,
  };
  return {
    launches: [
      {
        kernel,
        constants: { LANES: share },
        bind: { source: { input: 0 }, gradient: { input: 1 }, part: { scratch: 0 } },
        params,
        groups: [slices * tiles, 1, 1],
      },
      {
        kernel: adding.total,
        bind: { part: { scratch: 0 }, w: { output: 0 } },
        params: { parts: slices * walkers, size },
        groups: [ceilDiv(size, lanes), 1, 1],
        takesEpilogue: true,
      },
    ],
    scratch: [slices * walkers * size * 4],
    flops: flopsOf(c),
  };
}
