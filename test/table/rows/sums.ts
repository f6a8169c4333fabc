import * as ops from "../../../src/graph/ops/index.ts";
import type { Tensor } from "../../../src/index.ts";
import { absolute, average, each, extentOf, fold, largest, type Nd, nd, spread, total } from "../nd.ts";
import type { Family, Refusal, Row } from "../row.ts";
import { numbers } from "./arithmetic.ts";

/**
 * Roundings on the way of one term into a sum of `extent`: the longest chain that any variant of reduce.wgsl has. Walked
 * alone by one invocation up to 512 terms; else slices of at most 512, then as many partial sums again.
 */
export const depth = (extent: number): number => Math.min(extent, 512) + Math.ceil(extent / 512);

/** Every order in which a reduction meets its axes: last, first, inner, both ends, all; short, long, and in slices. */
const REDUCTIONS: readonly (readonly [shape: readonly number[], axes: readonly number[] | undefined])[] = [
  [[1], undefined],
  [[3, 5], [1]],
  [[3, 5], [0]],
  [[5, 64], [1]],
  [[65, 65], [-1]],
  [[130, 3], [0]],
  [
    [2, 3, 5, 7],
    [0, 2],
  ],
  [
    [2, 3, 5, 7],
    [1, 3],
  ],
  [
    [2, 3, 5, 7],
    [0, 2, 3],
  ],
  [[2, 3, 5, 7], undefined],
  [[1030], [0]],
  [[9001], undefined],
  [[3001, 2], [0]],
];

interface Reduction {
  readonly run: (x: Tensor, axes?: readonly number[]) => Tensor;
  readonly reference: (x: Nd, axes?: readonly number[]) => Nd;
  readonly ulps: (extent: number) => number;
  readonly why: string;
  readonly scale?: (x: Nd, axes?: readonly number[]) => Nd;
  readonly twice?: boolean;
}

const reductions: { readonly [op: string]: Reduction } = {
  sum: {
    run: ops.sum,
    reference: total,
    ulps: depth,
    why: "γ of the tree, on Σ|x|",
    scale: (x, axes) => total(absolute(x), axes),
  },
  mean: {
    run: ops.mean,
    reference: average,
    ulps: (n) => depth(n) + 2.5,
    why: "sum, and a division, on mean |x|",
    scale: (x, axes) => average(absolute(x), axes),
  },
  // a deviation is off by the mean's error and its own rounding, (depth + 3.5) of max |x|, twice over in its square
  variance: {
    run: (x, axes) => ops.variance(x, axes),
    reference: (x, axes) => spread(x, axes),
    ulps: (n) => 3 * depth(n) + 12,
    why: "2 · (mean + 1) + sum + 3.5, on max|x| · (max|x| + spread)",
    scale: (x, axes) => each((m, v) => m * (m + Math.sqrt(v)), largest(absolute(x), axes), spread(x, axes)),
  },
  std: {
    run: (x, axes) => ops.std(x, axes),
    reference: (x, axes) => each(Math.sqrt, spread(x, axes)),
    ulps: (n) => 3 * depth(n) + 16,
    why: "as variance, and a root; on max|x| · (max|x| + spread) / spread",
    scale: (x, axes) =>
      each((m, v) => (v ? (m * (m + Math.sqrt(v))) / Math.sqrt(v) : 1), largest(absolute(x), axes), spread(x, axes)),
  },
  max: { run: ops.max, reference: (x, axes) => largest(x, axes), ulps: () => 0, why: "exact", twice: false },
  min: {
    run: ops.min,
    reference: (x, axes) => fold(x, axes, Infinity, Math.min),
    ulps: () => 0,
    why: "exact",
    twice: false,
  },
  logsumexp: {
    run: ops.logsumexp,
    reference: logSum,
    ulps: (n) => depth(n) + 4 + 4 + 8 + 1,
    why: "exp 4 and |x − max| ≤ 4, sum, log 8, one sum, on 1 + |result| + max|x|",
    scale: (x, axes) => each((y, m) => 1 + Math.abs(y) + m, logSum(x, axes), largest(absolute(x), axes)),
  },
};

export function logSum(x: Nd, axes?: readonly number[], keep = false): Nd {
  const top = largest(x, axes, true);
  const sums = total(
    each((v, m) => Math.exp(v - m), x, top),
    axes,
    true,
  );
  const y = each((s, m) => Math.log(s) + m, sums, top);
  return keep ? y : { shape: total(x, axes).shape, data: y.data };
}

const rows: Row[] = Object.entries(reductions).flatMap(([op, { run, reference, ulps, why, scale, twice = true }]) =>
  REDUCTIONS.map(([shape, axes]): Row => ({
    op,
    inputs: [{ shape }],
    run: (x) => run(x!, axes),
    reference: (x) => reference(x!, axes),
    ulps: ulps(
      extentOf(
        nd(shape, () => 0),
        axes,
      ),
    ),
    why,
    twice,
    ...(scale ? { scale: (x: Nd) => scale(x, axes) } : {}),
  })),
);

