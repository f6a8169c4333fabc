import { type Convolution, flopsOf, sharedStep, taps, windowClass, windows } from "./convolution.ts";
import { defaultsFor, prefersQuadSwap } from "./defaults.ts";
import {
  ceilDiv,
  chosen,
  type DeviceTraits,
  hasManyTerms,
  type Kernel,
  type Launch,
  type Launches,
  sizeClass,
  type Variants,
} from "./launch.ts";
import { conv2d_weight as tiled } from "./shaders/conv2d_weight.gen.ts";
import { conv2d_weight_direct as direct } from "./shaders/conv2d_weight_direct.gen.ts";
import { conv2d_weight_quadswap as quadSwap } from "./shaders/conv2d_weight_quadswap.gen.ts";
import { total as adding } from "./shaders/total.gen.ts";

export type WeightVariant = "tiled" | "quadSwap" | "direct";

/** Channels and columns of a tile of the weight gradient. */
const TILE = 16;
/** Fewest pixels an invocation of the weight gradient should add before it stores its sums. */
const MIN_K_STEPS = 16;

/** The kernels that can do what `conv2dWeight` does. */
export const conv2dWeightVariants = (c: Convolution, traits: DeviceTraits): Variants<WeightVariant> => {
  const pixels = c.batch * c.outputHeight * c.outputWidth;
  return {
    class: `conv2d.weight ${sizeClass(pixels, c.outputChannels / c.groups, c.inputChannels / c.groups)} ${windowClass(c)}`,
    names: traits.features.has("subgroups") ? ["tiled", "quadSwap", "direct"] : ["tiled", "direct"],
    terms: pixels,
  };
};

/** Rows of three taps that conv2d_weight_direct goes through for the price of a tile of the others. */
const THREES_A_TILE = 12;

/** The direct kernel where tiles of 16 × 16 would be mostly empty. */
function standardForWeight(c: Convolution, traits: DeviceTraits): WeightVariant {
  const [rows, channels] = [c.outputChannels / c.groups, c.inputChannels / c.groups];
  const threes = rows * channels * c.kernelHeight * ceilDiv(c.kernelWidth, 3);
  const tiles = ceilDiv(rows, TILE) * ceilDiv(channels * taps(c), TILE);
  if (threes < THREES_A_TILE * tiles) return "direct";
  return prefersQuadSwap(traits) ? "quadSwap" : "tiled";
}

/** ∂w of conv2d. Inputs x and ∂y; outputs ∂w [out, in/groups, kh, kw], and with `sums` those of ∂y for each channel [out]. */
export function conv2dWeight(c: Convolution, sums: boolean, traits: DeviceTraits): Launches {
  const variant = chosen(conv2dWeightVariants(c, traits), traits) ?? standardForWeight(c, traits);
  return variant === "direct" ? weightDirectly(c, sums, traits) : weightInTiles(c, sums, traits, variant);
}

/** Columns of a row of ∂w: its elements, and one for the sum of ∂y. */
const columnsOf = (c: Convolution, sums: boolean) => (c.inputChannels / c.groups) * taps(c) + Number(sums);

/** Dispatches of partial sums over `slices` parts of the pixels, and of their total. */
function weightLaunches(
  c: Convolution,
  sums: boolean,
  partial: Pick<Launch, "kernel" | "constants" | "groups">,
  { kSlices, kSteps, partials }: { readonly kSlices: number; readonly kSteps: number; readonly partials: number },
): Launches {
  const [rows, channels] = [c.outputChannels / c.groups, c.inputChannels / c.groups];
  const columns = columnsOf(c, sums);
  const size = c.outputChannels * columns;
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
    k_slices: kSlices,
    k_steps: kSteps,
  };
  return {
    launches: [
      {
        ...partial,
        constants: { ...partial.constants, SUMS: Number(sums) },
        bind: { source: { input: 0 }, gradient: { input: 1 }, part: { scratch: 0 } },
        params,
      },
      {
        kernel: sums ? adding.total_and_sums : adding.total,
        bind: { part: { scratch: 0 }, y: { output: 0 }, ...(sums ? { sums: { output: 1 } } : {}) },
        params: { k_slices: partials, size, columns: columns - Number(sums) },
        groups: [ceilDiv(size, adding.total.constants.LANES), 1, 1],
        takesEpilogue: true,
      },
    ],
    scratch: [partials * size * 4],
    flops: flopsOf(c),
  };
}

function weightDirectly(c: Convolution, sums: boolean, traits: DeviceTraits): Launches {
  const kernel = direct.partial;
  const threes = (c.outputChannels * c.inputChannels * c.kernelHeight * ceilDiv(c.kernelWidth, 3)) / c.groups;
  const lines = c.batch * c.outputHeight;
  const { minWorkgroups } = defaultsFor(traits).conv2d;
  const kSteps = ceilDiv(lines, Math.min(lines, ceilDiv(minWorkgroups * kernel.constants.LANES, threes)));
  const kSlices = ceilDiv(lines, kSteps);
  const constants = { SHARED: sharedStep(c.strideX, c.dilationX), WHOLE: Number(c.outputWidth % 4 === 0) };
  const groups = [ceilDiv(kSlices * threes, kernel.constants.LANES), 1, 1] as const;
  return weightLaunches(c, sums, { kernel, constants, groups }, { kSlices, kSteps, partials: kSlices });
}

function weightInTiles(c: Convolution, sums: boolean, traits: DeviceTraits, variant: "tiled" | "quadSwap"): Launches {
  const rows = c.outputChannels / c.groups;
  const columns = columnsOf(c, sums);
  const size = c.outputChannels * columns;
  const pixels = c.batch * c.outputHeight * c.outputWidth;
  const tiles = c.groups * ceilDiv(rows, TILE) * ceilDiv(columns, TILE);
  // fewer invocations share a tile where their partial sums would not fit one binding
  const invocations = [64, 16, 4].find((n) => size * n <= traits.maxBindingBytes) ?? 4;
  const walkers = invocations / 4;
  const fitting = Math.max(1, Math.floor(traits.maxBindingBytes / (size * invocations)));
  const { minWorkgroups } = defaultsFor(traits).conv2d;
  const wanted = Math.min(ceilDiv(minWorkgroups, tiles), ceilDiv(pixels, walkers * MIN_K_STEPS), fitting);
  const kSteps = 2 * Math.max(1, ceilDiv(pixels, 2 * walkers * Math.max(1, wanted)));
  const kSlices = Math.max(1, ceilDiv(pixels, kSteps * walkers));
  const kernel: Kernel = variant === "quadSwap" ? quadSwap.partial : tiled.partial;
  return weightLaunches(
    c,
    sums,
    { kernel, constants: { LANES: invocations, ...hasManyTerms(kSteps) }, groups: [kSlices * tiles, 1, 1] },
    { kSlices, kSteps, partials: kSlices * walkers },
  );
}
