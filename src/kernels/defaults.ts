import type { DeviceTraits } from "./launch.ts";

/** What chooses kernels where nothing was tuned, by family of adapters. Times of software adapters are SwiftShader's. */
const DEFAULTS = {
  software: {
    /** Loads cost far more than swaps within a quad of invocations. */
    loadsAreDear: true,
    /** Nanoseconds of one inner position of a workgroup's tile; of four elements for plain. */
    matmul: { plain: 60, quad: 550, quadAny: 650, direct: 7000 },
    /** What a pixel costs with a register tile, in multiplications; workgroups that keep the weight gradient busy. */
    conv2d: { wide: 380, narrow: 180, busy: 16 },
    /** Longest row that one invocation goes through alone where there are many. */
    reduce: { alone: 2048 },
  },
  hardware: {
    loadsAreDear: false,
    /**
     * Elements of one matrix up to which tiles are not worth it, and inner positions from which a narrow product is worth a workgroup
     * for each of its few rows. Then what decides between tilings (matmulTiles.ts), in multiply-adds of one invocation: an inner
     * position of so many elements held (fewer of them mean more reads of workgroup memory for each: 16 floats for 64, 12 for 32, 8
     * for 16), a float brought from memory for it, one more launch, and an element of a slice that is stored and added up.
     * From the fact sheet and arithmetic, not measured: 10 µs for a launch that waits for the one before, 3 TB/s, and 17,000 lanes of
     * 1.7 GHz that two invocations share.
     */
    matmul: { few: 64, long: 32, held: { 64: 64, 32: 40, 16: 27 }, read: 4, launch: 8000, slice: 0.0025 },
    conv2d: { wide: 380, narrow: 180, busy: 1024 },
    reduce: { alone: 32 },
  },
} as const;

/** The family's numbers for this device. */
export const defaultsFor = ({ software }: DeviceTraits) => (software ? DEFAULTS.software : DEFAULTS.hardware);

/** Whether kernels whose invocations pass their loads round are the better ones here, as far as one knows untuned. */
export const passesRound = (traits: DeviceTraits): boolean =>
  defaultsFor(traits).loadsAreDear && traits.features.has("subgroups");
