import {
  byInput,
  type Convolution,
  type Direction,
  flopsOf,
  forward,
  sharedStep,
  sizesOf,
  stridesOf,
  taps,
  windowClass,
  windows,
} from "./convolution.ts";
import { defaultsFor, prefersQuadSwap } from "./defaults.ts";
import {
  ceilDiv,
  chosen,
  type DeviceTraits,
  hasManyTerms,
  type Launch,
  type Launches,
  sizeClass,
  type Variants,
} from "./launch.ts";
import {
  admits,
  blockMOf,
  cheapest,
  hasTeams,
  isTiled,
  launchesInTiles,
  type MatmulShape,
  type Tiled,
  tiledNames,
} from "./matmulTiles.ts";
import { conv2d as tiled } from "./shaders/conv2d.gen.ts";
import { conv2d_direct as direct } from "./shaders/conv2d_direct.gen.ts";
import { conv2d_4x8 as tile4x8 } from "./shaders/conv2d_4x8.gen.ts";
import { conv2d_pack as packing } from "./shaders/conv2d_pack.gen.ts";
import { conv2d_quadswap as quadSwap } from "./shaders/conv2d_quadswap.gen.ts";
import { conv2d_input_stride2 as inputStride2 } from "./shaders/conv2d_input_stride2.gen.ts";

/** The kernels of shaders/lib/conv2d_tiles.wgsl, and their register tiles. */
const REGISTERS = {
  tile4x8: { kernels: tile4x8, channels: 4, pixels: 8 },
  quadSwap: { kernels: quadSwap, channels: 16, pixels: 4 },
} as const;
type InRegisters = keyof typeof REGISTERS;
export type ConvolutionVariant = Tiled | InRegisters | "direct" | "inputStride2";

/** Terms that an iteration of theirs takes at most. */
const MAX_STEP = 4;

/** Channels that are summed over, up to which packing weights and filling tiles is not worth it. */
const MAX_SUMS_FOR_DIRECT = 3;
const lanes = quadSwap.forward.constants.LANES;

/** y = x ⋆ w. Inputs x and w [out, in/groups, kh, kw]; output y. */
export const conv2d = (c: Convolution, traits: DeviceTraits): Launches => convolve(c, traits, forward(c));

/** ∂x of conv2d, and the transposed convolution. Inputs ∂y and w [out, in/groups, kh, kw]; output ∂x. */
export const conv2dInput = (c: Convolution, traits: DeviceTraits): Launches => convolve(c, traits, byInput(c));

/** The kernels that can do what `conv2d` does, and those for `conv2dInput`. */
export const conv2dVariants = (c: Convolution, traits: DeviceTraits) => variantsOf(c, traits, forward(c));
export const conv2dInputVariants = (c: Convolution, traits: DeviceTraits) => variantsOf(c, traits, byInput(c));

function variantsOf(c: Convolution, traits: DeviceTraits, d: Direction): Variants<ConvolutionVariant> {
  const shape = shapeOf(c, d);
  const isWanted = (name: Tiled) => traits.family !== "software" || name === "tiled32x32";
  const tilings = tiledNames.filter((name) => isWanted(name) && !hasTeams(name) && admits(name, shape, traits));
  const admitted = {
    tile4x8: true,
    quadSwap: traits.features.has("subgroups"),
    direct: admitsDirect(d),
    inputStride2: admitsInputStride2(c, d),
  } satisfies { readonly [variant in Exclude<ConvolutionVariant, Tiled>]: boolean };
  const others = (Object.keys(admitted) as (keyof typeof admitted)[]).filter((variant) => admitted[variant]);
  return {
    class: `conv2d.${d.entry} ${sizeClass(d.pixels, d.channels, d.sums)} ${windowClass(c)}`,
    names: [...others, ...tilings],
    terms: d.sums * taps(c),
  };
}

/** Taps of a phase along an axis, at most. */
function tapsOfPhase(kernel: number, stride: number, dilation: number): number {
  let step = 1;
  while ((step * dilation) % stride !== 0) step++;
  return ceilDiv(kernel, step);
}

