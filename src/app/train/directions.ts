import type { Plane } from "./messages.ts";

/** Sums of products of centred columns, [latent, latent], over the rows of codes [n, latent]. */
function scatterOf(codes: Float32Array, latent: number, means: Float64Array): Float64Array {
  const sums = new Float64Array(latent * latent);
  for (let at = 0; at < codes.length; at += latent)
    for (let i = 0; i < latent; i++) {
      const a = codes[at + i]! - means[i]!;
      for (let j = 0; j <= i; j++) sums[i * latent + j]! += a * (codes[at + j]! - means[j]!);
    }
  for (let i = 0; i < latent; i++) for (let j = 0; j < i; j++) sums[j * latent + i] = sums[i * latent + j]!;
  return sums;
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

const unit = (a: Float64Array): Float64Array => {
  const length = Math.sqrt(dot(a, a));
  return length > 0 ? a.map((value) => value / length) : a;
};

/** Products with the covariance between two looks; the directions of the last look are where the next one starts. */
const ITERATIONS = 12;

/**
 * Points of a plane for codes [n, latent]. Principal directions are followed from look to look by power iterations, so that a picture
 * neither flips nor turns of a sudden.
 */
export class Directions {
  readonly #latent: number;
  #pair: [Float64Array, Float64Array];

  constructor(latent: number) {
    this.#latent = latent;
    // near an axis, but with a part of every other: a latent that the model does not use is no start
    const axis = (k: number) => Float64Array.from({ length: latent }, (_, i) => (i === k ? 1 : 0.01 * Math.cos(i + k)));
    this.#pair = [axis(0), axis(1)];
  }

  /** Points [n, 2], x and y; of a code of one number y is 0. */
  points(codes: Float32Array, plane: Plane): Float32Array<ArrayBuffer> {
    const latent = this.#latent;
    const count = codes.length / latent;
    const points = new Float32Array(2 * count);
    if (plane === "latents" || latent <= 2) {
      for (let n = 0; n < count; n++)
        for (let k = 0; k < Math.min(2, latent); k++) points[2 * n + k] = codes[n * latent + k]!;
      return points;
    }
    const means = new Float64Array(latent);
    for (const [at, value] of codes.entries()) means[at % latent]! += value / count;
    this.#follow(scatterOf(codes, latent, means));
    for (let n = 0; n < count; n++)
      for (const [k, direction] of this.#pair.entries())
        for (let i = 0; i < latent; i++) points[2 * n + k]! += direction[i]! * (codes[n * latent + i]! - means[i]!);
    return points;
  }

  #follow(scatter: Float64Array): void {
    const latent = this.#latent;
    const times = (a: Float64Array): Float64Array =>
      Float64Array.from({ length: latent }, (_, i) => dot(scatter.subarray(i * latent, (i + 1) * latent), a));
    let [a, b] = this.#pair;
    for (let i = 0; i < ITERATIONS; i++) {
      a = unit(times(a));
      const next = times(b);
      const along = dot(next, a);
      b = unit(next.map((value, k) => value - along * a[k]!));
    }
    // codes that do not vary have no directions
    if (dot(a, a) > 0.5 && dot(b, b) > 0.5) this.#pair = [a, b];
  }
}
