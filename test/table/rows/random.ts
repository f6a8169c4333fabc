import * as ops from "../../../src/graph/ops/index.ts";
import { each, nd, type Nd } from "../nd.ts";
import { gammaAt, normalAt, type Stream, uniformAt } from "../philox.ts";
import { type Family, type Row, SHAPES } from "../row.ts";
import { numbers } from "./arithmetic.ts";

const { random } = ops;
const STREAM: Stream = { seed: 2 ** 40 + 12345, stream: 7, step: 3 };

/** A seed above 2³², and the step as a tensor. */
const step = { shape: [], dtype: "u32", domain: [3, 3] } as const;

const draws: Row[] = SHAPES.flatMap((shape): Row[] => [
  {
    op: "random.uniform",
    inputs: [step],
    run: (s) => random.uniform(s!.gpu, shape, { seed: STREAM.seed, stream: 7, step: s! }),
    reference: () => nd(shape, (_, i) => uniformAt(i, STREAM)),
    ulps: 0,
    why: "exact: integers, and 24 bits",
  },
  {
    op: "random.normal",
    inputs: [step],
    run: (s) => random.normal(s!.gpu, shape, { seed: STREAM.seed, stream: 7, step: s! }),
    reference: () => nd(shape, (_, i) => normalAt(i, STREAM)),
    scale: () => nd(shape, () => 5.77),
    ulps: 8,
    why: "the angle 2, sin 1; logarithm and root 5, on the largest radius",
  },
]);

const P = 0.3;
const dropouts: Row[] = SHAPES.map((shape) => ({
  op: "dropout",
  inputs: [{ shape }],
  run: (x) => ops.dropout(x!, { p: P, seed: STREAM.seed, stream: 7, step: 3 }),
  reference: (x) =>
    each(
      (v, u) => (u >= Math.fround(P) ? v / (1 - P) : 0),
      x!,
      nd(shape, (_, i) => uniformAt(i, STREAM)),
    ),
  ulps: 2,
  why: "1/(1 − p) and the product round",
}));

/** The class with the largest logit − log(−log u). */
const categorical = (logits: Nd, shape: readonly number[]): Nd => {
  const classes = logits.shape.at(-1)!;
  const noisy = each(
    (l, g) => l + g,
    logits,
    nd([...shape, classes], (_, i) => -Math.log(-Math.log(uniformAt(i, STREAM)))),
  );
  return nd(shape, (_, i) => {
    const line = noisy.data.slice(i * classes, (i + 1) * classes);
    return line.indexOf(Math.max(...line));
  });
};

const categories: Row[] = (
  [
    [[5], [65]],
    [[3, 4], [3]],
    [
      [3, 4],
      [7, 3],
    ],
    [
      [2, 1, 3],
      [2, 5],
    ],
    [[1], [1]],
  ] as const
).map(([logits, shape]) => ({
  op: "random.categorical",
  inputs: [{ shape: logits, slope: false }],
  run: (x) => random.categorical(x!.gpu, x!, shape, { seed: STREAM.seed, stream: 7, step: 3 }),
  reference: (x) => categorical(x!, shape),
  ulps: 0,
  why: "exact: no two classes of these rows lie within rounding",
}));

const drawn: Row[] = [
  {
    op: "random.categorical",
    inputs: [{ shape: [4], values: [0.1, 0, 3, 0.7], slope: false }],
    run: (x) => random.categorical(x!.gpu, x!, [65], { seed: STREAM.seed, stream: 7, step: 3, probabilities: true }),
    reference: (x) => categorical({ shape: [4], data: x!.data.map(Math.log) }, [65]),
    ulps: 0,
    why: "exact: no two classes of these rows lie within rounding",
  },
  ...(
    [
      [[], [130]],
      [[3], [7, 3]],
    ] as const
  ).map(([a, shape]): Row => ({
    op: "random.gamma",
    inputs: [{ shape: a, domain: [0.05, 4], slope: false }],
    run: (x) => random.gamma(x!.gpu, x!, shape, { seed: STREAM.seed, stream: 7, step: 3 }),
    reference: (x) => nd(shape, (_, i) => gammaAt(i, x!.data[i % x!.data.length]!, STREAM)),
    scale: (x) =>
      nd(shape, (_, i) => {
        const a_ = x!.data[i % x!.data.length]!;
        return gammaAt(i, a_, STREAM) * (1 + 1 / a_);
      }),
    ulps: 64,
    why: "v³ triples what the normal is off; log u / a in an exponent up to 80",
  })),
];

