import { defaultsFor } from "./defaults.ts";
import {
  ceilDiv,
  type DeviceTraits,
  hasManyTerms,
  type Kernel,
  type Launch,
  type Launches,
  sizeClass,
} from "./launch.ts";
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
  readonly threadsN: number;
  readonly threadsM: number;
  /** Elements that each holds, down × across. */
  readonly threadTile: readonly [4 | 8, 4 | 8];
  /** Tiles in workgroup memory at once. */
  readonly buffers?: 2;
  /** Teams that share the inner positions of a tile, TEAM_K each. */
  readonly kTeams?: number;
  /** The next tile is loaded after the present one is used: for hardware whose registers do not hold both. */
  readonly late?: true;
  /** Slices of the inner axis are products of their own, added up by a second launch. */
  readonly splitK?: true;
}

const TILINGS = {
  tiled128x128: { threadsN: 16, threadsM: 16, threadTile: [8, 8] },
  tiled128x64: { threadsN: 8, threadsM: 16, threadTile: [8, 8] },
  tiled64x128: { threadsN: 16, threadsM: 8, threadTile: [8, 8] },
  tiled64x64: { threadsN: 8, threadsM: 16, threadTile: [4, 8] },
  tiled32x32: { threadsN: 8, threadsM: 8, threadTile: [4, 4], buffers: 2 },
  tiled32x32KTeams: { threadsN: 8, threadsM: 8, threadTile: [4, 4], kTeams: 4 },
  splitK64x64: { threadsN: 8, threadsM: 16, threadTile: [4, 8], splitK: true },
  splitK128x128: { threadsN: 16, threadsM: 16, threadTile: [8, 8], splitK: true },
  splitK32x32: { threadsN: 8, threadsM: 8, threadTile: [4, 4], buffers: 2, splitK: true },
  late32x32: { threadsN: 8, threadsM: 8, threadTile: [4, 4], late: true },
  lateSplitK32x32: { threadsN: 8, threadsM: 8, threadTile: [4, 4], late: true, splitK: true },
} as const satisfies { readonly [name: string]: Tiling };

export type Tiled = keyof typeof TILINGS;
export const tiledNames = Object.keys(TILINGS) as Tiled[];
export const isTiled = (variant: string): variant is Tiled => Object.hasOwn(TILINGS, variant);

/** Fewest inner positions of a slice that are worth a launch of their own, and of a part that is worth a team. */
const MIN_K_PER_SLICE = 128;
const MIN_K_PER_TEAM = 32;
const MAX_K_SLICES = 64;

/** Inner positions of a tile. */
const blockK = ({ kTeams = 1 }: Tiling): number => aligned.product.constants.TEAM_K * kTeams;

/** Whether 16 KiB have room for one vec4f more in each row of the tiles in workgroup memory. */
const hasRoomForPad = ({ threadsN, threadsM, threadTile: [threadM, threadN], buffers, kTeams }: Tiling): boolean => {
  const positions = (buffers ?? 1) * (kTeams ?? 1) * aligned.product.constants.TEAM_K;
  return 4 * positions * (threadsM * threadM + threadsN * threadN + 8) <= 2 ** 14;
};

const isSquare = ({ threadsN, threadsM, threadTile: [threadM, threadN] }: Tiling): boolean =>
  threadsN * threadN === threadsM * threadM;

/** Tiles of c, those that a symmetric product leaves out among them or not, and the invocations of each. */
function grid({ threadsN, threadsM, threadTile: [threadM, threadN], kTeams = 1 }: Tiling, shape: MatmulShape) {
  const rows = ceilDiv(shape.rows, threadsM * threadM);
  const columns = ceilDiv(shape.columns, threadsN * threadN);
  const computedTiles = shape.symmetric ? (rows * (rows + 1)) / 2 : rows * columns;
  return {
    tiles: shape.stacks * rows * columns,
    computedTiles: shape.stacks * computedTiles,
    lanes: threadsN * threadsM * kTeams,
  };
}

/** Slices of the inner axis that would keep a device busy, each `trips` tiles deep; at most as many as are worth it and fit a binding. */
function splitOfK(tiling: Tiling, shape: MatmulShape, traits: DeviceTraits) {
  const { maxBindingBytes } = traits;
  const { computedTiles, lanes } = grid(tiling, shape);
  const all = ceilDiv(shape.inner, blockK(tiling));
  const most = Math.min(
    ceilDiv(defaultsFor(traits).minConcurrentInvocations, computedTiles * lanes),
    Math.floor(shape.inner / MIN_K_PER_SLICE),
    Math.floor(maxBindingBytes / (4 * shape.stacks * shape.rows * shape.columns)),
    MAX_K_SLICES,
  );
  const kTiles = tiling.splitK ? ceilDiv(all, Math.max(1, most)) : all;
  return { kSlices: ceilDiv(all, kTiles), kTiles };
}

