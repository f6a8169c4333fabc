import { ceilDiv, type DeviceTraits, type Launches, type Kernel, powerOfTwo } from "./launch.ts";
import { defaultsFor } from "./defaults.ts";

/** Rows that lie one after the other. */
export interface Rows {
  readonly rows: number;
  readonly extent: number;
}

/** Lanes that a device with default limits runs together. */
const MOST_LANES = 256;
/** Elements that a lane holds before further ones join in. */
const FEW_PER_LANE = 4;
/** More rows than this are many. */
const FEW_ROWS = 128;

/** How lanes share rows of that extent (shaders/lib/rows.wgsl); null where a row has no room in registers. */
export function lanesFor({ rows, extent }: Rows, traits: DeviceTraits) {
  const { barriersAreSlow, reduce } = defaultsFor(traits);
  const ROW_LANES = barriersAreSlow ? 1 : Math.min(powerOfTwo(ceilDiv(extent, FEW_PER_LANE)), MOST_LANES);
  const PER_LANE = ceilDiv(extent, ROW_LANES);
  if (PER_LANE > (rows > FEW_ROWS && extent % 4 === 0 ? reduce.maxPerLaneOfMany : reduce.maxPerLane)) return null;
  return { LANES: Math.max(64, ROW_LANES), ROW_LANES, PER_LANE, WHOLE: Number(PER_LANE * ROW_LANES === extent) };
}

/** One launch over rows that are read by hooks and held in registers. */
export function rowLaunch(
  kernel: Kernel,
  { rows, extent }: Rows,
  traits: DeviceTraits,
  constants: { readonly [name: string]: number },
  params: { readonly [name: string]: number } = {},
): Launches {
  const lanes = lanesFor({ rows, extent }, traits)!;
  return {
    flops: rows * extent,
    launches: [
      {
        kernel,
        constants: { ...lanes, ...constants },
        bind: { y: { output: 0 } },
        params: { rows, extent, ...params },
        groups: [ceilDiv(rows * lanes.ROW_LANES, lanes.LANES), 1, 1],
        takesEpilogue: true,
      },
    ],
  };
}