export const randomness: Family = {
  rows: [...draws, ...dropouts, ...categories, ...drawn],
  refusals: [
    {
      op: "random.normal",
      call: (gpu) => (random.normal as (...all: unknown[]) => unknown)(gpu, [2]),
      code: "argument",
      message:
        "random.normal: expected a seed: equal seeds draw equal numbers. Use { seed: 0 } as the last argument, and another step for each draw.",
    },
    {
      op: "random.gamma",
      call: (gpu) => random.gamma(gpu, numbers(gpu, [3]), [2], { seed: 1 }),
      code: "shape",
      message:
        "random.gamma: shapes do not broadcast. Expected sizes that are equal or 1, aligned from the right; got [3] and [2].",
    },
    {
      op: "random.gamma",
      call: (gpu) => random.gamma(gpu, numbers(gpu, [2], "u32"), [2], { seed: 1 }),
      code: "argument",
      message: "random.gamma: expected an f32 concentration, or a number; got u32. Use cast().",
    },
    {
      op: "dropout",
      call: (gpu) => (ops.dropout as (...all: unknown[]) => unknown)(numbers(gpu, [3])),
      code: "argument",
      message: "dropout: expected a probability p in [0, 1); got undefined.",
    },
    {
      op: "random.uniform",
      call: (gpu) => random.uniform(gpu, [3], { seed: -1 }),
      code: "argument",
      message: "random.uniform: expected a seed that is a whole number in [0, 2^53); got -1.",
    },
    {
      op: "random.normal",
      call: (gpu) => random.normal(gpu, [3], { seed: 1, stream: 2 ** 32 }),
      code: "argument",
      message: "random.normal: expected a stream in [0, 2^32); got 4294967296.",
    },
    {
      op: "random.normal",
      call: (gpu) => random.normal(gpu, [3], { seed: 1, key: 2 } as { seed: number }),
      code: "argument",
      message: 'random.normal: unknown option. Expected only seed, stream, step; got "key".',
    },
    {
      op: "random.normal",
      call: (gpu) => random.normal(gpu, [3], { seed: 1, step: numbers(gpu, [1]) }),
      code: "argument",
      message: "random.normal: expected a step in [0, 2^32), or a u32 tensor of one element; got f32 [1].",
    },
    {
      op: "random.uniform",
      call: (gpu) => random.uniform(gpu, [3], { seed: 1, step: -1 }),
      code: "argument",
      message: "random.uniform: expected a step in [0, 2^32), or a u32 tensor of one element; got -1.",
    },
    {
      op: "random.uniform",
      call: (gpu) => random.uniform(gpu, [2, -1], { seed: 1 }),
      code: "shape",
      message: "random.uniform: expected sizes that are whole and ≥ 0; got [2, -1].",
    },
    {
      op: "random.categorical",
      call: (gpu) => random.categorical(gpu, numbers(gpu, [3, 4]), [4], { seed: 1 }),
      code: "shape",
      message:
        "random.categorical: shapes do not broadcast. Expected sizes that are equal or 1, aligned from the right; got [3] and [4].",
    },
    {
      op: "dropout",
      call: (gpu) => ops.dropout(numbers(gpu, [3]), { p: 1, seed: 1 }),
      code: "argument",
      message: "dropout: expected a probability p in [0, 1); got 1.",
    },
  ],
};
