import { ceilDiv, type DeviceTraits, type Launch } from "./launch.ts";
import { map as scalar } from "./shaders/map.gen.ts";
import { map_vec4 as vec4 } from "./shaders/map_vec4.gen.ts";

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
  const kernel = place ? scalar.placed : scalar.elements;
  const block = kernel.constants.LANES * kernel.constants.PER;
  return {
    ...written,
    kernel,
    constants: place ? {} : whole(size, block, traits),
    params: { size, offset: place?.offset ?? 0, inner: place?.inner ?? 1, stride: place?.stride ?? 1 },
    groups: [ceilDiv(size, block), 1, 1],
  };
}

/** The same from the hook `vec4_at`, which gives four elements at once; 4 divides `size`. */
export function mapVec4(size: number, traits: DeviceTraits): Launch {
  const kernel = vec4.elements;
  const vec4s = size / 4;
  return {
    ...written,
    kernel,
    constants: whole(vec4s, kernel.constants.LANES, traits),
    params: { vec4s },
    groups: [ceilDiv(vec4s, kernel.constants.LANES), 1, 1],
  };
}

/** `size` bytes of the hook `map`, four to a word of output 0. */
export const mapPacked = (size: number): Launch => ({
  ...written,
  kernel: scalar.packed,
  params: { size, offset: 0, inner: 1, stride: 1 },
  groups: [ceilDiv(size, 4 * scalar.packed.constants.LANES), 1, 1],
});
