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
  },
  hardware: {
    loadsAreDear: false,
    barriersAreDear: false,
    /** Elements of one matrix up to which tiles are not worth it; workgroups of large tiles that keep the device busy. */
    matmul: { few: 64, busy: 256 },
    conv2d: { wide: 380, narrow: 180, busy: 1024, direct: Infinity },
    reduce: { alone: 32 },
  },
} as const;

/** The family's numbers for this device. */
export const defaultsFor = ({ software }: DeviceTraits) => (software ? DEFAULTS.software : DEFAULTS.hardware);

/** Whether kernels whose invocations pass their loads round are the better ones here, as far as one knows untuned. */
export const passesRound = (traits: DeviceTraits): boolean =>
  defaultsFor(traits).loadsAreDear && traits.features.has("subgroups");
