import * as ops from "../../../src/graph/ops/index.ts";
import type { Tensor } from "../../../src/index.ts";
import { absolute, average, each, extentOf, largest, nd, type Nd, reshaped, spread } from "../nd.ts";
import type { Family, Input, Row } from "../row.ts";
import { numbers } from "./arithmetic.ts";
import { depth } from "./sums.ts";

const EPS = 1e-5;

const normalised = (x: Nd, axes: readonly number[]): Nd =>
  each((v, m, s) => (v - m) / Math.sqrt(s + EPS), x, average(x, axes, true), spread(x, axes, true));

/** (1 + |y|) · r · 2 max|x|: a deviation's own error and, through the variance, everyone's. */
const scaleOf = (x: Nd, axes: readonly number[]): Nd =>
  each(
    (y, m, s) => ((1 + Math.abs(y)) * 2 * m) / Math.sqrt(s + EPS),
    normalised(x, axes),
    largest(absolute(x), axes, true),
    spread(x, axes, true),
  );

const WHY = "mean, a difference, sum of squares, square root 5, division 2.5, on (1 + |y|)·2·max|x|·r";
const budget = (extent: number): number => 2 * depth(extent) + 5 + 2.5 + 6;

const SHAPES = [
  [[1, 1], [0]],
  [[3, 5], [1]],
  [[65, 3], [0]],
  [
    [2, 3, 5, 7],
    [0, 2, 3],
  ],
  [
    [2, 3, 5, 7],
    [2, 3],
  ],
  [[2, 1030], [1]],
] as const;

const zeros: Input["values"] = Array.from({ length: 4000 }, (_, i) => (i * 37) % 23);

const plain: Row[] = SHAPES.map(([shape, axes]) => ({
  op: "normalise",
  inputs: [{ shape }],
  run: (x) => ops.normalise(x!, axes),
  reference: (x) => normalised(x!, axes),
  scale: (x) => scaleOf(x!, axes),
  ulps: budget(
    extentOf(
      nd(shape, () => 0),
      axes,
    ),
  ),
  why: WHY,
  // one element: the variance is 0, and derivatives are of the order of 1/eps
  twice: shape[0] !== 1,
}));

const spreadOver = (p: Nd, x: Nd): Nd => reshaped(p, [p.data.length, ...x.shape.slice(2).map(() => 1)]);
const others = (x: Nd): number[] => [...x.shape.keys()].filter((d) => d !== 1);

const batches: Row[] = [
  [2, 3],
  [65, 5],
  [4, 3, 2, 5],
  [3, 2, 7, 7],
].flatMap((shape): Row[] => {
  const c = shape[1]!;
  const n = shape.reduce((a, b) => a * b, 1) / c;
  const affine = (y: Nd, w: Nd, b: Nd): Nd => each((v, p, q) => v * p + q, y, spreadOver(w, y), spreadOver(b, y));
  return [
    {
      op: "batchNorm",
      inputs: [{ shape }, { shape: [c] }, { shape: [c] }],
      run: (x, weight, bias) => ops.batchNorm(x!, { weight: weight!, bias: bias! }),
      reference: (x, w, b) => affine(normalised(x!, others(x!)), w!, b!),
      scale: (x, w, b) => affine(scaleOf(x!, others(x!)), absolute(w!), absolute(b!)),
      ulps: budget(n) + 2,
      why: WHY,
    },
    {
      op: "batchNorm",
      inputs: [{ shape }, { shape: [c] }, { shape: [c], domain: [0.3, 2] }, { shape: [c] }, { shape: [c] }],
      run: (x, mean, variance, weight, bias) =>
        ops.batchNorm(x!, { mean: mean!, variance: variance!, weight: weight!, bias: bias! }),
      reference: (x, m, s, w, b) =>
        affine(
          each((v, p, q) => (v - p) / Math.sqrt(q + EPS), x!, spreadOver(m!, x!), spreadOver(s!, x!)),
          w!,
          b!,
        ),
      scale: (x, m, s, w, b) =>
        affine(
          each(
            (v, p, q) => (Math.abs(v) + Math.abs(p)) / Math.sqrt(q + EPS),
            x!,
            spreadOver(m!, x!),
            spreadOver(s!, x!),
          ),
          absolute(w!),
          absolute(b!),
        ),
      ulps: 5 + 2.5 + 5,
      why: "square root 5, division 2.5, five operations",
    },
    ...(["mean", "variance"] as const).map((which): Row => ({
      op: "batchStatistics",
      inputs: [{ shape }],
      run: (x) => ops.batchStatistics(x!)[which],
      reference: (x) => (which === "mean" ? average(x!, others(x!)) : spread(x!, others(x!))),
      scale: (x) => each((m) => (which === "mean" ? m : 2 * m * m), largest(absolute(x!), others(x!))),
      ulps: which === "mean" ? depth(n) + 2.5 : 3 * depth(n) + 12,
      why: "as mean and variance",
    })),
  ];
});

const layered = (x: Nd, shape: readonly number[]) => shape.map((_, d) => x.shape.length - shape.length + d);

