import { defaultsFor } from "./defaults.ts";
import { ceilDiv, chosen, type DeviceTraits, type Launch, type Launches, sizeClass, type Variants } from "./launch.ts";
import { reduce as shaders } from "./shaders.gen.ts";

export type Reduction = "sum" | "max" | "min";
export type RowVariant = "rows" | "shortRows";

/** Up to here one workgroup or invocation goes through the whole extent alone. */
const ALONE = 4096;
/** Rows of at most this many elements are not worth a workgroup. */
const SHORT = 32;
/** Outputs times slices that keep a device busy. */
const BUSY = 512;

/** The kernels that can reduce so many elements of a row each, where one launch does it; null for columns. */
export const reduceVariants = (outputs: number, extent: number, leading: boolean): Variants<RowVariant> | null =>
  leading || extent > ALONE
    ? null
    : { class: `reduce rows ${sizeClass(outputs, extent)}`, names: ["shortRows", "rows"], terms: extent };

function rowVariant(outputs: number, extent: number, traits: DeviceTraits): RowVariant {
  const variants = reduceVariants(outputs, extent, false);
  const many = outputs >= 2 * shaders.rows.constants.LANES;
  const short = many ? defaultsFor(traits).reduce.alone : SHORT;
  return (variants && chosen(variants, traits)) ?? (extent <= short ? "shortRows" : "rows");
}

/**
 * Reduces `extent` elements to each of `outputs`, read through the hook `load`.
 *
 * leading: the reduced elements come first, load: [extent, outputs]; otherwise load: [outputs, extent].
 * Few outputs over a long extent go through partial results, so the first launch takes `load`, the last one `epilogue`.
 */
export function reduce(
  operation: Reduction,
  outputs: number,
  extent: number,
  leading: boolean,
  traits: DeviceTraits,
): Launches {
  const constants = { OPERATION: { sum: 0, max: 1, min: 2 }[operation] };
  const lanes = shaders.rows.constants.LANES;
  // a column's invocation walks the extent alone; a row's workgroup shares it
  const alone = leading ? ALONE / 8 : ALONE;
  const wanted = Math.min(ceilDiv(extent, alone / 4), ceilDiv(BUSY * (leading ? lanes : 1), outputs));
  const slice = extent <= alone ? extent : ceilDiv(extent, Math.max(1, wanted));
  const slices = Math.max(1, ceilDiv(extent, Math.max(1, slice)));
  const params = { outputs, extent, slices, slice };
  const whole: Pick<Launch, "constants" | "bind" | "takesEpilogue"> = {
    constants,
    bind: { y: { output: 0 } },
    takesEpilogue: true,
  };
  const part: Pick<Launch, "constants" | "bind"> = { constants, bind: { y: { scratch: 0 } } };
  const columns = (count: number): [number, number, number] => [ceilDiv(count, lanes), 1, 1];
  const flops = outputs * extent;
  if (slices === 1)
    return {
      flops,
      launches: [
        leading
          ? { ...whole, kernel: shaders.columns, params, groups: columns(outputs) }
          : rowVariant(outputs, extent, traits) === "shortRows"
            ? { ...whole, kernel: shaders.short_rows, params, groups: columns(outputs) }
            : { ...whole, kernel: shaders.rows, params, groups: [outputs, 1, 1] },
      ],
    };
  const combined = { outputs, extent: slices, slices: 1, slice: slices };
  return {
    flops,
    scratch: [outputs * slices * 4],
    launches: leading
      ? [
          { ...part, kernel: shaders.columns, params, groups: columns(outputs * slices) },
          { ...whole, kernel: shaders.columns, params: combined, groups: columns(outputs) },
        ]
      : [
          defaultsFor(traits).loadsAreDear
            ? { ...part, kernel: shaders.short_slices, params, groups: columns(outputs * slices) }
            : { ...part, kernel: shaders.slices, params, groups: [outputs * slices, 1, 1] },
          { ...whole, kernel: shaders.rows, params: combined, groups: [outputs, 1, 1] },
        ],
  };
}
