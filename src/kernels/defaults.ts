import type { DeviceTraits } from "./launch.ts";

/** The numbers by which kernels are chosen without tuning. Those of software adapters were measured on SwiftShader. */
const SOFTWARE = {
  /** Invocations that keep the device busy. */
  minConcurrentInvocations: 32_768,
  /** A load costs far more than a swap within a quad of invocations. */
  loadsAreSlow: true,
  /** A barrier costs more than many loads. */
  barriersAreSlow: true,
  matmul: {
    /** Nanoseconds per position of k: of a workgroup's tile, for `naive` of four elements. */
    naive: 60,
    quadSwap: 550,
    quadSwapSmall: 190,
    quadSwapAny: 650,
    registerTiled: 7000,
    /** Products up to here take the small tile: they would not earn back the large kernel's compile time. */
    maxFlopsForSmallTile: 2 ** 23,
  },
  conv2d: {
    /** Most channels for which conv2d_4x8 is chosen: a tile of 16 channels costs twice as much. */
    maxChannelsFor4x8: 8,
    /** Fewest workgroups of a weight gradient. */
    minWorkgroups: 16,
    /** Most channels for which conv2d_direct and conv2d_input_stride2 are chosen. */
    maxChannelsForDirect: 4,
    maxChannelsForInputStride2: 2,
  },
  /** Longest row that one invocation reduces where there are many rows. */
  reduce: {
    maxRowPerInvocation: 2048,
    /** Elements of a row that an invocation may hold; fewer where there are many rows, which vec4 reductions then take faster. */
    maxPerLane: 256,
    maxPerLaneOfMany: 32,
  },
  linalg: {
    /** Rows from which f32 on the GPU replaces float64 on the CPU: never, since both are the same CPU. */
    rootTrace: Infinity,
    jacobi: Infinity,
    /** Most features whose products are taken in float64 on the CPU. */
    products: 64,
    /** Whether blocks of factors and systems go through registers and workgroup memory: that takes seconds to compile here. */
    blocksInRegisters: false,
  },
} as const;

/** GPUs whose invocations have 128 registers and more, which hold 8 × 8 sums of a product and its next tile. */
const HARDWARE = {
  // 256 on each of 128 processors
  minConcurrentInvocations: 32_768,
  loadsAreSlow: false,
  barriersAreSlow: false,
  matmul: {
    maxElementsForNaive: 64,
    minInnerForTallSkinny: 32,
    /**
     * Costs of tiled kernels (matmulTiles.ts) in multiply-adds of one invocation, reasoned and not measured: 10 µs per dependent
     * launch, 3 TB/s, 17,000 lanes of 1.7 GHz shared by two invocations. `costPerK` is that of one position of k, by elements per
     * thread: 64, 32 and 16 of them read 16, 12 and 8 floats of workgroup memory.
     */
    costPerK: { 64: 64, 32: 40, 16: 27 },
    loadsLate: false,
    costPerLoad: 4,
    costPerLaunch: 8000,
    costPerSplitElement: 0.0025,
  },
  conv2d: {
    maxChannelsFor4x8: 8,
    minWorkgroups: 1024,
    maxChannelsForDirect: Infinity,
    maxChannelsForInputStride2: 0,
  },
  /** Gradients hold two rows. At 16 elements a lane, 32 of the 64 values that Intel has room for stay free. */
  reduce: { maxRowPerInvocation: 32, maxPerLane: 16, maxPerLaneOfMany: 16 },
  /**
   * Not measured on a GPU yet. A CPU takes 0.1 s for a root trace of 256 rows, 20 ms for 128 eigenvalues, and 8 times as long for
   * twice as many. A GPU should take less for the 100 and 1,100 small dispatches of these. Products of up to 32 features take a CPU
   * less than a microsecond a sample.
   */
  linalg: { rootTrace: 256, jacobi: 128, products: 32, blocksInRegisters: true },
} as const;

/**
 * A subgroup of 16 has 128 registers of 8 lanes, so an invocation has room for 64 values: 4 × 4 sums, but no prefetched tile beside
 * them. 96 units hold 7 subgroups each. From Xe2 on there is twice the room, which `tune` finds.
 */
const INTEL = {
  ...HARDWARE,
  minConcurrentInvocations: 8192,
  matmul: { ...HARDWARE.matmul, costPerK: { 16: 27 }, loadsLate: true },
} as const;

const FAMILIES = {
  software: SOFTWARE,
  nvidia: HARDWARE,
  amd: HARDWARE,
  intel: INTEL,
  apple: HARDWARE,
  // a dozen processors of some hundred invocations
  mobile: { ...HARDWARE, minConcurrentInvocations: 8192 },
  unknown: HARDWARE,
} as const satisfies { readonly [family in DeviceTraits["family"]]: object };

/** The family's numbers for this device. */
export const defaultsFor = ({ family }: DeviceTraits) => FAMILIES[family];

/** Whether kernels that share loads by quadSwap are the default: where loads are slow and there are subgroups. */
export const prefersQuadSwap = (traits: DeviceTraits): boolean =>
  defaultsFor(traits).loadsAreSlow && traits.features.has("subgroups");
