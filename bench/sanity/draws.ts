// Numbers of the scenarios: Philox streams of the engine, the same on every device.

import { unitUniforms } from "../../src/data/philox.ts";
import { streamOf } from "../../src/data/streams.ts";

/** Rows [n, d], row-major. */
export interface Rows {
  readonly values: Float64Array;
  readonly dim: number;
}

/** A stream by name; every call goes on where the one before ended. */
export class Draws {
  readonly #seed: number;
  readonly #stream: number;
  #step = 0;

  constructor(seed: number, name: string) {
    this.#seed = seed;
    this.#stream = streamOf(name);
  }

  /** Uniform on (0, 1). */
  uniform(count: number): Float64Array {
    return unitUniforms(count, this.#seed, this.#stream, this.#step++);
  }

  /** Standard normal, by Box–Muller. */
  normal(count: number): Float64Array {
    const half = Math.ceil(count / 2);
    const [radius, angle] = [this.uniform(half), this.uniform(half)];
    return Float64Array.from({ length: count }, (_, i) => {
      const at = i >> 1;
      return Math.sqrt(-2 * Math.log(radius[at]!)) * (i % 2 ? Math.sin : Math.cos)(2 * Math.PI * angle[at]!);
    });
  }

  /** N(mean, std² I), the mean the same in every coordinate or a function of row and coordinate. */
  gaussian(n: number, dim: number, mean: number | ((row: number, j: number) => number) = 0, std = 1): Rows {
    const of = typeof mean === "number" ? () => mean : mean;
    const values = this.normal(n * dim).map((z, at) => of(Math.floor(at / dim), at % dim) + std * z);
    return { values, dim };
  }

  /** Uniform directions times a radius for each row. */
  directions(n: number, dim: number, radius: (row: number) => number): Rows {
    const values = this.normal(n * dim);
    for (let i = 0; i < n; i++) {
      const row = values.subarray(i * dim, (i + 1) * dim);
      const scale = radius(i) / Math.hypot(...row);
      for (let j = 0; j < dim; j++) row[j]! *= scale;
    }
    return { values, dim };
  }

  /** Places in a list of weights, one a row. */
  choices(n: number, weights: readonly number[]): number[] {
    const total = weights.reduce((a, b) => a + b, 0);
    return Array.from(this.uniform(n), (u) => {
      let left = u * total;
      const at = weights.findIndex((weight) => (left -= weight) < 0);
      return at < 0 ? weights.length - 1 : at;
    });
  }
}

/** Rows less the real mean and over the real deviation of each column. */
export function standardised({ values, dim }: Rows, real: Rows): Rows {
  const n = real.values.length / dim;
  const [means, squares] = [new Float64Array(dim), new Float64Array(dim)];
  for (const [at, value] of real.values.entries()) means[at % dim]! += value / n;
  for (const [at, value] of real.values.entries()) squares[at % dim]! += (value - means[at % dim]!) ** 2 / n;
  return {
    values: values.map((value, at) => (value - means[at % dim]!) / (Math.sqrt(squares[at % dim]!) || 1)),
    dim,
  };
}
