import { expect } from "vitest";
import { type Gpu, type Tensor, transpose } from "../src/index.ts";
import { matmulKernels, type MatmulShape, type MatmulVariant, matmulVariants } from "../src/kernels/matmul.ts";

export const values = (count: number, seed: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: count }, (_, i) => Math.sin((i + 1) * (12.9898 + seed)));

export interface Size {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  readonly stacks?: number;
  /** One matrix of a serves the whole stack. */
  readonly shared?: true;
}
export type Layout = readonly [transposeA: boolean, transposeB: boolean];
export const LAYOUTS: readonly Layout[] = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
];
export const named = ([ta, tb]: Layout) => `${ta ? "aᵀ" : "a"}·${tb ? "bᵀ" : "b"}`;

export const shapeOf = (
  { rows, columns, inner, stacks = 1, shared }: Size,
  [transposeA, transposeB]: Layout,
): MatmulShape => ({
  stacks,
  rows,
  columns,
  inner,
  transposeA,
  transposeB,
  aStack: stacks === 1 || shared ? 0 : rows * inner,
  bStack: stacks === 1 ? 0 : inner * columns,
});

/** Makes `variant` the choice for these products, if it can make them. */
export function force(gpu: Gpu, variant: MatmulVariant, shapes: readonly MatmulShape[]): void {
  const able = shapes.filter((shape) => matmulKernels(shape, gpu.traits).includes(variant));
  expect(able, `${variant} makes all of them`).toHaveLength(shapes.length);
  const choices = Object.fromEntries(able.map((shape) => [matmulVariants(shape, gpu.traits).class, variant]));
  gpu.tuning.import({ ...gpu.tuning.export(), choices });
}

/** The largest error of `found` over γ_k·Σ|a||b|, for every stack of op(a)·op(b). */
export function worst(
  found: ArrayLike<number>,
  a: Float32Array,
  b: Float32Array,
  size: Size,
  [ta, tb]: Layout,
): number {
  const { rows, columns, inner, stacks = 1, shared } = size;
  const u = 2 ** -24;
  const gamma = (inner * u) / (1 - inner * u);
  let most = 0;
  for (let s = 0; s < stacks; s++)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        let [value, scale] = [0, 0];
        for (let k = 0; k < inner; k++) {
          const x = a[(shared ? 0 : s * rows * inner) + (ta ? k * rows + i : i * inner + k)]!;
          const y = b[s * inner * columns + (tb ? j * inner + k : k * columns + j)]!;
          value += x * y;
          scale += Math.abs(x * y);
        }
        const error = Math.abs(found[(s * rows + i) * columns + j]! - value);
        if (!(error <= most * gamma * scale)) most = error / (gamma * scale);
      }
  return most;
}

/** op(a) and op(b) as tensors, and the numbers as they lie in memory. */
export function operands(gpu: Gpu, { rows, columns, inner, stacks = 1, shared }: Size, [ta, tb]: Layout) {
  const a = values((shared ? 1 : stacks) * rows * inner, 1);
  const b = values(stacks * inner * columns, 2);
  const matrix = (
    data: Float32Array<ArrayBuffer>,
    high: number,
    wide: number,
    flipped: boolean,
    many: boolean,
  ): Tensor => {
    const stack = many ? [stacks] : [];
    const order = many ? [0, 2, 1] : [1, 0];
    return flipped
      ? transpose(gpu.tensor(data, [...stack, wide, high]), order)
      : gpu.tensor(data, [...stack, high, wide]);
  };
  const x = matrix(a, rows, inner, ta, stacks > 1 && !shared);
  const y = matrix(b, inner, columns, tb, stacks > 1);
  return { a, b, x, y };
}
