import type { Shape } from "../graph/dtype.ts";

/** Values of `shape`, row-major, with axes in another order: axis d of the result is axis axes[d]. For weights, once, on the CPU. */
export function reordered(values: Float32Array, shape: Shape, axes: readonly number[]): Float32Array {
  const strides = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1));
  const sizes = axes.map((d) => shape[d]!);
  const steps = axes.map((d) => strides[d]!);
  const out = new Float32Array(values.length);
  const index = new Uint32Array(sizes.length);
  let from = 0;
  for (let to = 0; to < out.length; to++) {
    out[to] = values[from]!;
    for (let d = sizes.length - 1; d >= 0; d--) {
      from += steps[d]!;
      if (++index[d]! < sizes[d]!) break;
      from -= steps[d]! * sizes[d]!;
      index[d] = 0;
    }
  }
  return out;
}
