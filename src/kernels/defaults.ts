import type { DeviceTraits } from "./launch.ts";

/** What chooses kernels where nothing was tuned, by family of adapters. Times of software adapters are SwiftShader's. */
const DEFAULTS = {
  software: {
    /** Loads cost far more than swaps within a quad of invocations. */
    loadsAreDear: true,
    /** A workgroup waits for all its invocations at a price that passes many loads. */
    barriersAreDear: true,
    /** Nanoseconds of one inner position of a workgroup's tile; of four elements for plain. */
    matmul: { plain: 60, quad: 550, quadAny: 650, direct: 7000 },
    /**
     * What a pixel costs with a register tile, in multiplications; workgroups that keep the weight gradient busy; channels up
     * to which sums over few go without a tile.
     */
    conv2d: { wide: 380, narrow: 180, busy: 16, direct: 4 },
    /** Longest row that one invocation goes through alone where there are many. */
    reduce: { alone: 2048 },
    /**
     * Rows from which the GPU's f32 takes over from the CPU's float64: never where both are one CPU. Whether the update of a
     * Cholesky factor goes through workgroup memory: its barrier costs more than the loads that it saves.
     */
    linalg: { rootTrace: Infinity, jacobi: Infinity, sharesTiles: false },
  },
  hardware: {
    loadsAreDear: false,
    barriersAreDear: false,
    /** Elements of one matrix up to which tiles are not worth it; workgroups of large tiles that keep the device busy. */
    matmul: { few: 64, busy: 256 },
    conv2d: { wide: 380, narrow: 180, busy: 1024, direct: Infinity },
    reduce: { alone: 32 },
    /**
     * Not measured on a GPU yet. A CPU takes 0.1 s for a root trace of 256 rows and 20 ms for 128 eigenvalues, and 8 times as long
     * for twice as many; 100 and 1100 small dispatches should take a GPU less.
     */
    linalg: { rootTrace: 256, jacobi: 128, sharesTiles: true },
  },
} as const;

/** The family's numbers for this device. */
export const defaultsFor = ({ software }: DeviceTraits) => (software ? DEFAULTS.software : DEFAULTS.hardware);

/** Whether kernels whose invocations pass their loads round are the better ones here, as far as one knows untuned. */
export const passesRound = (traits: DeviceTraits): boolean =>
  defaultsFor(traits).loadsAreDear && traits.features.has("subgroups");
