import * as ops from "../../../src/graph/ops/index.ts";
import { nd, type Nd, permuted } from "../nd.ts";
import type { Row } from "../row.ts";

export const exact = { ulps: 0, why: "exact" } as const;
/** Axes that reductions go over; undefined is all. */
export const AXES: readonly (readonly number[] | undefined)[] = [undefined, [0], [1], [0, 2]];
/** `f` of each line along `axes`. */
export const kept = (x: Nd, axes: readonly number[] | undefined, f: (line: readonly number[]) => number): Nd => {
  const over = axes ?? x.shape.map((_, d) => d);
  const rest = x.shape.flatMap((_, d) => (over.includes(d) ? [] : [d]));
  const lines = permuted(x, [...rest, ...over]);
  const shape = rest.map((d) => x.shape[d]!);
  const n = over.reduce((size, d) => size * x.shape[d]!, 1);
  return {
    shape,
    data: nd([shape.reduce((a, b) => a * b, 1)], (_, i) => f(Array.from(lines.data.slice(i * n, (i + 1) * n)))).data,
  };
};

const ZEROS = [2, 0, 3, -1.5, 0, 0, 0.5, 2, 1, -3, 1, 0.25];
/** What integers go through, on floats, where it has no rows elsewhere. */
export const floats: Row[] = [
  ...AXES.map((axes): Row => ({
    op: "prod",
    inputs: [{ shape: [3, 4, 1], values: ZEROS }],
    run: (x) => ops.prod(x!, axes),
    reference: (x) => kept(x!, axes, (line) => line.reduce((a, b) => a * b, 1)),
    ulps: 4,
    why: "a tree of products",
  })),
  {
    op: "prod",
    inputs: [{ shape: [2, 67], domain: [0.9, 1.1] }],
    run: (x) => ops.prod(x!, -1, { keepDims: true }),
    reference: (x) => ({ shape: [2, 1], data: kept(x!, [1], (line) => line.reduce((a, b) => a * b, 1)).data }),
    ulps: 67,
    why: "a rounding a product",
  },
  ...[true, false].map((largest): Row => ({
    op: "topK",
    inputs: [{ shape: [5, 4], values: Array.from({ length: 20 }, (_, i) => ((i * 7) % 20) / 4) }],
    run: (x) => ops.topK(x!, 2, { largest, axis: 0 }).values,
    reference: (x) =>
      nd([2, 4], ([r, j]) => {
        const line = Array.from({ length: 5 }, (_, i) => x!.data[4 * i + j!]!).sort((a, b) => a - b);
        return line[largest ? 4 - r! : r!]!;
      }),
    ...exact,
  })),
  {
    op: "argmin",
    inputs: [{ shape: [2, 5], values: [3, 1, 1, 7, 2, -1, 5, -1, 0, 3], slope: false }],
    run: (x) => ops.argmin(x!),
    reference: () => ({ shape: [2], data: Float64Array.of(1, 0) }),
    ...exact,
  },
  {
    op: "cumsum",
    inputs: [{ shape: [3, 5] }],
    run: (x) => ops.cumsum(x!, 1, { reverse: true }),
    reference: (x) => nd(x!.shape, ([i, j]) => x!.data.slice(i! * 5 + j!, i! * 5 + 5).reduce((a, b) => a + b)),
    ulps: 8,
    why: "four additions, on a sum that may cancel",
    scale: (x) => nd(x!.shape, () => 2),
  },
];