const sampled = (x: Nd) =>
  total(
    x,
    x.shape.slice(1).map((_, d) => d + 1),
  );

export const sums: Family = {
  rows: [
    ...rows,
    ...[
      [3, 5],
      [2, 3, 5, 7],
      [1, 65],
    ].map((shape): Row => ({
      op: "perSample",
      inputs: [{ shape }],
      run: (x) => ops.perSample(x!),
      reference: (x) => sampled(x!),
      scale: (x) => sampled(absolute(x!)),
      ulps: depth(105),
      why: "γ of the tree, on Σ|x|",
    })),
    {
      op: "sum",
      inputs: [{ shape: [3, 5] }],
      run: (x) => ops.sum(x!, 0, { keepDims: true }),
      reference: (x) => total(x!, [0], true),
      scale: (x) => total(absolute(x!), [0], true),
      ulps: depth(3),
      why: "γ of the tree, on Σ|x|",
    },
    {
      op: "variance",
      inputs: [{ shape: [3, 5] }],
      run: (x) => ops.variance(x!, 1, { ddof: 1, keepDims: true }),
      reference: (x) => spread(x!, [1], true, 1),
      scale: (x) => each((m, v) => m * (m + Math.sqrt(v)), largest(absolute(x!), [1], true), spread(x!, [1], true, 1)),
      ulps: 3 * depth(5) + 12,
      why: "as above",
    },
    // a mean of 1000 with a spread of 1: a one-pass variance would keep no digit
    {
      op: "variance",
      inputs: [{ shape: [2, 65], domain: [999, 1001] }],
      run: (x) => ops.variance(x!, 1),
      reference: (x) => spread(x!, [1]),
      scale: (x) => each((m, v) => m * Math.sqrt(v), largest(absolute(x!), [1]), spread(x!, [1])),
      ulps: 3 * depth(65) + 12,
      why: "as above, on max|x| · spread",
    },
  ],
  refusals: [
    ...["sum", "mean", "variance", "std", "prod", "max", "min", "any", "all"].map((op): Refusal => ({
      op,
      call: (gpu) =>
        (ops as unknown as Record<string, (...all: unknown[]) => Tensor>)[op]!(numbers(gpu, [3]), 0, {
          keepdims: true,
        }),
      code: "argument",
      message: `${op}: unknown option. Expected only ${["variance", "std"].includes(op) ? "ddof, " : ""}keepDims; got "keepdims".`,
    })),
    {
      op: "std",
      call: (gpu) => ops.std(numbers(gpu, [3, 1]), 1, { ddof: 1 }),
      code: "shape",
      message: "variance: too few elements. Expected more than ddof = 1; got 1.",
    },
    ...Object.entries({ sum: ops.sum, mean: ops.mean, variance: ops.variance, max: ops.max, min: ops.min }).map(
      ([op, reduce]): Refusal => ({
        op,
        call: (gpu) => reduce(numbers(gpu, [3]), 0, { keepdims: true } as object),
        code: "argument",
        message: `${op}: unknown option. Expected only ${op === "variance" ? "ddof, " : ""}keepDims; got "keepdims".`,
      }),
    ),
    {
      op: "logsumexp",
      call: (gpu) => ops.logsumexp(numbers(gpu, [3]), 0, { keepdims: true } as object),
      code: "argument",
      message: 'logsumexp: unknown option. Expected only keepDims; got "keepdims".',
    },
    {
      op: "sum",
      call: (gpu) => ops.sum(numbers(gpu, [3]), 1),
      code: "argument",
      message: "sum: axis out of range. Expected an integer in [-1, 0]; got 1.",
    },
    {
      op: "sum",
      call: (gpu) => ops.sum(numbers(gpu, [3, 2]), [0, -2]),
      code: "argument",
      message: "sum: the same axis twice. Expected distinct axes; got [0, 0].",
    },
    {
      op: "mean",
      call: (gpu) => ops.mean(numbers(gpu, [3]), 1),
      code: "argument",
      message: "mean: axis out of range. Expected an integer in [-1, 0]; got 1.",
    },
    {
      op: "variance",
      call: (gpu) => ops.variance(numbers(gpu, [1]), 0, { ddof: 1 }),
      code: "shape",
      message: "variance: too few elements. Expected more than ddof = 1; got 1.",
    },
    {
      op: "logsumexp",
      call: (gpu) => ops.logsumexp(numbers(gpu, [3]), 1),
      code: "argument",
      message: "logsumexp: axis out of range. Expected an integer in [-1, 0]; got 1.",
    },
    {
      op: "perSample",
      call: (gpu) => ops.perSample(numbers(gpu, [])),
      code: "shape",
      message: "perSample: expected x [n, …]; got [].",
    },
  ],
};
