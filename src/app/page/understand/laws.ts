/** A law of one number: normal, or two humps of equal weight that have the same mean and deviation. */
export interface Law {
  readonly mean: number;
  /** Standard deviation, above 0. */
  readonly deviation: number;
  readonly hasHumps: boolean;
}

/** How far a hump's middle lies from the mean, in deviations. */
const APART = 0.9;
/** The deviation of each hump, in deviations of the law: APART² + WITHIN² = 1. */
const WITHIN = Math.sqrt(1 - APART ** 2);

/** Middles and the deviation of what a law is the mean of. */
const parts = ({ mean, deviation, hasHumps }: Law): { middles: readonly number[]; deviation: number } =>
  hasHumps
    ? { middles: [mean - APART * deviation, mean + APART * deviation], deviation: WITHIN * deviation }
    : { middles: [mean], deviation };

/** p(x). */
export function density(law: Law, x: number): number {
  const { middles, deviation } = parts(law);
  const total = middles.reduce((sum, middle) => sum + Math.exp(-0.5 * ((x - middle) / deviation) ** 2), 0);
  return total / (middles.length * deviation * Math.sqrt(2 * Math.PI));
}

/** Independent draws of a law [n], out of standard normal numbers and numbers that are uniform on (0, 1), which choose the hump. */
export function drawsOf(law: Law, normals: ArrayLike<number>, uniforms: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const { middles, deviation } = parts(law);
  return Float32Array.from(
    normals,
    (value, i) => middles[Math.floor(uniforms[i]! * middles.length)]! + deviation * value,
  );
}

/** The squared Fréchet distance of two laws by their means and deviations:  (m₁ − m₂)² + (s₁ − s₂)². */
export const frechet = (a: Law, b: Law): number => (a.mean - b.mean) ** 2 + (a.deviation - b.deviation) ** 2;

/** Steps of the sum that stands for an integral. */
const STEPS = 4000;
/** Deviations from its mean beyond which a law has nothing left that counts. */
const TAIL = 8;

/** What two laws have in common:  ∫ min(p(x), q(x)) dx, from 0 to 1. */
export function overlap(a: Law, b: Law): number {
  const from = Math.min(a.mean - TAIL * a.deviation, b.mean - TAIL * b.deviation);
  const to = Math.max(a.mean + TAIL * a.deviation, b.mean + TAIL * b.deviation);
  const width = (to - from) / STEPS;
  let total = 0;
  for (let i = 0; i < STEPS; i++) {
    const x = from + (i + 0.5) * width;
    total += Math.min(density(a, x), density(b, x));
  }
  return total * width;
}
