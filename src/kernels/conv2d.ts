import { defaultsFor, passesRound } from "./defaults.ts";
import {
  ceilDiv,
  chosen,
  type DeviceTraits,
  type Kernel,
  type Launch,
  type Launches,
  sizeClass,
  type Variants,
} from "./launch.ts";
import {
  conv2d as plain,
  conv2d_direct as direct,
  conv2d_narrow as narrow,
  conv2d_pack as packing,
  conv2d_quad as quad,
  conv2d_weight as weight,
  conv2d_weight_quad as weightQuad,
  total as adding,
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

/** The kernels of shaders/conv2d.mjs, and their register tiles. */
const TILED = {
  wide: { kernels: plain, channels: 16, pixels: 4 },
  narrow: { kernels: narrow, channels: 4, pixels: 8 },
  quad: { kernels: quad, channels: 16, pixels: 4 },
} as const;
type Tiling = keyof typeof TILED;
export type ConvolutionVariant = Tiling | "direct";
export type WeightVariant = "plain" | "quad";

/** Channels that are summed over, up to which packing weights and filling tiles is not worth it. */
const FEW_SUMS = 3;
/** Channels and columns of a tile of the weight gradient. */
const TILE = 16;
/** Fewest pixels an invocation of the weight gradient should add before it stores its sums. */
const FEWEST_TRIPS = 16;

const lanes = plain.forward.constants.LANES;
const taps = (c: Convolution) => c.kernelHeight * c.kernelWidth;
const flopsOf = (c: Convolution) =>
  (2 * c.batch * c.outputHeight * c.outputWidth * c.outputChannels * c.inputChannels * taps(c)) / c.groups;
/** What a class of sizes says of the window. */
const windowClass = (c: Convolution) =>
  `window ${c.kernelHeight}×${c.kernelWidth} stride ${c.strideY}×${c.strideX} groups ${c.groups}`;

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
export const conv2d = (c: Convolution, traits: DeviceTraits): Launches => convolve(c, traits, forward(c));

/** ∂x of conv2d, and the transposed convolution. Inputs ∂y and w [out, in/groups, kh, kw]; output ∂x. */
export const conv2dInput = (c: Convolution, traits: DeviceTraits): Launches => convolve(c, traits, byInput(c));

/** The kernels that can do what `conv2d` does, and those for `conv2dInput`. */
export const conv2dVariants = (c: Convolution, traits: DeviceTraits) => variantsOf(c, traits, forward(c));
export const conv2dInputVariants = (c: Convolution, traits: DeviceTraits) => variantsOf(c, traits, byInput(c));

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

function forward(c: Convolution): Direction {
  const sums = c.inputChannels / c.groups;
  return {
    entry: "forward",
    sums,
    channels: c.outputChannels / c.groups,
    source: [c.inputHeight, c.inputWidth],
    result: [c.outputHeight, c.outputWidth],
    channelStride: sums * taps(c),
    sumStride: taps(c),
    pixels: c.batch * c.outputHeight * c.outputWidth,
    phases: 1,
  };
}

function byInput(c: Convolution): Direction {
  const channels = c.inputChannels / c.groups;
  return {
    entry: "by_input",
    sums: c.outputChannels / c.groups,
    channels,
    source: [c.outputHeight, c.outputWidth],
    result: [c.inputHeight, c.inputWidth],
    channelStride: taps(c),
    sumStride: channels * taps(c),
    pixels: c.batch * ceilDiv(c.inputHeight, c.strideY) * ceilDiv(c.inputWidth, c.strideX),
    phases: c.strideY * c.strideX,
  };
}

function variantsOf(c: Convolution, traits: DeviceTraits, d: Direction): Variants<ConvolutionVariant> {
  const tilings: ConvolutionVariant[] = traits.features.has("subgroups")
    ? ["wide", "narrow", "quad"]
    : ["wide", "narrow"];
  return {
    class: `conv2d.${d.entry} ${sizeClass(d.pixels, d.channels, d.sums)} ${windowClass(c)}`,
    names: goesDirect(d) ? [...tilings, "direct"] : tilings,
    terms: d.sums * taps(c),
  };
}

/** Whether conv2d_direct can do it: without gaps between the pixels of the source that meet a tap. */
const goesDirect = ({ entry, phases }: Direction): boolean => entry === "forward" || phases === 1;

/** The direct kernel for few sums, else the tile that wastes least where channels do not fill the wide one. */
function standard(d: Direction, traits: DeviceTraits): ConvolutionVariant {
  const { channels } = d;
  if (d.sums <= FEW_SUMS && goesDirect(d)) return "direct";
  const { conv2d: cost } = defaultsFor(traits);
  const fewer =
    ceilDiv(channels, TILED.narrow.channels) * cost.narrow < ceilDiv(channels, TILED.wide.channels) * cost.wide;
  return fewer ? "narrow" : passesRound(traits) ? "quad" : "wide";
}

function convolve(c: Convolution, traits: DeviceTraits, d: Direction): Launches {
  const variant = chosen(variantsOf(c, traits, d), traits) ?? standard(d, traits);
  return variant === "direct" ? convolveDirectly(c, d) : convolveTiled(c, d, variant);
}

const sizesOf = (c: Convolution, d: Direction) => ({
  batch: c.batch,
  groups: c.groups,
  sums: d.sums,
  channels: d.channels,
  source_height: d.source[0],
  source_width: d.source[1],
  height: d.result[0],
  width: d.result[1],
  ...windows(c),
});

/** At stride 1 the gradient by the input is a convolution with the taps in reverse. */
function convolveDirectly(c: Convolution, d: Direction): Launches {
  const { LANES, PIXELS } = direct.forward.constants;
  const isFlipped = d.entry === "by_input";
  const padding = isFlipped && {
    pad_top: c.dilationY * (c.kernelHeight - 1) - c.padTop,
    pad_left: c.dilationX * (c.kernelWidth - 1) - c.padLeft,
  };
  const each = d.channels === 1 ? 1 : 4;
  const invocations = c.batch * c.groups * ceilDiv(d.channels, each) * d.result[0] * ceilDiv(d.result[1], PIXELS);
  return {
    flops: flopsOf(c),
    launches: [
      {
        kernel: direct.forward,
        constants: { CHANNELS: each, FLIPPED: Number(isFlipped) },
        bind: { source: { input: 0 }, w: { input: 1 }, result: { output: 0 } },
        params: {
          ...sizesOf(c, d),
          ...padding,
          group_stride: d.channels * d.sums * taps(c),
          channel_stride: d.channelStride,
          sum_stride: d.sumStride,
        },
        groups: [ceilDiv(invocations, LANES), 1, 1],
        takesEpilogue: true,
      },
    ],
  };
}

function convolveTiled(c: Convolution, d: Direction, variant: Tiling): Launches {
  const { kernels, ...tile } = TILED[variant];
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
    params: sizesOf(c, d),
    groups: [ceilDiv(d.pixels, lanes * tile.pixels) * d.phases * c.groups * tiles, 1, 1],
    takesEpilogue: true,
  };
  return { launches: [pack, main], scratch: [packed * 4], flops: flopsOf(c) };
}

