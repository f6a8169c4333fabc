import { defaultsFor } from "./defaults.ts";
import {
  ceilDiv,
  chosen,
  type DeviceTraits,
  hasManyTerms,
  type Kernel,
  type Launch,
  type Launches,
  type Variants,
} from "./launch.ts";
import {
  admits,
  cheapest,
  classOf,
  isTiled,
  type MatmulShape,
  type Tiled,
  tiledLaunches,
  tiledNames,
} from "./matmulTiles.ts";
import { matmul_broadcast as broadcast } from "./shaders/matmul_broadcast.gen.ts";
import { matmul_register_tiled as registerTiled } from "./shaders/matmul_register_tiled.gen.ts";
import { matmul_naive as naive } from "./shaders/matmul_naive.gen.ts";
import { matmul_quadswap as quadSwap } from "./shaders/matmul_quadswap.gen.ts";
import { matmul_quadswap_any as quadSwapAny } from "./shaders/matmul_quadswap_any.gen.ts";
import { matmul_quadswap_small as quadSwapSmall } from "./shaders/matmul_quadswap_small.gen.ts";
import { matmul_tall_skinny as tallSkinny } from "./shaders/matmul_tall_skinny.gen.ts";

export type { MatmulShape } from "./matmulTiles.ts";

/** Kernels whose tile of c is one and the same, and that tile. */
const FIXED = {
  quadSwap: { kernel: quadSwap, tile: [32, 32] },
  quadSwapSmall: { kernel: quadSwapSmall, tile: [16, 16] },
  quadSwapAny: { kernel: quadSwapAny, tile: [32, 32] },
  registerTiled: { kernel: registerTiled, tile: [8, 512] },
} as const;
/** More multiplications than this would keep matmul_naive for seconds on a software adapter. */
const MAX_NAIVE_MULTIPLIES = 2 ** 27;
/** Most rows, or columns, that matmul_tall_skinny holds. */
const MAX_SKINNY = 8;
/** Workgroups of matmul_tall_skinny that keep a device busy. */
const MIN_CONCURRENT_STRIPS = 512;

type Fixed = keyof typeof FIXED;
export type MatmulVariant = Fixed | Tiled | "naive" | "tallSkinny" | "broadcast";

const tilesOf = (variant: Fixed, { stacks, rows, columns }: MatmulShape) => {
  const [blockM, blockN] = FIXED[variant].tile;
  return stacks * ceilDiv(rows, blockM) * ceilDiv(columns, blockN);
};

const lanesOf = ({ workgroup }: Kernel) => workgroup.reduce((a, b) => a * b, 1);

/** Whether each vec4f of matmul_quadswap lies within one row of a matrix, and starts at a multiple of 16 bytes. */
const aligned = ({ rows, columns, inner, aStack, bStack, transposeA }: MatmulShape) =>
  [inner, columns, aStack, bStack, transposeA ? rows : 4].every((extent) => extent % 4 === 0);

const isTallSkinny = ({ rows, columns }: MatmulShape) => Math.min(rows, columns) <= MAX_SKINNY;

/** What a software adapter is worth measuring: kernels for GPUs take it seconds to compile, each. */
const SOFTWARE: ReadonlySet<MatmulVariant> = new Set([
  "naive",
  "registerTiled",
  "tiled32x32",
  "broadcast",
  "quadSwapAny",
  "quadSwap",
  "quadSwapSmall",
]);

/** The kernels to choose from for this product. */
export function matmulVariants(shape: MatmulShape, traits: DeviceTraits): Variants<MatmulVariant> {
  const able = matmulKernels(shape, traits);
  return {
    class: `${classOf(shape)}${aligned(shape) ? " aligned" : ""}`,
    names: traits.family === "software" ? able.filter((name) => SOFTWARE.has(name)) : able,
    terms: shape.inner,
  };
}

/** The kernels that can make this product, the simplest first. */
export function matmulKernels(shape: MatmulShape, traits: DeviceTraits): MatmulVariant[] {
  const { stacks, rows, columns, inner, symmetric } = shape;
  const hasQuads = traits.features.has("subgroups");
  const tilings = tiledNames.map((name) => [name, admits(name, shape, traits)] as const);
  const admitted = {
    naive: stacks * rows * columns * inner <= MAX_NAIVE_MULTIPLIES,
    registerTiled: true,
    ...(Object.fromEntries(tilings) as { readonly [name in Tiled]: boolean }),
    tallSkinny: isTallSkinny(shape) && !symmetric,
    broadcast: hasQuads && aligned(shape) && !symmetric,
    quadSwapAny: hasQuads,
    quadSwap: hasQuads && aligned(shape),
    quadSwapSmall: hasQuads && aligned(shape),
  } satisfies { readonly [variant in MatmulVariant]: boolean };
  return (Object.keys(admitted) as MatmulVariant[]).filter((variant) => admitted[variant]);
}

/** What tuning chose, else the default for the family of adapters. */
function variantFor(shape: MatmulShape, traits: DeviceTraits): MatmulVariant {
  const variants = { ...matmulVariants(shape, traits), names: matmulKernels(shape, traits) };
  return chosen(variants, traits) ?? standard(shape, traits);
}

