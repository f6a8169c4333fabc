import * as ops from "../../../src/graph/ops/index.ts";
import type { Gpu, Tensor } from "../../../src/index.ts";
import { at, count, each, nd, type Nd } from "../nd.ts";
import type { Family, Input, Refusal, Row } from "../row.ts";
import { numbers } from "./arithmetic.ts";
import { depth } from "./sums.ts";

// crossEntropy as PyTorch's cross_entropy: probabilities or classes, weights, an ignored class, smoothing, further axes, reductions.

interface Case {
  readonly shape: readonly number[];
  readonly given?: boolean;
  readonly weighted?: boolean;
  readonly options?: Omit<ops.CrossEntropyOptions, "weights">;
}

const axisOf = (shape: readonly number[]) => (shape.length === 1 ? 0 : 1);
const placesOf = (shape: readonly number[]) => shape.toSpliced(axisOf(shape), 1);

/** The definition, place by place. */
function losses({ shape, options = {} }: Case, x: Nd, t: Nd, w?: Nd): Nd {
  const axis = axisOf(shape);
  const classes = shape[axis]!;
  const { ignoreIndex = -100, labelSmoothing: e = 0, reduction = "mean" } = options;
  const indices = t.shape.length < shape.length;
  const weight = (c: number) => (w ? w.data[c]! : 1);
  const places = placesOf(shape);
  let counted = 0;
  const values = nd(places, (index) => {
    const here = (c: number) => index.toSpliced(axis, 0, c);
    const row = Array.from({ length: classes }, (_, c) => at(x, here(c)));
    const top = Math.max(...row);
    const norm = top + Math.log(row.reduce((sum, v) => sum + Math.exp(v - top), 0));
    const label = indices ? at(t, index) : -1;
    if (indices && label === ignoreIndex) return 0;
    counted += indices ? weight(label) : 1;
    return row.reduce((sum, v, c) => {
      const share = (indices ? Number(c === label) : at(t, here(c))) * (1 - e) + e / classes;
      return sum - weight(c) * share * (v - norm);
    }, 0);
  });
  if (reduction === "none") return values;
  const all = values.data.reduce((a, b) => a + b, 0);
  return { shape: [], data: Float64Array.of(reduction === "sum" ? all : all / counted) };
}

const row = (spec: Case): Row => {
  const { shape, given = false, weighted = false, options = {} } = spec;
  const classes = shape[axisOf(shape)]!;
  const places = placesOf(shape);
  const labels = Array.from({ length: count(places) }, (_, i) => (i * 7 + 3) % classes);
  const ignored = options.ignoreIndex ?? -100;
  const target: Input = given
    ? { shape, domain: [0, 1] }
    : { shape: places, dtype: "i32", values: labels.map((c, i) => (i % 5 === 4 ? ignored : c)) };
  const weights: Input = { shape: [classes], domain: [0.5, 2], slope: given };
  return {
    op: "crossEntropy",
    inputs: [{ shape }, target, ...(weighted ? [weights] : [])],
    run: (x, t, w) => ops.crossEntropy(x!, t!, w ? { ...options, weights: w } : options),
    reference: (x, t, w) => losses(spec, x!, t!, w),
    // |x − max|, log Σ and the weights are at most 4, log classes and 2
    scale: (x, t, w) => {
      const one = losses(spec, x!, t!, w);
      const terms = options.reduction === "sum" ? count(places) : 1;
      return each(() => 2 * (5 + Math.log(classes)) * terms * (given ? classes : 1), one);
    },
    ulps: 2 * depth(classes) + depth(count(places)) + 16,
    why: "softmax's sum, that over classes, that over places; exp 4, log 4, products and a division",
  };
};

const cases: readonly Case[] = [
  ...[
    [1, 1],
    [3, 5],
    [5, 10],
    [65, 64],
  ].map((shape) => ({ shape, given: true })),
  { shape: [5], given: true },
  { shape: [3, 5, 4], given: true, weighted: true, options: { labelSmoothing: 0.1 } },
  { shape: [3, 5], given: true, options: { reduction: "sum" } },
  { shape: [7] },
  ...[
    [3, 5],
    [65, 64],
    [2, 5, 3],
    [2, 3, 4, 5],
  ].map((shape) => ({ shape })),
  { shape: [12, 5], weighted: true },
  { shape: [12, 5], weighted: true, options: { labelSmoothing: 0.2, ignoreIndex: 3 } },
  { shape: [3, 4, 6], weighted: true, options: { labelSmoothing: 0.3, reduction: "none" } },
  { shape: [12, 5], options: { ignoreIndex: 2, reduction: "sum" } },
];

const refused = (
  message: string,
  call: (x: Tensor, gpu: Gpu) => unknown,
  code: "argument" | "shape" = "argument",
): Refusal => ({
  op: "crossEntropy",
  call: (gpu) => call(numbers(gpu, [3, 2]), gpu),
  code,
  message: `crossEntropy: ${message}`,
});
const classes = (gpu: Gpu): Tensor => gpu.tensor(new Int32Array(3));

export const entropy: Family = {
  rows: cases.map(row),
  refusals: [
    refused(
      "shapes do not fit. Expected logits [n, classes, …], and targets as probabilities of that shape or as whole classes [n, …]; got [3, 2] and f32 [3].",
      (x, gpu) => ops.crossEntropy(x, numbers(gpu, [3])),
      "shape",
    ),
    refused(
      "expected weights [2]; got [3].",
      (x, gpu) => ops.crossEntropy(x, classes(gpu), { weights: numbers(gpu, [3]) }),
      "shape",
    ),
    refused("expected labelSmoothing in [0, 1]; got 2.", (x, gpu) =>
      ops.crossEntropy(x, classes(gpu), { labelSmoothing: 2 }),
    ),
    refused("expected a whole ignoreIndex; got 0.5.", (x, gpu) =>
      ops.crossEntropy(x, classes(gpu), { ignoreIndex: 0.5 }),
    ),
    refused('unknown reduction. Expected "mean", "sum" or "none"; got max.', (x, gpu) =>
      ops.crossEntropy(x, classes(gpu), { reduction: "max" as "mean" }),
    ),
  ],
};
