import { defaultsFor } from "./defaults.ts";
import { ceilDiv, chosen, type DeviceTraits, type Kernel, type Launches, sizeClass, type Variants } from "./launch.ts";
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

/** The kernels, and the tile of c that a workgroup makes. */
const TILED = {
  quad: { kernel: quad, tile: [32, 32] },
  quadAny: { kernel: quadAny, tile: [32, 32] },
  direct: { kernel: direct, tile: [8, 512] },
  tiled: { kernel: tiled, tile: [64, 64] },
  tiledSmall: { kernel: tiledSmall, tile: [32, 32] },
} as const;
/** More multiplications than this would keep matmul_plain for seconds on a software adapter. */
const MOST_PLAIN = 2 ** 27;

type Tiling = keyof typeof TILED;
export type MatmulVariant = Tiling | "plain";

const tilesOf = (variant: Tiling, { stacks, rows, columns }: MatmulShape) => {
  const [high, wide] = TILED[variant].tile;
  return stacks * ceilDiv(rows, high) * ceilDiv(columns, wide);
};

const lanesOf = ({ workgroup }: Kernel) => workgroup.reduce((a, b) => a * b, 1);

/** Whether each vec4f of matmul_quad lies within one row of a matrix, and starts at a multiple of 16 bytes. */
const aligned = ({ rows, columns, inner, aStack, bStack, transposeA }: MatmulShape) =>
  [inner, columns, aStack, bStack, transposeA ? rows : 4].every((extent) => extent % 4 === 0);

/** The kernels that can make this product. */
export function matmulVariants(shape: MatmulShape, { features }: DeviceTraits): Variants<MatmulVariant> {
  const { stacks, rows, columns, inner, transposeA, transposeB, rowSums } = shape;
  const isAligned = aligned(shape);
  const hasQuads = features.has("subgroups");
  const admitted: { readonly [variant in MatmulVariant]: boolean } = {
    plain: stacks * rows * columns * inner <= MOST_PLAIN,
    direct: true,
    tiled: true,
    tiledSmall: true,
    quadAny: hasQuads,
    quad: hasQuads && isAligned,
  };
  const layout = `${transposeA ? "aᵀ" : "a"}·${transposeB ? "bᵀ" : "b"}`;
  const marks = `${rowSums ? " with sums" : ""}${isAligned ? " aligned" : ""}`;
  return {
    class: `matmul ${layout} ${sizeClass(stacks, rows, columns, inner)}${marks}`,
    names: (Object.keys(admitted) as MatmulVariant[]).filter((variant) => admitted[variant]),
    terms: inner,
  };
}

/** What tuning chose, else the default for the family of adapters: "plain" where a tile would be mostly empty. */
function variantFor(shape: MatmulShape, traits: DeviceTraits): MatmulVariant {
  return chosen(matmulVariants(shape, traits), traits) ?? standard(shape, traits);
}

function standard(shape: MatmulShape, traits: DeviceTraits): MatmulVariant {
  const { matmul } = defaultsFor(traits);
  if ("few" in matmul) {
    if (shape.rows * shape.columns <= matmul.few) return "plain";
    return tilesOf("tiled", shape) >= matmul.busy ? "tiled" : "tiledSmall";
  }
  const tiling = !traits.features.has("subgroups") ? "direct" : aligned(shape) ? "quad" : "quadAny";
  const plainCost = ceilDiv(shape.stacks * shape.rows * shape.columns, 4) * matmul.plain;
  return plainCost < tilesOf(tiling, shape) * matmul[tiling] ? "plain" : tiling;
}

/**
 * c = op(a)·op(b), and with `rowSums` the sums of op(a)'s rows: inputs a, b; outputs c [stacks, rows, columns], sums [stacks, rows].
 *
 * Sums run in a fixed order, so results are the same bits from run to run on one device.
 */
export function matmul(shape: MatmulShape, traits: DeviceTraits): Launches {
  const variant = variantFor(shape, traits);
  const { stacks, rows, columns, inner, rowSums } = shape;
  const constants = { TRANSPOSE_A: Number(shape.transposeA), TRANSPOSE_B: Number(shape.transposeB) };
  const params = { stacks, rows, columns, inner, a_stack: shape.aStack, b_stack: shape.bStack };
  const bind = { a: { input: 0 }, b: { input: 1 }, c: { output: 0 } };
  const sums = { sums: { output: 1 } };
  const flops = 2 * stacks * rows * columns * inner;
  const launch = (kernel: Kernel, groups: number) => ({ kernel, constants, params, groups: [groups, 1, 1] as const });
  if (variant !== "plain") {
    const { kernel } = TILED[variant];
    const whole = rowSums
      ? { ...launch(kernel.product_and_sums, tilesOf(variant, shape)), bind: { ...bind, ...sums } }
      : {
          ...launch(kernel.product, tilesOf(variant, shape)),
          bind,
          partials: tilesOf(variant, shape) * lanesOf(kernel.product),
        };
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
