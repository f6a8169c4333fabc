import { ceilDiv, type DeviceTraits, type Launch } from "./launch.ts";
import { map as one } from "./shaders/map.gen.ts";
import { map_fours as four } from "./shaders/map_fours.gen.ts";

/** Where a map writes: rows of `inner` elements, `stride` apart, from `offset`. */
export interface Place {
  readonly offset: number;
  readonly inner: number;
  readonly stride: number;
}

// a folded grid may have a workgroup too many
const whole = (size: number, block: number, { maxGroups }: DeviceTraits) => ({
  WHOLE: Number(size % block === 0 && size <= maxGroups * block),
});
const written = { bind: { y: { output: 0 } } } as const;

/** `size` elements of the hook `map`, written to output 0: one after the other, or at `place`. */
export function map(size: number, traits: DeviceTraits, place?: Place): Launch {
  const kernel = place ? one.placed : one.elements;
  const block = kernel.constants.LANES * kernel.constants.PER;
  return {
    ...written,
    kernel,
    constants: place ? {} : whole(size, block, traits),
    params: { size, offset: place?.offset ?? 0, inner: place?.inner ?? 1, stride: place?.stride ?? 1 },
    groups: [ceilDiv(size, block), 1, 1],
  };
}

/** The same from the hook `four`, which gives four elements at once; 4 divides `size`. */
export function mapFours(size: number, traits: DeviceTraits): Launch {
  const kernel = four.elements;
  const quads = size / 4;
  return {
    ...written,
    kernel,
    constants: whole(quads, kernel.constants.LANES, traits),
    params: { quads },
    groups: [ceilDiv(quads, kernel.constants.LANES), 1, 1],
  };
}

/** `size` bytes of the hook `map`, four to a word of output 0. */
export const mapPacked = (size: number): Launch => ({
  ...written,
  kernel: one.packed,
  params: { size, offset: 0, inner: 1, stride: 1 },
  groups: [ceilDiv(size, 4 * one.packed.constants.LANES), 1, 1],
});
