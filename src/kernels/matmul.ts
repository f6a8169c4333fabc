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
  classOf,
  costOf,
  isTiled,
  type MatmulShape,
  type Tiled,
  tiledLaunches,
  tiledNames,
} from "./matmulTiles.ts";
import { matmul_broadcast as broadcast } from "./shaders/matmul_broadcast.gen.ts";
import { matmul_direct as direct } from "./shaders/matmul_direct.gen.ts";
import { matmul_plain as plain } from "./shaders/matmul_plain.gen.ts";
import { matmul_quad as quad } from "./shaders/matmul_quad.gen.ts";
import { matmul_quad_any as quadAny } from "./shaders/matmul_quad_any.gen.ts";
import { matmul_quad_small as quadSmall } from "./shaders/matmul_quad_small.gen.ts";
import { matmul_slim as slim } from "./shaders/matmul_slim.gen.ts";

export type { MatmulShape } from "./matmulTiles.ts";

/** Kernels whose tile of c is one and the same, and that tile. */
const FIXED = {
  quad: { kernel: quad, tile: [32, 32] },
  quadSmall: { kernel: quadSmall, tile: [16, 16] },
  quadAny: { kernel: quadAny, tile: [32, 32] },
  direct: { kernel: direct, tile: [8, 512] },
} as const;
/** More multiplications than this would keep matmul_plain for seconds on a software adapter. */
const MOST_PLAIN = 2 ** 27;
/** Most rows, or columns, that matmul_slim holds. */
const SLIM = 8;
/** Workgroups of matmul_slim that keep a device busy. */
const BUSY_STRIPS = 512;

type Fixed = keyof typeof FIXED;
export type MatmulVariant = Fixed | Tiled | "plain" | "slim" | "broadcast";

const tilesOf = (variant: Fixed, { stacks, rows, columns }: MatmulShape) => {
  const [high, wide] = FIXED[variant].tile;
  return stacks * ceilDiv(rows, high) * ceilDiv(columns, wide);
};

const lanesOf = ({ workgroup }: Kernel) => workgroup.reduce((a, b) => a * b, 1);

/** Whether each vec4f of matmul_quad lies within one row of a matrix, and starts at a multiple of 16 bytes. */
const aligned = ({ rows, columns, inner, aStack, bStack, transposeA }: MatmulShape) =>
  [inner, columns, aStack, bStack, transposeA ? rows : 4].every((extent) => extent % 4 === 0);

const isSlim = ({ rows, columns }: MatmulShape) => Math.min(rows, columns) <= SLIM;

/** What a software adapter is worth measuring: kernels for GPUs take it seconds to compile, each. */
const SOFTWARE: ReadonlySet<MatmulVariant> = new Set([
  "plain",
  "direct",
  "tiled",
  "tiledSmall",
  "broadcast",
  "quadAny",
  "quad",
  "quadSmall",
]);

/** The kernels to choose from for this product. */
export function matmulVariants(shape: MatmulShape, traits: DeviceTraits): Variants<MatmulVariant> {
  const able = matmulKernels(shape, traits);
  return {
    class: `${classOf(shape)}${aligned(shape) ? " aligned" : ""}`,
    names: traits.software ? able.filter((name) => SOFTWARE.has(name)) : able,
    terms: shape.inner,
  };
}

/** The kernels that can make this product, the simplest first. */
export function matmulKernels(shape: MatmulShape, traits: DeviceTraits): MatmulVariant[] {
  const { stacks, rows, columns, inner, symmetric } = shape;
  const hasQuads = traits.features.has("subgroups");
  const tilings = tiledNames.map((name) => [name, admits(name, shape, traits)] as const);
  const admitted = {
    plain: stacks * rows * columns * inner <= MOST_PLAIN,
    direct: true,
    ...(Object.fromEntries(tilings) as { readonly [name in Tiled]: boolean }),
    slim: isSlim(shape) && !symmetric,
    broadcast: hasQuads && aligned(shape) && !symmetric,
    quadAny: hasQuads,
    quad: hasQuads && aligned(shape),
    quadSmall: hasQuads && aligned(shape),
  } satisfies { readonly [variant in MatmulVariant]: boolean };
  return (Object.keys(admitted) as MatmulVariant[]).filter((variant) => admitted[variant]);
}

