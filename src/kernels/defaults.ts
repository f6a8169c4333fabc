import type { DeviceTraits } from "./launch.ts";

/** What chooses kernels where nothing was tuned, by family of adapters. Times of software adapters are SwiftShader's. */
const DEFAULTS = {
  software: {
    /** Loads cost far more than swaps within a quad of invocations. */
    loadsAreSlow: true,
    /** A workgroup waits for all its invocations at a price that passes many loads. */
    barriersAreSlow: true,
    /**
     * Nanoseconds of one inner position of a workgroup's tile; of four elements for plain. Multiplications up to which a product
     * is done many times over before the larger kernel is compiled.
     */
    matmul: {
      naive: 60,
      quadSwap: 550,
      quadSwapSmall: 190,
      quadSwapAny: 650,
      registerTiled: 7000,
      maxFlopsForSmallTile: 2 ** 23,
    },
    /**
     * What a pixel costs with a register tile, in multiplications; workgroups that keep the weight gradient busy; channels up
     * to which sums over few go without a tile, and those up to which a gradient by the input at stride 2 does.
     */
    conv2d: { tile16x4: 380, tile4x8: 180, minWorkgroups: 16, maxChannelsForDirect: 4, maxChannelsForInputStride2: 2 },
    /** Longest row that one invocation goes through alone where there are many. */
    reduce: { maxRowPerInvocation: 2048 },
    /**
     * Rows from which the GPU's f32 takes over from the CPU's float64: never where both are one CPU. Features up to which
     * float64 takes the products of samples: here as fast as the kernels, which take a second to compile. Whether the update of a Cholesky factor goes through
     * workgroup memory: its barrier costs more than the loads that it saves.
     */
    linalg: { rootTrace: Infinity, jacobi: Infinity, products: 64, sharesTiles: false },
  },
  hardware: {
    loadsAreSlow: false,
    barriersAreSlow: false,
    /**
     * Elements of one matrix up to which tiles are not worth it, and inner positions from which a narrow product is worth a workgroup
     * for each of its few rows. Then what decides between tilings (matmulTiles.ts), in multiply-adds of one invocation: an inner
     * position of so many elements held (fewer of them mean more reads of workgroup memory for each: 16 floats for 64, 12 for 32, 8
     * for 16), a float brought from memory for it, one more launch, and an element of a slice that is stored and added up.
     * From the fact sheet and arithmetic, not measured: 10 µs for a launch that waits for the one before, 3 TB/s, and 17,000 lanes of
     * 1.7 GHz that two invocations share.
     */
    matmul: {
      maxElementsForNaive: 64,
      minInnerForTallSkinny: 32,
      costPerK: { 64: 64, 32: 40, 16: 27 },
      costPerLoad: 4,
      costPerLaunch: 8000,
      costPerSplitElement: 0.0025,
    },
    conv2d: {
      tile16x4: 380,
      tile4x8: 180,
      minWorkgroups: 1024,
      maxChannelsForDirect: Infinity,
      maxChannelsForInputStride2: 0,
    },
    reduce: { maxRowPerInvocation: 32 },
    /**
     * Not measured on a GPU yet. A CPU takes 0.1 s for a root trace of 256 rows and 20 ms for 128 eigenvalues, and 8 times as long
     * for twice as many; 100 and 1100 small dispatches should take a GPU less. Products of up to 32 features take a CPU less than a
     * microsecond a sample.
     */
    linalg: { rootTrace: 256, jacobi: 128, products: 32, sharesTiles: true },
  },
} as const;

/** The family's numbers for this device. */
export const defaultsFor = ({ software }: DeviceTraits) => (software ? DEFAULTS.software : DEFAULTS.hardware);

/** Whether kernels whose invocations pass their loads round are the better ones here, as far as one knows untuned. */
export const prefersQuadSwap = (traits: DeviceTraits): boolean =>
  defaultsFor(traits).loadsAreSlow && traits.features.has("subgroups");