/** The product that conv2d.wgsl makes of it. */
function shapeOf(c: Convolution, { entry, sums, channels, pixels, phases }: Direction): MatmulShape {
  const ofPhase =
    tapsOfPhase(c.kernelHeight, c.strideY, c.dilationY) * tapsOfPhase(c.kernelWidth, c.strideX, c.dilationX);
  const { TEAM_K } = tiled.convolve.constants;
  return {
    stacks: c.groups * phases,
    rows: channels,
    columns: pixels,
    inner: ceilDiv(sums, TEAM_K) * TEAM_K * (entry === "forward" ? taps(c) : ofPhase),
    aStack: 0,
    bStack: 0,
    transposeA: false,
    transposeB: false,
  };
}

/** Whether conv2d_direct can do it: without gaps between the pixels of the source that meet a tap. */
const admitsDirect = ({ entry, phases }: Direction): boolean => entry === "forward" || phases === 1;

/** Whether conv2d_input_stride2 can do it. */
const admitsInputStride2 = (c: Convolution, { entry }: Direction): boolean =>
  entry === "by_input" && c.strideX === 2 && c.strideY === 2 && c.dilationX === 1 && c.dilationY === 1;

/** The direct kernel for few sums, the one for inputs at stride 2 for few channels, else the tile that wastes least. */
function standard(c: Convolution, d: Direction, traits: DeviceTraits): ConvolutionVariant {
  const { channels } = d;
  const { conv2d: cost, matmul } = defaultsFor(traits);
  const quadSwap = prefersQuadSwap(traits);
  if (d.sums <= MAX_SUMS_FOR_DIRECT && admitsDirect(d) && (!quadSwap || channels <= cost.maxChannelsForDirect))
    return "direct";
  if (channels <= cost.maxChannelsForInputStride2 && admitsInputStride2(c, d)) return "inputStride2";
  if (channels <= cost.maxChannelsFor4x8) return "tile4x8";
  if ("costPerK" in matmul) return cheapest(shapeOf(c, d), traits, matmul, (name) => !hasTeams(name)) ?? "tile4x8";
  return quadSwap ? "quadSwap" : "tile4x8";
}

function convolve(c: Convolution, traits: DeviceTraits, d: Direction): Launches {
  const variant = chosen(variantsOf(c, traits, d), traits) ?? standard(c, d, traits);
  if (variant === "direct") return convolveDirectly(c, d);
  if (variant === "inputStride2") return convolveInputStride2(c, d);
  return isTiled(variant) ? convolveInTiles(c, d, traits, variant) : convolveInRegisters(c, d, variant);
}

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
  const workgroups = ceilDiv(invocations, LANES);
  return {
    flops: flopsOf(c),
    launches: [
      {
        kernel: direct.forward,
        constants: {
          CHANNELS: each,
          FLIPPED: Number(isFlipped),
          SHARED: sharedStep(isFlipped ? 1 : c.strideX, c.dilationX),
          WHOLE: Number(d.result[1] % PIXELS === 0),
          ...hasManyTerms(d.sums * taps(c)),
        },
        bind: { source: { input: 0 }, w: { input: 1 }, result: { output: 0 } },
        params: {
          ...sizesOf(c, d),
          ...windows(c),
          ...padding,
          ...stridesOf(c, d),
        },
        groups: [workgroups, 1, 1],
        takesEpilogue: true,
        partialSums: workgroups * LANES,
      },
    ],
  };
}

