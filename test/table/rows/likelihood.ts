import * as ops from "../../../src/graph/ops/index.ts";
import { absolute, each, largest, type Nd, total } from "../nd.ts";
import type { Family, Row } from "../row.ts";
import { numbers } from "./arithmetic.ts";
import { depth, logSum } from "./sums.ts";

const rowsOf = (x: Nd): Nd =>
  total(
    x,
    x.shape.slice(1).map((_, d) => d + 1),
  );
const SAMPLES = [
  [1, 1],
  [3, 5],
  [2, 64],
  [2, 65],
  [3, 2, 5, 7],
  [2, 1030],
] as const;

const bernoulli = (a: number, x: number) => -(Math.max(a, 0) - a * x + Math.log1p(Math.exp(-Math.abs(a))));
const gaussian = (x: number, m: number, l: number) => -0.5 * (Math.log(2 * Math.PI) + l + (x - m) ** 2 * Math.exp(-l));
const klTerm = (m: number, l: number) => 0.5 * (m * m + Math.expm1(l) - l);

const perRow = (shape: readonly number[]): number => depth(shape.slice(1).reduce((a, b) => a * b, 1));

const losses: Row[] = SAMPLES.flatMap((shape): Row[] => [
  {
    op: "bernoulliLogLikelihood",
    inputs: [
      { shape, domain: [-6, 6] },
      { shape, domain: [0, 1] },
    ],
    run: (a, x) => ops.bernoulliLogLikelihood(a!, x!),
    reference: (a, x) => rowsOf(each(bernoulli, a!, x!)),
    scale: (a, x) => rowsOf(each((p, q) => Math.abs(p) + Math.abs(p * q) + 1, a!, x!)),
    ulps: perRow(shape) + 12 + 4 + 3,
    why: "sum, log1p 12, exp 4, three operations, on Σ |a| + |a·x| + 1",
  },
  {
    op: "gaussianLogLikelihood",
    inputs: [{ shape }, { shape }, { shape }],
    run: (x, m, l) => ops.gaussianLogLikelihood(x!, m!, l!),
    reference: (x, m, l) => rowsOf(each(gaussian, x!, m!, l!)),
    scale: (x, m, l) =>
      rowsOf(each((p, q, r) => 1 + Math.abs(r) / 2 + (Math.abs(p) + Math.abs(q)) ** 2 * Math.exp(-r), x!, m!, l!)),
    ulps: perRow(shape) + 4 + 8,
    why: "sum, exp 4, eight operations, on Σ 1 + |ℓ|/2 + (|x| + |μ|)²·e^−ℓ",
  },
  {
    op: "reparameterise",
    inputs: [{ shape }, { shape }, { shape, slope: false }],
    run: (m, l, e) => ops.reparameterise(m!, l!, e!),
    reference: (m, l, e) => each((p, q, r) => p + Math.exp(q / 2) * r, m!, l!, e!),
    scale: (m, l, e) => each((p, q, r) => Math.abs(p) + Math.exp(q / 2) * Math.abs(r), m!, l!, e!),
    ulps: 7,
    why: "exp 4, three operations, on |μ| + e^½ℓ·|ε|",
  },
]);

const divergences: Row[] = [
  [1, 1],
  [3, 5],
  [2, 64],
  [2, 65],
  [1, 130],
].map((shape) => ({
  op: "kl",
  inputs: [{ shape }, { shape }],
  run: (m, l) => ops.kl(m!, l!),
  reference: (m, l) => total(each(klTerm, m!, l!), [1]),
  scale: (m, l) =>
    total(
      each((p, q) => 0.5 * (p * p + Math.abs(Math.expm1(q)) + Math.abs(q)), m!, l!),
      [1],
    ),
  ulps: depth(shape[1]!) + 16 + 4,
  why: "sum, expm1 16, four operations, on ½ Σ μ² + |e^ℓ − 1| + |ℓ|",
}));

const softmaxOf = (x: Nd, axis: number): Nd => {
  const norm = logSum(x, [axis], true);
  return each((v, n) => Math.exp(v - n), x, norm);
};

const LOGITS = [
  [[1], 0],
  [[3, 5], 1],
  [[3, 5], 0],
  [[2, 64], 1],
  [[2, 65], 1],
  [[2, 3, 5, 7], 2],
  [[1, 1030], 1],
] as const;

const softmaxes: Row[] = LOGITS.flatMap(([shape, axis]): Row[] => {
  const n = shape[axis]!;
  return [
    {
      op: "softmax",
      inputs: [{ shape }],
      run: (x) => ops.softmax(x!, axis),
      reference: (x) => softmaxOf(x!, axis),
      ulps: 2 * (4 + 4) + depth(n) + 2.5,
      why: "exp 4 and its argument |x − max| ≤ 4, above and below; sum; division",
    },
    {
      op: "logSoftmax",
      inputs: [{ shape }],
      run: (x) => ops.logSoftmax(x!, axis),
      reference: (x) => each((v, s) => v - s, x!, logSum(x!, [axis], true)),
      scale: (x) =>
        each(
          (v, s, m) => 1 + Math.abs(v) + Math.abs(s) + m,
          x!,
          logSum(x!, [axis], true),
          largest(absolute(x!), [axis], true),
        ),
      ulps: depth(n) + 18,
      why: "logsumexp and a subtraction, on 1 + |x| + |logsumexp| + max|x|",
    },
  ];
});

export const likelihood: Family = {
  rows: [...losses, ...divergences, ...softmaxes],
  refusals: [
    {
      op: "bernoulliLogLikelihood",
      call: (gpu) => ops.bernoulliLogLikelihood(numbers(gpu, [3, 2]), numbers(gpu, [2])),
      code: "shape",
      message: "bernoulliLogLikelihood: shapes differ. Expected logits and x of one shape; got [3, 2] and [2].",
    },
    {
      op: "gaussianLogLikelihood",
      call: (gpu) => ops.gaussianLogLikelihood(numbers(gpu, [3, 2]), numbers(gpu, [2]), numbers(gpu, [])),
      code: "shape",
      message: "gaussianLogLikelihood: shapes differ. Expected x and mean of one shape; got [3, 2] and [2].",
    },
    {
      op: "reparameterise",
      call: (gpu) => ops.reparameterise(numbers(gpu, [3, 2]), numbers(gpu, [3, 2]), numbers(gpu, [3])),
      code: "shape",
      message:
        "reparameterise: shapes differ. Expected mean, logVar and noise of one shape; got [3, 2] and [3, 2] and [3].",
    },
    {
      op: "kl",
      call: (gpu) => ops.kl(numbers(gpu, [3, 2]), numbers(gpu, [3, 1])),
      code: "shape",
      message: "kl: shapes differ. Expected mean and logVar [batch, dim]; got [3, 2] and [3, 1].",
    },
    {
      op: "softmax",
      call: (gpu) => ops.softmax(numbers(gpu, [3]), 1),
      code: "argument",
      message: "softmax: axis out of range. Expected an integer in [-1, 0]; got 1.",
    },
    {
      op: "logSoftmax",
      call: (gpu) => ops.logSoftmax(numbers(gpu, [3]), -2),
      code: "argument",
      message: "logSoftmax: axis out of range. Expected an integer in [-1, 0]; got -2.",
    },
  ],
};
