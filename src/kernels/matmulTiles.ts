import { ceilDiv, type DeviceTraits, hasManyTerms, type Launches, sizeClass } from "./launch.ts";
import { matmul_tiled as aligned } from "./shaders/matmul_tiled.gen.ts";
import { matmul_tiled_any as any } from "./shaders/matmul_tiled_any.gen.ts";
import { total as adding } from "./shaders/total.gen.ts";

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
  /** The product equals its own transpose, so half of it says all. */
  readonly symmetric?: boolean;
}

/** How matmul_tiled cuts a product (the constants of shaders/lib/matmul_tiled.wgsl, which must fit 16 KiB and 256 invocations). */
interface Tiling {
  /** Invocations across and down a tile. */
  readonly across: number;
  readonly down: number;
  /** Elements that each holds, down × across. */
  readonly holds: readonly [4 | 8, 4 | 8];
  readonly depth: number;
  /** Tiles in workgroup memory at once. */
  readonly buffers?: 2;
  /** Teams that share the inner positions of a tile. */
  readonly parts?: number;
  /** Slices of the inner axis are products of their own, added up by a second launch. */
  readonly sliced?: true;
}

const TILINGS = {
  tiled: { across: 8, down: 8, holds: [8, 8], depth: 16 },
  tiledTwice: { across: 8, down: 8, holds: [8, 8], depth: 16, buffers: 2 },
  tiledLarge: { across: 16, down: 16, holds: [8, 8], depth: 16 },
  tiledTall: { across: 8, down: 16, holds: [8, 8], depth: 16 },
  tiledWide: { across: 16, down: 8, holds: [8, 8], depth: 16 },
  tiledFlat: { across: 8, down: 16, holds: [4, 8], depth: 16 },
  tiledSmall: { across: 8, down: 8, holds: [4, 4], depth: 16, buffers: 2 },
  tiledParts: { across: 8, down: 8, holds: [4, 4], depth: 64, parts: 4 },
  split: { across: 8, down: 16, holds: [4, 8], depth: 16, sliced: true },
  splitLarge: { across: 16, down: 16, holds: [8, 8], depth: 16, sliced: true },
  splitSmall: { across: 8, down: 8, holds: [4, 4], depth: 16, buffers: 2, sliced: true },
} as const satisfies { readonly [name: string]: Tiling };

export type Tiled = keyof typeof TILINGS;
export const tiledNames = Object.keys(TILINGS) as Tiled[];
export const isTiled = (variant: string): variant is Tiled => Object.hasOwn(TILINGS, variant);

/** Invocations that keep any device busy: 256 on each of 128 processors. */
const BUSY = 32768;
/** Fewest inner positions of a slice that are worth a launch of their own, and of a part that is worth a team. */
const LEAST_SLICE = 128;
const LEAST_PART = 32;
const MOST_SLICES = 64;

const isSquare = ({ across, down, holds: [high, long] }: Tiling): boolean => across * long === down * high;

/** Tiles of c, those that a symmetric product leaves out among them or not, and the invocations of each. */
function grid({ across, down, holds: [high, long], parts = 1 }: Tiling, shape: MatmulShape) {
  const rows = ceilDiv(shape.rows, down * high);
  const columns = ceilDiv(shape.columns, across * long);
  const computedTiles = shape.symmetric ? (rows * (rows + 1)) / 2 : rows * columns;
  return {
    tiles: shape.stacks * rows * columns,
    computedTiles: shape.stacks * computedTiles,
    lanes: across * down * parts,
  };
}

/** Slices of the inner axis that would keep a device busy, each `trips` tiles deep; at most as many as are worth it and fit a binding. */
function slicing(tiling: Tiling, shape: MatmulShape, { maxBindingBytes }: DeviceTraits) {
  const { computedTiles, lanes } = grid(tiling, shape);
  const all = ceilDiv(shape.inner, tiling.depth);
  const most = Math.min(
    ceilDiv(BUSY, computedTiles * lanes),
    Math.floor(shape.inner / LEAST_SLICE),
    Math.floor(maxBindingBytes / (4 * shape.stacks * shape.rows * shape.columns)),
    MOST_SLICES,
  );
  const trips = tiling.sliced ? ceilDiv(all, Math.max(1, most)) : all;
  return { slices: ceilDiv(all, trips), trips };
}

/** Whether the tiling suits the shape at all: no tile that is more than half empty, no slice or part too thin. */
export function admits(variant: Tiled, shape: MatmulShape, traits: DeviceTraits): boolean {
  const tiling: Tiling = TILINGS[variant];
  const { across, down, holds, parts = 1, sliced } = tiling;
  if (shape.symmetric && !isSquare(tiling)) return false;
  if (down * holds[0] > 64 && shape.rows <= 64) return false;
  if (across * holds[1] > 64 && shape.columns <= 64) return false;
  if (parts > 1 && shape.inner < parts * LEAST_PART) return false;
  return !sliced || slicing(tiling, shape, traits).slices > 1;
}