/** Two rows and 16 columns of the result at a time. */
function convolveInputStride2(c: Convolution, d: Direction): Launches {
  const { LANES } = inputStride2.by_input.constants;
  const halves = (size: number, pad: number) => Math.ceil((size + pad) / 2) - Math.floor(pad / 2);
  const runs = ceilDiv(halves(c.inputWidth, c.padLeft), 8);
  const invocations = c.batch * c.groups * d.channels * halves(c.inputHeight, c.padTop) * runs;
  const workgroups = ceilDiv(invocations, LANES);
  return {
    flops: flopsOf(c),
    launches: [
      {
        kernel: inputStride2.by_input,
        constants: hasManyTerms((d.sums * taps(c)) / 4),
        bind: { source: { input: 0 }, w: { input: 1 }, result: { output: 0 } },
        params: {
          ...sizesOf(c, d),
          kernel_height: c.kernelHeight,
          kernel_width: c.kernelWidth,
          pad_top: c.padTop,
          pad_left: c.padLeft,
          ...stridesOf(c, d),
        },
        groups: [workgroups, 1, 1],
        takesEpilogue: true,
        partialSums: workgroups * LANES,
      },
    ],
  };
}

/** The constants STEP and STEP_ALONG_ROW of shaders/lib/conv2d.wgsl. */
function stepOf(c: Convolution, { entry, sums }: Direction): { STEP: number; STEP_ALONG_ROW: number } {
  const tapsOfRow = entry === "forward" ? c.kernelWidth : ceilDiv(c.kernelWidth, c.strideX);
  if (sums === 1) return { STEP: Math.min(MAX_STEP, tapsOfRow), STEP_ALONG_ROW: 1 };
  return { STEP: [4, 3, 2].find((step) => sums % step === 0) ?? 1, STEP_ALONG_ROW: 0 };
}

/** What packs the weights for `kernels` of TILE channels, and how many floats they are then. */
function packedFor(c: Convolution, d: Direction, tile: number): { readonly pack: Launch; readonly packed: number } {
  const packed = c.groups * ceilDiv(d.channels, tile) * tile * taps(c) * d.sums;
  const pack: Launch = {
    kernel: packing.pack,
    constants: { TILE: tile },
    bind: { w: { input: 1 }, packed: { scratch: 0 } },
    params: {
      groups: c.groups,
      channels: d.channels,
      sums: d.sums,
      taps: taps(c),
      ...stridesOf(c, d),
    },
    groups: [ceilDiv(packed, packing.pack.constants.LANES), 1, 1],
  };
  return { pack, packed };
}

function convolveInTiles(c: Convolution, d: Direction, traits: DeviceTraits, variant: Tiled): Launches {
  const { pack, packed } = packedFor(c, d, blockMOf(variant));
  const { launches, ...rest } = launchesInTiles(variant, shapeOf(c, d), traits, {
    kernel: tiled.convolve,
    constants: {
      BY_INPUT: Number(d.entry === "by_input"),
      WHOLE: Number(d.sums % tiled.convolve.constants.TEAM_K === 0),
    },
    bind: { source: { input: 0 }, packed: { scratch: 0 } },
    params: { ...sizesOf(c, d), ...windows(c) },
    result: "result",
    size: c.batch * c.groups * d.channels * d.result[0] * d.result[1],
    flops: flopsOf(c),
    scratch: [packed * 4],
  });
  return { ...rest, launches: [pack, ...launches] };
}

function convolveInRegisters(c: Convolution, d: Direction, variant: InRegisters): Launches {
  const { kernels, ...tile } = REGISTERS[variant];
  const tiles = ceilDiv(d.channels, tile.channels);
  const { pack, packed } = packedFor(c, d, tile.channels);
  const workgroups = ceilDiv(d.pixels, lanes * tile.pixels) * d.phases * c.groups * tiles;
  const main: Launch = {
    kernel: kernels[d.entry],
    constants: { ...stepOf(c, d), WHOLE: Number(d.channels % tile.channels === 0), ...hasManyTerms(d.sums * taps(c)) },
    bind: { source: { input: 0 }, packed: { scratch: 0 }, result: { output: 0 } },
    params: { ...sizesOf(c, d), ...windows(c) },
    groups: [workgroups, 1, 1],
    takesEpilogue: true,
    partialSums: workgroups * lanes,
  };
  return { launches: [pack, main], scratch: [packed * 4], flops: flopsOf(c) };
}
