import { ceilDiv, type DeviceTraits, type Kernel, type Launches } from "./launch.ts";
import {
  matmul_direct as direct,
  matmul_plain as plain,
  matmul_quad as quad,
  matmul_quad_any as quadAny,
  matmul_tiled as tiled,
  matmul_tiled_small as tiledSmall,
} from "./shaders.gen.ts";

/** A product of `stacks` pairs of matrices, op(a) [rows, inner] and op(b) [inner, columns]; op transposes where the flag is set. */
export interface MatmulShape {
  readonly stacks: number;
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  /** Elements from one matrix of a to the next; 0 where all share one. */
  readonly aStack: number;
  readonly bStack: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly rowSums?: boolean;
}

/** The kernels, the tile of c that a workgroup makes, and on a software adapter what one inner position of it costs, in ns. */
const VARIANTS = {
  quad: { kernel: quad, tile: [32, 32], cost: 550 },
  quadAny: { kernel: quadAny, tile: [32, 32], cost: 650 },
  direct: { kernel: direct, tile: [8, 512], cost: 7000 },
  tiled: { kernel: tiled, tile: [64, 64] },
  tiledSmall: { kernel: tiledSmall, tile: [32, 32] },
} as const;
/** What matmul_plain takes for one inner position of four elements on a software adapter, in ns. */
const PLAIN_COST = 60;
/** Workgroups that keep a hardware device busy. */
const BUSY = 256;

type Tiling = keyof typeof VARIANTS;
export type MatmulVariant = Tiling | "plain";

const tilesOf = (variant: Tiling, { stacks, rows, columns }: MatmulShape) => {
  const [high, wide] = VARIANTS[variant].tile;
  return stacks * ceilDiv(rows, high) * ceilDiv(columns, wide);
};

/** Whether each vec4f of matmul_quad lies within one row of a matrix, and starts at a multiple of 16 bytes. */
const aligned = ({ rows, columns, inner, aStack, bStack, transposeA }: MatmulShape) =>
  [inner, columns, aStack, bStack, transposeA ? rows : 4].every((extent) => extent % 4 === 0);

/** The variant for a shape, or "plain" where a tile would be mostly empty. */
export function matmulVariant(shape: MatmulShape, { software, features }: DeviceTraits): MatmulVariant {
  const elements = shape.stacks * shape.rows * shape.columns;
  if (!software) {
    if (shape.rows * shape.columns <= 64) return "plain";
    return tilesOf("tiled", shape) >= BUSY ? "tiled" : "tiledSmall";
  }
  const variant = !features.has("subgroups") ? "direct" : aligned(shape) ? "quad" : "quadAny";
  return ceilDiv(elements, 4) * PLAIN_COST < tilesOf(variant, shape) * VARIANTS[variant].cost ? "plain" : variant;
}

/**
 * c = op(a)·op(b), and with `rowSums` the sums of op(a)'s rows: inputs a, b; outputs c [stacks, rows, columns], sums [stacks, rows].
 *
 * `variant` overrules the table's choice (quad needs aligned extents). Sums run in a fixed order, so results are the same bits from run to run on one device.
 */
export function matmul(
  shape: MatmulShape,
  traits: DeviceTraits,
  variant: MatmulVariant = matmulVariant(shape, traits),
): Launches {
  const { stacks, rows, columns, inner, rowSums } = shape;
  const constants = { TRANSPOSE_A: Number(shape.transposeA), TRANSPOSE_B: Number(shape.transposeB) };
  const params = { stacks, rows, columns, inner, a_stack: shape.aStack, b_stack: shape.bStack };
  const bind = { a: { input: 0 }, b: { input: 1 }, c: { output: 0 } };
  const sums = { sums: { output: 1 } };
  const flops = 2 * stacks * rows * columns * inner;
  const launch = (kernel: Kernel, groups: number) => ({ kernel, constants, params, groups: [groups, 1, 1] as const });
  if (variant !== "plain") {
    const { kernel } = VARIANTS[variant];
    const whole = rowSums
      ? { ...launch(kernel.product_and_sums, tilesOf(variant, shape)), bind: { ...bind, ...sums } }
      : { ...launch(kernel.product, tilesOf(variant, shape)), bind };
    return { flops, launches: [{ ...whole, takesEpilogue: true }] };
  }
  const product = launch(plain.product, ceilDiv(stacks * rows * columns, plain.product.constants.LANES));
  const totals = launch(plain.row_sums, ceilDiv(stacks * rows, plain.row_sums.constants.LANES));
  return {
    flops,
    launches: [
      { ...product, bind, takesEpilogue: true },
      ...(rowSums ? [{ ...totals, bind: { a: { input: 0 }, ...sums } }] : []),
    ],
  };
}
