import { defaultsFor } from "./defaults.ts";
import { ceilDiv, chosen, type DeviceTraits, type Launches, sizeClass, type Variants } from "./launch.ts";
import { reduce as scalar } from "./shaders/reduce.gen.ts";
import { reduce_vec4 as vec4 } from "./shaders/reduce_vec4.gen.ts";

export type Reduction = "sum" | "max" | "min";
export type RowVariant = "rows" | "shortRows";

/** What is reduced: `extent` elements to each of `outputs`. */
export interface Extents {
  readonly outputs: number;
  readonly extent: number;
  /** The reduced elements come first: [extent, outputs]; otherwise [outputs, extent]. */
  readonly leading: boolean;
}

/** Up to here one workgroup or invocation goes through the whole extent alone. */
const MAX_EXTENT_UNSPLIT = 4096;
/** Elements of a row that 64 lanes add up, 64 vec4 each. */
const MOST_OF_SLICE = 16_384;
/** Loads of one invocation up to which its sum runs through. */
const MOST_RUN = 256;
/** Loads of a slice above which 256 lanes share it in place of 64, where loads are fast. */
const LONG_ROW = 256;
/** Rows of at most this many elements are not worth a workgroup. */
const MAX_SHORT_ROW = 32;
/** Outputs times slices that keep a device busy. */
const MIN_CONCURRENT_SLICES = 512;

/** The kernels that can reduce so many elements of a row each, where one launch does it; null for columns. */
export const reduceVariants = ({ outputs, extent, leading }: Extents): Variants<RowVariant> | null =>
  leading || extent > MAX_EXTENT_UNSPLIT
    ? null
    : { class: `reduce rows ${sizeClass(outputs, extent)}`, names: ["shortRows", "rows"], terms: extent };

function rowVariant(outputs: number, extent: number, traits: DeviceTraits): RowVariant {
  const variants = reduceVariants({ outputs, extent, leading: false });
  const many = outputs >= 2 * scalar.rows.constants.LANES;
  const maxShortRow = many ? defaultsFor(traits).reduce.maxRowPerInvocation : MAX_SHORT_ROW;
  return (variants && chosen(variants, traits)) ?? (extent <= maxShortRow ? "shortRows" : "rows");
}

/** Whether elements can be loaded four at a time: none of the four then belong to different slices. */
export const loadsVec4 = ({ outputs, extent, leading }: Extents): boolean => (leading ? outputs : extent) % 4 === 0;

/**
 * Reduces elements that are read through the hook `load`, or `vec4_at` where they come `by` four at a time.
 *
 * Few outputs over a long extent go through partial results, so the first launch takes that hook, the last one `epilogue`.
 */
export function reduce(operation: Reduction, extents: Extents, traits: DeviceTraits, by: 1 | 4 = 1): Launches {
  const { outputs, extent, leading } = extents;
  const shaders = by === 4 ? vec4 : scalar;
  const { LANES } = shaders.rows.constants;
  // a column's invocation walks the extent alone; a row's workgroup shares it
  const maxUnsplit = leading ? MAX_EXTENT_UNSPLIT / 8 : MAX_EXTENT_UNSPLIT;
  const across = leading ? outputs / by : outputs;
  const minConcurrent = Math.min(
    ceilDiv(extent, maxUnsplit / 4),
    ceilDiv(MIN_CONCURRENT_SLICES * (leading ? LANES : 1), across),
  );
  const wanted = leading ? minConcurrent : Math.max(minConcurrent, ceilDiv(extent, MOST_OF_SLICE));
  // four loads go together
  const together = leading ? 4 : 4 * by;
  const slice = extent <= maxUnsplit ? extent : ceilDiv(ceilDiv(extent, Math.max(1, wanted)), together) * together;
  const slices = Math.max(1, ceilDiv(extent, Math.max(1, slice)));
  const isWhole = slice % together === 0 && extent % together === 0;
  const isLong = (loads: number) => Number(operation === "sum" && loads > MOST_RUN);
  const { loadsAreSlow } = defaultsFor(traits);
  const isShort = slices === 1 ? rowVariant(outputs, extent, traits) === "shortRows" : loadsAreSlow;
  const kernel = leading ? shaders.columns : isShort ? shaders.short_rows : shaders.rows;
  const lanes = !loadsAreSlow && kernel === shaders.rows && slice > LONG_ROW * by ? 4 * LANES : LANES;
  const constants = {
    LANES: lanes,
    OPERATION: { sum: 0, max: 1, min: 2 }[operation],
    MANY_TERMS: isLong(slice / (leading ? 1 : by)),
    ...(by === 4
      ? {
          WHOLE: Number(isWhole),
          IN_FLIGHT: kernel === shaders.rows && !loadsAreSlow && slice >= 4 * lanes * by ? 4 : 1,
        }
      : {}),
  };
  const invocations = leading || isShort ? ceilDiv(across * slices, lanes) : outputs * slices;
  const first = { kernel, constants, params: { outputs, extent, slices, slice }, groups: [invocations, 1, 1] } as const;
  const whole = { bind: { y: { output: 0 } }, takesEpilogue: true } as const;
  const flops = outputs * extent;
  if (slices === 1) return { flops, launches: [{ ...first, ...whole }] };
  return {
    flops,
    scratch: [outputs * slices * 4],
    launches: [
      { ...first, bind: { y: { scratch: 0 } } },
      {
        ...whole,
        kernel: leading ? scalar.columns : scalar.rows,
        constants: { OPERATION: constants.OPERATION, MANY_TERMS: isLong(slices) },
        params: { outputs, extent: slices, slices: 1, slice: slices },
        groups: [leading ? ceilDiv(outputs, LANES) : outputs, 1, 1],
      },
    ],
  };
}