/** "naive" where a tile would be mostly empty; else what its family's costs make the cheapest. */
function standard(shape: MatmulShape, traits: DeviceTraits): MatmulVariant {
  const { matmul } = defaultsFor(traits);
  if ("costPerK" in matmul) {
    if (isTallSkinny(shape) && !shape.symmetric && shape.inner >= matmul.minInnerForTallSkinny) return "tallSkinny";
    if (shape.rows * shape.columns <= matmul.maxElementsForNaive) return "naive";
    // none fits where the result nearly fills a binding: tiles' scratch is as large as the result, padded to whole tiles
    return cheapest(shape, traits, matmul) ?? "registerTiled";
  }
  const { stacks, rows, columns, inner } = shape;
  const isSmall = 2 * stacks * rows * columns * inner <= matmul.maxFlopsForSmallTile;
  const swapped = isSmall ? "quadSwapSmall" : "quadSwap";
  const tiling = !traits.features.has("subgroups") ? "registerTiled" : aligned(shape) ? swapped : "quadSwapAny";
  const naiveCost = ceilDiv(stacks * rows * columns, 4) * matmul.naive;
  return naiveCost < tilesOf(tiling, shape) * matmul[tiling] ? "naive" : tiling;
}

/**
 * c = op(a)·op(b), and with `rowSums` the sums of op(a)'s rows: inputs a, b; outputs c [stacks, rows, columns], sums [stacks, rows].
 *
 * Sums run in a fixed order, so results are the same bits from run to run on one device.
 */
export function matmul(shape: MatmulShape, traits: DeviceTraits): Launches {
  const variant = variantFor(shape, traits);
  if (isTiled(variant)) return tiledLaunches(variant, shape, traits);
  const { stacks, rows, columns, inner, rowSums } = shape;
  const constants = { TRANSPOSE_A: Number(shape.transposeA), TRANSPOSE_B: Number(shape.transposeB) };
  const halves = { SYMMETRIC: Number(shape.symmetric === true) };
  // tiles of a fixed size add four products at once
  const levels = hasManyTerms(variant in FIXED ? ceilDiv(inner, 4) : inner);
  const params = { stacks, rows, columns, inner, a_stack: shape.aStack, b_stack: shape.bStack };
  const bind = { a: { input: 0 }, b: { input: 1 }, c: { output: 0 } };
  const sums = { sums: { output: 1 } };
  const flops = 2 * stacks * rows * columns * inner;
  const launch = (kernel: Kernel, groups: number): Launch => ({
    kernel,
    constants: { ...constants, ...levels, ...("SYMMETRIC" in kernel.constants ? halves : {}) },
    params,
    bind,
    groups: [groups, 1, 1],
    takesEpilogue: true,
  });
  if (variant in FIXED) {
    const fixed = variant as Fixed;
    const { kernel } = FIXED[fixed];
    const tiles = tilesOf(fixed, shape);
    const whole = rowSums
      ? { ...launch(kernel.product_and_sums, tiles), bind: { ...bind, ...sums } }
      : { ...launch(kernel.product, tiles), partialSums: tiles * lanesOf(kernel.product) };
    return { flops, launches: [whole] };
  }
  const product = {
    naive: () => launch(naive.product, ceilDiv(stacks * rows * columns, naive.product.constants.LANES)),
    broadcast: () => withPartialSums(launch(broadcast.product, mostSharedTiles(shape))),
    tallSkinny: () => withPartialSums(tallSkinnyLaunch(shape, launch(tallSkinny.product, 0))),
  }[variant as "naive" | "broadcast" | "tallSkinny"]();
  const totals = {
    ...launch(naive.row_sums, ceilDiv(stacks * rows, naive.row_sums.constants.LANES)),
    bind: { a: { input: 0 }, ...sums },
    takesEpilogue: false,
  };
  return { flops, launches: [product, ...(rowSums ? [totals] : [])] };
}

/** Each invocation keeps a running sum of its epilogue's elements. */
const withPartialSums = (launch: Launch): Launch => ({
  ...launch,
  partialSums: launch.groups[0] * lanesOf(launch.kernel),
});

/** Workgroups of matmul_broadcast, whatever the subgroup's size: the largest grid of all. */
function mostSharedTiles({ stacks, rows, columns }: MatmulShape): number {
  const { LANES } = broadcast.product.constants;
  const tiles = [4, 8, 16, 32, 64].map((size) => ceilDiv(rows, (8 * LANES) / size) * ceilDiv(columns, 8 * size));
  return stacks * Math.max(...tiles);
}

/**
 * matmul_tall_skinny's cut: where inner positions lie together, many of them at once for few rows, else 32 rows at once; and four times
 * as many rows an invocation where there are enough, so that the vectors are read less often.
 */
function tallSkinnyLaunch(shape: MatmulShape, launch: Launch): Launch {
  const { stacks, rows, columns, inner } = shape;
  const isB = columns > rows;
  const [tall, skinny] = isB ? [columns, rows] : [rows, columns];
  const kContiguous = isB ? shape.transposeB : !shape.transposeA;
  const threadsM = !kContiguous ? 32 : inner >= 256 ? 4 : 16;
  const strips = (rowsPerThread: number) => stacks * ceilDiv(tall, threadsM * rowsPerThread);
  const rowsPerThread = strips(4) >= MIN_CONCURRENT_STRIPS ? 4 : 1;
  return {
    ...launch,
    constants: {
      ...launch.constants,
      TALL_B: Number(isB),
      SKINNY: skinny,
      THREADS_M: threadsM,
      ROWS_PER_THREAD: rowsPerThread,
    },
    groups: [strips(rowsPerThread), 1, 1],
  };
}