/** Whether the tiling suits the shape at all: no tile that is more than half empty, no slice or part too thin. */
export function admits(variant: Tiled, shape: MatmulShape, traits: DeviceTraits): boolean {
  const tiling: Tiling = TILINGS[variant];
  const { threadsN, threadsM, threadTile, kTeams = 1, splitK } = tiling;
  if (shape.symmetric && !isSquare(tiling)) return false;
  if (threadsM * threadTile[0] > 64 && shape.rows <= 64) return false;
  if (threadsN * threadTile[1] > 64 && shape.columns <= 64) return false;
  if (kTeams > 1 && shape.inner < kTeams * MIN_K_PER_TEAM) return false;
  const { kSlices, kTiles } = splitOfK(tiling, shape, traits);
  if (hasManyTerms(kTiles * blockK(tiling)).MANY_TERMS && earlierBytes(tiling, shape, kSlices) > traits.maxBindingBytes)
    return false;
  return !splitK || kSlices > 1;
}

/** Whether loads and stores of four elements lie within a row, and start at multiples of 16 bytes. */
const loadsVec4 = ({ rows, columns, inner, aStack, bStack, transposeA, transposeB }: MatmulShape): boolean =>
  [columns, aStack, bStack, transposeA ? rows : inner, transposeB ? inner : columns].every((n) => n % 4 === 0);

/** What the hardware family's numbers in defaults.ts say of tilings. */
export interface TilingCosts {
  /** Of one inner position, by the elements of an invocation that the registers have room for. */
  readonly costPerK: { readonly [elements: number]: number };
  /** Whether registers have no room for the next tile beside the present one. */
  readonly loadsLate: boolean;
  readonly costPerLoad: number;
  readonly costPerLaunch: number;
  readonly costPerSplitElement: number;
}

/** The tilings that the family's registers have room for. */
const tilingsFor = ({ costPerK, loadsLate }: TilingCosts): Tiled[] =>
  tiledNames.filter((name) => {
    const { threadTile, late }: Tiling = TILINGS[name];
    return threadTile[0] * threadTile[1] in costPerK && (late ?? false) === loadsLate;
  });

/**
 * How long the tiling would take, in multiply-adds of one invocation: the inner positions that it goes through, as often as the
 * device has to be filled, at what one position of its elements costs; and a further launch that adds up slices.
 */
function costOf(variant: Tiled, shape: MatmulShape, traits: DeviceTraits, costs: TilingCosts): number {
  const tiling: Tiling = TILINGS[variant];
  const { computedTiles, lanes } = grid(tiling, shape);
  const { kSlices, kTiles } = splitOfK(tiling, shape, traits);
  const { threadsN, threadsM, threadTile, kTeams = 1 } = tiling;
  const [threadM, threadN] = threadTile;
  // floats that an invocation brings for one inner position of its own
  const loads = ((threadsM * threadM + threadsN * threadN) * kTeams) / lanes;
  const waves = Math.max(1, (computedTiles * kSlices * lanes) / defaultsFor(traits).minConcurrentInvocations);
  const positions = (kTiles * blockK(tiling)) / kTeams;
  const adding = kSlices * shape.stacks * shape.rows * shape.columns * costs.costPerSplitElement + costs.costPerLaunch;
  return (
    waves * positions * (costs.costPerK[threadM * threadN]! + loads * costs.costPerLoad) + (kSlices > 1 ? adding : 0)
  );
}

/** The tiling that would take the least time by these costs, of those that suit the shape; `undefined` where none does. */
export function cheapest(
  shape: MatmulShape,
  traits: DeviceTraits,
  costs: TilingCosts,
  admitted: (name: Tiled) => boolean = () => true,
): Tiled | undefined {
  const fitting = tilingsFor(costs).filter((name) => admits(name, shape, traits) && admitted(name));
  const cost = (name: Tiled) => costOf(name, shape, traits, costs);
  return fitting.length === 0 ? undefined : fitting.reduce((best, name) => (cost(name) < cost(best) ? name : best));
}

/** Bytes in which the sums of many terms wait while a further run of terms is added up. */
function earlierBytes(tiling: Tiling, shape: MatmulShape, kSlices: number): number {
  const { tiles, lanes } = grid(tiling, shape);
  const [threadM, threadN] = tiling.threadTile;
  return 4 * kSlices * tiles * lanes * threadM * threadN;
}

/** The kernel without the binding that only sums of many terms have. */
function ofFewTerms({ buffers, ...kernel }: Kernel): Kernel {
  const { earlier: _, ...rest } = buffers;
  return { ...kernel, buffers: rest };
}