/** Whether loads and stores of four elements lie within a row, and start at multiples of 16 bytes. */
const loadsFours = ({ rows, columns, inner, aStack, bStack, transposeA, transposeB }: MatmulShape): boolean =>
  [columns, aStack, bStack, transposeA ? rows : inner, transposeB ? inner : columns].every((n) => n % 4 === 0);

/** What the hardware family's numbers in defaults.ts say of tilings. */
export interface TilingCosts {
  readonly held: { readonly [elements: number]: number };
  readonly read: number;
  readonly launch: number;
  readonly slice: number;
}

/**
 * How long the tiling would take, in multiply-adds of one invocation: the inner positions that it goes through, as often as the
 * device has to be filled, at what one position of its elements costs; and a further launch that adds up slices.
 */
export function costOf(variant: Tiled, shape: MatmulShape, traits: DeviceTraits, costs: TilingCosts): number {
  const tiling: Tiling = TILINGS[variant];
  const { computedTiles, lanes } = grid(tiling, shape);
  const { slices, trips } = slicing(tiling, shape, traits);
  const { across, down, holds, parts = 1 } = tiling;
  const [high, long] = holds;
  // floats that an invocation brings for one inner position of its own
  const brought = ((down * high + across * long) * parts) / lanes;
  const waves = Math.max(1, (computedTiles * slices * lanes) / BUSY);
  const positions = (trips * tiling.depth) / parts;
  const adding = slices * shape.stacks * shape.rows * shape.columns * costs.slice + costs.launch;
  return waves * positions * (costs.held[high * long]! + brought * costs.read) + (slices > 1 ? adding : 0);
}

/** The dispatches of a product by matmul_tiled, and what adds its slices up. */
export function tiledLaunches(variant: Tiled, shape: MatmulShape, traits: DeviceTraits): Launches {
  const tiling: Tiling = TILINGS[variant];
  const { stacks, rows, columns, inner, rowSums, symmetric } = shape;
  const { tiles } = grid(tiling, shape);
  const { slices, trips } = slicing(tiling, shape, traits);
  const family = loadsFours(shape) ? aligned : any;
  const [high, long] = tiling.holds;
  const main = {
    kernel: rowSums ? family.product_and_sums : family.product,
    constants: {
      TRANSPOSE_A: Number(shape.transposeA),
      TRANSPOSE_B: Number(shape.transposeB),
      SYMMETRIC: Number(symmetric === true),
      ACROSS: tiling.across,
      DOWN: tiling.down,
      PARTS: tiling.parts ?? 1,
      LONG: long / 4,
      HIGH: high / 4,
      DEPTH: tiling.depth,
      BUFFERS: tiling.buffers ?? 1,
      ...hasManyTerms(trips * tiling.depth),
    },
    params: { stacks, rows, columns, inner, a_stack: shape.aStack, b_stack: shape.bStack, slices, trips },
    groups: [slices * tiles, 1, 1] as const,
  };
  const from = { a: { input: 0 }, b: { input: 1 } };
  const flops = 2 * stacks * rows * columns * inner;
  if (slices === 1) {
    const bind = { ...from, c: { output: 0 }, ...(rowSums ? { sums: { output: 1 } } : {}) };
    const partialSums = rowSums ? {} : { partialSums: tiles };
    return { flops, launches: [{ ...main, bind, ...partialSums, takesEpilogue: true }] };
  }
  const added = (size: number, scratch: number, output: number) => ({
    kernel: adding.total,
    bind: { part: { scratch }, y: { output } },
    params: { parts: slices, size, columns: size },
    groups: [ceilDiv(size, adding.total.constants.LANES), 1, 1] as const,
  });
  const size = stacks * rows * columns;
  const bind = { ...from, c: { scratch: 0 }, ...(rowSums ? { sums: { scratch: 1 } } : {}) };
  return {
    flops,
    launches: [
      { ...main, bind },
      { ...added(size, 0, 0), takesEpilogue: true, ...(rowSums ? {} : { partialSums: size }) },
      ...(rowSums ? [added(stacks * rows, 1, 1)] : []),
    ],
    scratch: [slices * size, ...(rowSums ? [slices * stacks * rows] : [])].map((elements) => 4 * elements),
  };
}

/** What shapes have in common that share a choice of kernel. */
export function classOf(shape: MatmulShape): string {
  const { stacks, rows, columns, inner, transposeA, transposeB, rowSums, symmetric } = shape;
  const layout = `${transposeA ? "aᵀ" : "a"}·${transposeB ? "bᵀ" : "b"}`;
  return `matmul ${layout} ${sizeClass(stacks, rows, columns, inner)}${rowSums ? " with sums" : ""}${symmetric ? " symmetric" : ""}`;
}