const layers: Row[] = (
  [
    [[3, 5], [5]],
    [[2, 65], [65]],
    [
      [2, 3, 5, 7],
      [5, 7],
    ],
    [[2, 3, 64], [64]],
  ] as const
).flatMap(([shape, last]): Row[] => [
  {
    op: "layerNorm",
    inputs: [{ shape }, { shape: last }, { shape: last }],
    run: (x, weight, bias) => ops.layerNorm(x!, { weight: weight!, bias: bias! }),
    reference: (x, w, b) => each((v, p, q) => v * p + q, normalised(x!, layered(x!, last)), w!, b!),
    scale: (x, w, b) => each((v, p, q) => v * Math.abs(p) + Math.abs(q), scaleOf(x!, layered(x!, last)), w!, b!),
    ulps: budget(64) + 2,
    why: WHY,
  },
  {
    op: "layerNorm",
    inputs: [{ shape }],
    run: (x) => ops.layerNorm(x!, { shape: last }),
    reference: (x) => normalised(x!, layered(x!, last)),
    scale: (x) => scaleOf(x!, layered(x!, last)),
    ulps: budget(64),
    why: WHY,
  },
]);

const grouped = (x: Nd, groups: number, f: (y: Nd, axes: readonly number[]) => Nd): Nd =>
  reshaped(f(reshaped(x, [x.shape[0]!, groups, x.data.length / x.shape[0]! / groups]), [2]), x.shape);

const groups: Row[] = (
  [
    [[2, 6], 2],
    [[2, 4, 3, 5], 2],
    [[3, 2, 7, 1], 1],
    [[2, 5, 2, 2], 5],
  ] as const
).map(([shape, n]) => ({
  op: "groupNorm",
  inputs: [{ shape }, { shape: [shape[1]] }, { shape: [shape[1]] }],
  run: (x, weight, bias) => ops.groupNorm(x!, { groups: n, weight: weight!, bias: bias! }),
  reference: (x, w, b) =>
    each((v, p, q) => v * p + q, grouped(x!, n, normalised), spreadOver(w!, x!), spreadOver(b!, x!)),
  scale: (x, w, b) =>
    each((v, p, q) => v * Math.abs(p) + Math.abs(q), grouped(x!, n, scaleOf), spreadOver(w!, x!), spreadOver(b!, x!)),
  ulps: budget(64) + 2,
  why: WHY,
}));

const instances: Row = {
  op: "instanceNorm",
  inputs: [{ shape: [2, 3, 4, 5] }, { shape: [3] }, { shape: [3] }],
  run: (x, weight, bias) => ops.instanceNorm(x!, { weight: weight!, bias: bias! }),
  reference: (x, w, b) =>
    each((v, p, q) => v * p + q, grouped(x!, 3, normalised), spreadOver(w!, x!), spreadOver(b!, x!)),
  scale: (x, w, b) =>
    each((v, p, q) => v * Math.abs(p) + Math.abs(q), grouped(x!, 3, scaleOf), spreadOver(w!, x!), spreadOver(b!, x!)),
  ulps: budget(64) + 2,
  why: WHY,
};

// a mean a thousand times the spread
const far: Row = {
  op: "layerNorm",
  inputs: [{ shape: [2, 23], values: zeros!.slice(0, 46).map((v) => 10000 + v) }],
  run: (x: Tensor | undefined) => ops.layerNorm(x!),
  reference: (x) => normalised(x!, [1]),
  scale: (x) => scaleOf(x!, [1]),
  ulps: budget(23),
  why: WHY,
};

export const normalisation: Family = {
  rows: [...plain, ...batches, ...layers, ...groups, instances, far],
  refusals: [
    {
      op: "instanceNorm",
      call: (gpu) => ops.instanceNorm(numbers(gpu, [3])),
      code: "shape",
      message: "instanceNorm: expected x [n, channels, …]; got [3].",
    },
    {
      op: "normalise",
      call: (gpu) => ops.normalise(numbers(gpu, [3]), 0, { eps: 0 }),
      code: "argument",
      message: "normalise: expected eps > 0; got 0.",
    },
    {
      op: "normalise",
      call: (gpu) => ops.normalise(numbers(gpu, [3]), 0, { epsilon: 1 } as object),
      code: "argument",
      message: 'normalise: unknown option. Expected only eps; got "epsilon".',
    },
    {
      op: "batchStatistics",
      call: (gpu) => ops.batchStatistics(numbers(gpu, [3])),
      code: "shape",
      message: "batchStatistics: expected x [n, channels, …]; got [3].",
    },
    {
      op: "batchNorm",
      call: (gpu) => ops.batchNorm(numbers(gpu, [2, 3]), { weight: numbers(gpu, [2]) }),
      code: "shape",
      message: "batchNorm: expected weight [3]; got [2].",
    },
    {
      op: "batchNorm",
      call: (gpu) => ops.batchNorm(numbers(gpu, [2, 3]), { mean: numbers(gpu, [3]) }),
      code: "argument",
      message: "batchNorm: expected mean and variance, or neither; got mean alone.",
    },
    {
      op: "batchNorm",
      call: (gpu) => ops.batchNorm(numbers(gpu, [2, 3]), { epsilon: 1 } as object),
      code: "argument",
      message: 'batchNorm: unknown option. Expected only mean, variance, weight, bias, eps; got "epsilon".',
    },
    {
      op: "layerNorm",
      call: (gpu) => ops.layerNorm(numbers(gpu, [2, 3]), { shape: [2] }),
      code: "shape",
      message: "layerNorm: expected x [..., 2]; got [2, 3].",
    },
    {
      op: "groupNorm",
      call: (gpu) => ops.groupNorm(numbers(gpu, [2, 3]), { groups: 2 }),
      code: "shape",
      message: "groupNorm: expected groups that divide the 3 channels; got 2.",
    },
  ],
};