/** The dispatches of a product by matmul_tiled, and what adds its slices up. */
export function tiledLaunches(variant: Tiled, shape: MatmulShape, traits: DeviceTraits): Launches {
  const { stacks, rows, columns, inner, rowSums, symmetric } = shape;
  const family = loadsVec4(shape) ? aligned : any;
  return launchesInTiles(variant, shape, traits, {
    kernel: rowSums ? family.product_and_sums : family.product,
    constants: {
      TRANSPOSE_A: Number(shape.transposeA),
      TRANSPOSE_B: Number(shape.transposeB),
      SYMMETRIC: Number(symmetric === true),
    },
    params: { inner, a_stack: shape.aStack, b_stack: shape.bStack },
    bind: { a: { input: 0 }, b: { input: 1 } },
    result: "c",
    size: stacks * rows * columns,
    flops: 2 * stacks * rows * columns * inner,
  });
}

/** A kernel of shaders/lib/matmul_tiled.wgsl. */
interface TiledKernel {
  readonly kernel: Kernel;
  readonly constants: Launch["constants"];
  readonly params: Launch["params"];
  /** Its inputs. */
  readonly bind: Launch["bind"];
  /** The name of the buffer with the result, and its elements: those of a slice. */
  readonly result: string;
  readonly size: number;
  readonly flops: number;
  /** Bytes of the scratch buffers that its inputs are bound to. */
  readonly scratch?: readonly number[];
}

/** Whether teams share the inner positions of its tile. */
export const hasTeams = (variant: Tiled): boolean => "kTeams" in TILINGS[variant];

/** Rows of a tile of c. */
export const blockMOf = (variant: Tiled): number => TILINGS[variant].threadsM * TILINGS[variant].threadTile[0];

/** The dispatches of a kernel that works in tiles, and what adds its slices up. */
export function launchesInTiles(variant: Tiled, shape: MatmulShape, traits: DeviceTraits, work: TiledKernel): Launches {
  const tiling: Tiling = TILINGS[variant];
  const { stacks, rows, columns, rowSums } = shape;
  const { tiles } = grid(tiling, shape);
  const { kSlices, kTiles } = splitOfK(tiling, shape, traits);
  const [threadM, threadN] = tiling.threadTile;
  const manyTerms = hasManyTerms(kTiles * blockK(tiling));
  const { result, size, flops, scratch = [] } = work;
  const main = {
    kernel: manyTerms.MANY_TERMS ? work.kernel : ofFewTerms(work.kernel),
    constants: {
      ...work.constants,
      THREADS_N: tiling.threadsN,
      THREADS_M: tiling.threadsM,
      K_TEAMS: tiling.kTeams ?? 1,
      THREAD_N: threadN / 4,
      THREAD_M: threadM / 4,
      BUFFERS: tiling.buffers ?? 1,
      LATE: Number(tiling.late ?? false),
      PAD: Number(!tiling.late && hasRoomForPad(tiling)),
      ...manyTerms,
    },
    params: { ...work.params, stacks, rows, columns, k_slices: kSlices, k_tiles: kTiles },
    groups: [kSlices * tiles, 1, 1] as const,
  };
  const isSplit = kSlices > 1;
  const earlier = manyTerms.MANY_TERMS ? [earlierBytes(tiling, shape, kSlices)] : [];
  const partial = (isSplit ? [kSlices * size, ...(rowSums ? [kSlices * stacks * rows] : [])] : []).map((n) => 4 * n);
  const own = scratch.length;
  const bind = {
    ...work.bind,
    [result]: isSplit ? { scratch: own } : { output: 0 },
    ...(rowSums ? { sums: isSplit ? { scratch: own + 1 } : { output: 1 } } : {}),
    ...(earlier.length ? { earlier: { scratch: own + partial.length } } : {}),
  };
  const added = (elements: number, output: number) => ({
    kernel: adding.total,
    bind: { part: { scratch: own + output }, y: { output } },
    params: { k_slices: kSlices, size: elements, columns: elements },
    groups: [ceilDiv(elements, adding.total.constants.LANES), 1, 1] as const,
  });
  const last = (partialSums: number) => ({ takesEpilogue: true, ...(rowSums ? {} : { partialSums }) });
  return {
    flops,
    launches: isSplit
      ? [{ ...main, bind }, { ...added(size, 0), ...last(size) }, ...(rowSums ? [added(stacks * rows, 1)] : [])]
      : [{ ...main, bind, ...last(tiles) }],
    scratch: [...scratch, ...partial, ...earlier],
  };
}

/** What shapes have in common that share a choice of kernel. */
export function classOf(shape: MatmulShape): string {
  const { stacks, rows, columns, inner, transposeA, transposeB, rowSums, symmetric } = shape;
  const layout = `${transposeA ? "aᵀ" : "a"}·${transposeB ? "bᵀ" : "b"}`;
  return `matmul ${layout} ${sizeClass(stacks, rows, columns, inner)}${rowSums ? " with sums" : ""}${symmetric ? " symmetric" : ""}`;
}
