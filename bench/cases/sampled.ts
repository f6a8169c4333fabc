// Errors at some positions of an output, against float64.

import { uniforms } from "../random.ts";

/** Positions compared at most; all where there are fewer. */
const MOST = 4096;

/** What an output should be, and the scale of its error: the sum of the sizes of its terms. */
export interface Expected {
  value: number;
  size: number;
}

/** Largest |found − value| / size over some positions of `found`, always the same; NaN where its length is wrong or a value is no number. */
export function sampled(found: Float32Array, length: number, expected: (at: number) => Expected): number {
  if (found.length !== length) return NaN;
  const draw = uniforms(length);
  const count = Math.min(length, MOST);
  let worst = 0;
  for (let i = 0; i < count; i++) {
    const at = count === length ? i : Math.floor(draw() * length);
    const { value, size } = expected(at);
    const error = found[at] === value ? 0 : Math.abs(found[at]! - value) / size;
    if (Number.isNaN(error)) return NaN;
    worst = Math.max(worst, error);
  }
  return worst;
}