/** The kernels that can do what `conv2dWeight` does. */
export const conv2dWeightVariants = (c: Convolution, traits: DeviceTraits): Variants<WeightVariant> => {
  const pixels = c.batch * c.outputHeight * c.outputWidth;
  return {
    class: `conv2d.weight ${sizeClass(pixels, c.outputChannels / c.groups, c.inputChannels / c.groups)} ${windowClass(c)}`,
    names: traits.features.has("subgroups") ? ["plain", "quad"] : ["plain"],
    terms: pixels,
  };
};

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
  const { busy } = defaultsFor(traits).conv2d;
  const wanted = Math.min(ceilDiv(busy, tiles), ceilDiv(pixels, walkers * FEWEST_TRIPS), fitting);
  const trips = 2 * Math.max(1, ceilDiv(pixels, 2 * walkers * Math.max(1, wanted)));
  const slices = Math.max(1, ceilDiv(pixels, trips * walkers));
  const variant = chosen(conv2dWeightVariants(c, traits), traits) ?? (passesRound(traits) ? "quad" : "plain");
  const kernel: Kernel = variant === "quad" ? weightQuad.partial : weight.partial;
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
        bind: { part: { scratch: 0 }, y: { output: 0 } },
        params: { parts: slices * walkers, size },
        groups: [ceilDiv(size, lanes), 1, 1],
        takesEpilogue: true,
      },
    ],
    scratch: [slices * walkers * size * 4],
    flops: flopsOf(c),
  };
}
