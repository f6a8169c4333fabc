// Numbers for inputs: the same in every engine and every run.

import type { Input } from "./workload.ts";

/** Uniform numbers in [0, 1) from a 32-bit seed (mulberry32). */
export function uniforms(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A standard normal number of two uniform ones (Box–Muller). */
export const normalOf = (uniform: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

/** Standard normal numbers from a 32-bit seed. */
export function normals(seed: number): () => number {
  const uniform = uniforms(seed);
  return () => normalOf(uniform);
}

/** A tensor of uniform numbers in [low, high), or of normal ones. */
export function uniform(shape: readonly number[], seed: number, low = -1, high = 1): Input {
  const draw = uniforms(seed);
  return filled(shape, () => low + (high - low) * draw());
}
export const normal = (shape: readonly number[], seed: number): Input => filled(shape, normals(seed));

export function filled(shape: readonly number[], value: (index: number) => number): Input {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < values.length; i++) values[i] = value(i);
  return { shape, values };
}
