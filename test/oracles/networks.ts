import { writeSafetensors } from "../../src/formats/safetensors.ts";

/** n numbers in [−½, ½) from a name: FNV-1a of the name, mixed with the index. */
export function uniform(name: string, n: number): Float64Array {
  let h = 2166136261;
  for (const byte of new TextEncoder().encode(name)) h = Math.imul(h ^ byte, 16777619) >>> 0;
  return Float64Array.from({ length: n }, (_, i) => {
    let x = (h + Math.imul(i, 2654435761)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0;
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b) >>> 0;
    return ((x ^ (x >>> 16)) >>> 8) / 16777216 - 0.5;
  });
}

/** A tensor by formula: its name says what it is, and with its shape the range of its values. */
function values(name: string, shape: readonly number[]): Float32Array {
  const last = name.split(".").at(-1);
  const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
  const of: (u: number) => number =
    last === "running_var"
      ? (u) => 1 + u
      : last === "running_mean"
        ? (u) => 0.4 * u
        : name.includes(".bn.")
          ? last === "weight"
            ? (u) => 1 + 0.4 * u
            : (u) => -0.05 + 0.4 * u
          : last === "bias"
            ? (u) => 0.2 * u
            : (u) => u * (2 * Math.sqrt(6 / fanIn));
  return Float32Array.from(uniform(name, shape[0]! * fanIn), of);
}

/** A safetensors file of tensors by formula. */
export const formulaFile = (shapes: { readonly [name: string]: readonly number[] }, metadata = {}) =>
  writeSafetensors(
    Object.entries(shapes).map(([name, shape]) => [name, { dtype: "F32", shape, data: values(name, shape) }]),
    metadata,
  );

/** Bytes [1, 3, side, side] of a formula of column, row and channel. */
const image =
  (value: (x: number, y: number, c: number, side: number) => number) =>
  (side: number): Uint8Array<ArrayBuffer> =>
    Uint8Array.from({ length: 3 * side * side }, (_, i) =>
      value(i % side, Math.floor(i / side) % side, Math.floor(i / side / side), side),
    );

/** Images by formula; no symmetry leaves the first two as they are. */
export const images = {
  texture: image((x, y, c) => (7 * x + 13 * y + 29 * c + 64 * (((x >> 3) ^ (y >> 3)) & 1)) & 255),
  smooth: image((x, y, c) => Math.min(255, Math.abs((((3 - c) * x + (1 + c) * y + 80 * c) & 511) - 256))),
  blobs: image((x, y, c, side) => {
    const q = ((c + 1) * side) / 4;
    return Math.max(0, 255 - Math.floor((((x - q) ** 2 + (y - q) ** 2) * 1020) / (side * side)));
  }),
};
export const { texture } = images;

/** ‖found − expected‖ / ‖expected‖; NaN where lengths differ. */
export function relative(found: ArrayLike<number>, expected: readonly number[]): number {
  if (found.length !== expected.length) return Number.NaN;
  const squares = expected.map((value, i) => (found[i]! - value) ** 2);
  const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);
  return Math.sqrt(sum(squares) / sum(expected.map((value) => value * value)));
}
