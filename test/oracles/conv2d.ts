/** One case of conv2d.json: shapes and options, and results times `scale` as whole numbers. See conv2d.py. */
export interface Case {
  readonly op: "conv2d" | "convTranspose2d" | "maxPool2d" | "avgPool2d";
  readonly x: number[];
  readonly w?: number[];
  readonly kernel?: number | [number, number];
  readonly repeated?: number;
  readonly options: object;
  readonly shape: number[];
  readonly scale: number;
  readonly y: number[];
  readonly dx: number[];
  readonly dw?: number[];
  readonly dbias?: number[];
  readonly second?: { readonly [name: string]: number[] };
}

/** Numbers of [−2, 2], multiples of 1/64, the same as values() in conv2d.py. */
export const values = (shape: readonly number[], seed: number): Float32Array<ArrayBuffer> =>
  Float32Array.from(
    { length: shape.reduce((a, b) => a * b, 1) },
    (_, i) => (((i * 7919 + seed * 104729) % 257) - 128) / 64,
  );

/** Largest difference from expected/scale, as a part of the largest value (or of 1, if all are 0); NaN where one is. */
export function error(actual: ArrayLike<number>, expected: readonly number[], scale: number): number {
  if (actual.length !== expected.length) return NaN;
  let [largest, difference] = [0, 0];
  for (const [i, v] of expected.entries()) {
    largest = Math.max(largest, Math.abs(v / scale));
    const d = Math.abs(actual[i]! - v / scale);
    if (!(d <= difference)) difference = d;
  }
  return difference / (largest || 1);
}