/** What tuning chose, else the default for the family of adapters. */
function variantFor(shape: MatmulShape, traits: DeviceTraits): MatmulVariant {
  const variants = { ...matmulVariants(shape, traits), names: matmulKernels(shape, traits) };
  return chosen(variants, traits) ?? standard(shape, traits);
}

/** "plain" where a tile would be mostly empty; else what its family's costs make the cheapest. */
function standard(shape: MatmulShape, traits: DeviceTraits): MatmulVariant {
  const { matmul } = defaultsFor(traits);
  if ("held" in matmul) {
    if (isSlim(shape) && !shape.symmetric && shape.inner >= matmul.long) return "slim";
    if (shape.rows * shape.columns <= matmul.few) return "plain";
    const fitting = tiledNames.filter((name) => admits(name, shape, traits));
    const cost = (name: Tiled) => costOf(name, shape, traits, matmul);
    return fitting.reduce((best, name) => (cost(name) < cost(best) ? name : best));
  }
  const { stacks, rows, columns, inner } = shape;
  const isSoonDone = stacks * rows * columns * inner <= matmul.soon;
  const quads = isSoonDone ? "quadSmall" : "quad";
  const tiling = !traits.features.has("subgroups") ? "direct" : aligned(shape) ? quads : "quadAny";
  const plainCost = ceilDiv(stacks * rows * columns, 4) * matmul.plain;
  return plainCost < tilesOf(tiling, shape) * matmul[tiling] ? "plain" : tiling;
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
    plain: () => launch(plain.product, ceilDiv(stacks * rows * columns, plain.product.constants.LANES)),
    broadcast: () => counted(launch(broadcast.product, mostSharedTiles(shape))),
    slim: () => counted(slimLaunch(shape, launch(slim.product, 0))),
  }[variant as "plain" | "broadcast" | "slim"]();
  const totals = {
    ...launch(plain.row_sums, ceilDiv(stacks * rows, plain.row_sums.constants.LANES)),
    bind: { a: { input: 0 }, ...sums },
    takesEpilogue: false,
  };
  return { flops, launches: [product, ...(rowSums ? [totals] : [])] };
}

/** Each invocation keeps a running sum of its epilogue's elements. */
const counted = (launch: Launch): Launch => ({ ...launch, partialSums: launch.groups[0] * lanesOf(launch.kernel) });

/** Workgroups of matmul_broadcast, whatever the subgroup's size: the largest grid of all. */
function mostSharedTiles({ stacks, rows, columns }: MatmulShape): number {
  const { LANES } = broadcast.product.constants;
  const tiles = [4, 8, 16, 32, 64].map((size) => ceilDiv(rows, (8 * LANES) / size) * ceilDiv(columns, 8 * size));
  return stacks * Math.max(...tiles);
}

/**
 * matmul_slim's cut: where inner positions lie together, many of them at once for few rows, else 32 rows at once; and four times
 * as many rows an invocation where there are enough, so that the vectors are read less often.
 */
function slimLaunch(shape: MatmulShape, launch: Launch): Launch {
  const { stacks, rows, columns, inner } = shape;
  const isB = columns > rows;
  const [long, few] = isB ? [columns, rows] : [rows, columns];
  const along = isB ? shape.transposeB : !shape.transposeA;
  const across = !along ? 32 : inner >= 256 ? 4 : 16;
  const strips = (run: number) => stacks * ceilDiv(long, across * run);
  const run = strips(4) >= BUSY_STRIPS ? 4 : 1;
  return {
    ...launch,
    constants: { ...launch.constants, LONG_B: Number(isB), FEW: few, ACROSS: across, RUN: run },
    groups: [strips(run), 1, 1],
  };
}
