import type { DeviceTraits } from "./launch.ts";

/** What chooses kernels where nothing was tuned, by family of adapters. Times of software adapters are SwiftShader's. */
const DEFAULTS = {
  software: {
    /** A load costs far more than a swap within a quad of invocations. */
    loadsAreSlow: true,
    /** A barrier costs more than many loads. */
    barriersAreSlow: true,
    /**
     * Nanoseconds per workgroup tile and position of k; for `naive` per four elements. Up to `maxFlopsForSmallTile` the small tile
     * is chosen, because the large kernel's compile time would not be earned back.
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
     * Multiplications per pixel and register tile (channels × pixels); workgroups that the weight gradient should have at least;
     * most channels for which the direct kernel and the one for inputs at stride 2 are chosen.
     */
    conv2d: { tile16x4: 380, tile4x8: 180, minWorkgroups: 16, maxChannelsForDirect: 4, maxChannelsForInputStride2: 2 },
    /** Longest row that one invocation reduces where there are many rows. */
    reduce: { maxRowPerInvocation: 2048 },
    /**
     * Rows from which f32 on the GPU replaces float64 on the CPU: never, where both are one CPU. Whether Cholesky's update shares
     * tiles in workgroup memory: here its barrier costs more than the saved loads.
     */
    linalg: { rootTrace: Infinity, jacobi: Infinity, products: 64, sharesTiles: false },
  },
  hardware: {
    loadsAreSlow: false,
    barriersAreSlow: false,
    /**
     * Naive up to so many elements, tall_skinny from so many inner positions. Costs of the tiled kernels (matmulTiles.ts) are in
     * multiply-adds of one invocation: per position of k of so many elements per thread (small thread tiles read workgroup memory more
     * often: 16 floats for 64, 12 for 32, 8 for 16), per load, per launch, per element of a split product.
     * Reasoned, not measured: 10 µs per dependent launch, 3 TB/s, 17,000 lanes of 1.7 GHz shared by two invocations.
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

/** Whether kernels that share loads by quadSwap are the untuned choice: where loads are slow and subgroups exist. */
export const prefersQuadSwap = (traits: DeviceTraits): boolean =>
  defaultsFor(traits).loadsAreSlow && traits.features.has("subgroups");
