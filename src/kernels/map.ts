import { ceilDiv, type Launch } from "./launch.ts";
import { map as shaders } from "./shaders.gen.ts";

/** Where a map writes: rows of `inner` elements, `stride` apart, from `offset`. */
export interface Place {
  readonly offset: number;
  readonly inner: number;
  readonly stride: number;
}

/** `size` elements of the hook `map`, written to output 0: one after the other, or at `place`; `fours`: the hook `four` gives four at once. */
export function map(size: number, place?: Place, fours = false): Launch {
  const kernel = place ? shaders.placed : fours ? shaders.fours : shaders.elements;
  const { LANES, PER } = kernel.constants;
  return {
    kernel,
    constants: place || fours ? {} : { WHOLE: Number(size % (LANES * PER) === 0) },
    bind: { y: { output: 0 } },
    params: { size, offset: place?.offset ?? 0, inner: place?.inner ?? 1, stride: place?.stride ?? 1 },
    groups: [ceilDiv(size, LANES * PER), 1, 1],
  };
}
