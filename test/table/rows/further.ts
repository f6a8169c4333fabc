import * as ops from "../../../src/graph/ops/index.ts";
import { absolute, at, average, each, nd, type Nd, reshaped } from "../nd.ts";
import type { Family, Row } from "../row.ts";
import { numbers } from "./arithmetic.ts";
import { exact } from "./totals.ts";

// Ops that are others in a row, along one axis more or fewer.

const EPS = 2 ** -23;
const inverse = (x: Nd) => each((m) => 1 / Math.sqrt(m + EPS), average(each((v) => v * v, x), [1], true)); // prettier-ignore
const norms: Row[] = [
  [1, 1],
  [3, 5],
  [2, 1030],
].map((shape) => ({
  op: "rmsNorm",
  inputs: [{ shape }, { shape: [shape[1]!] }],
  run: (x, weight) => ops.rmsNorm(x!, { weight: weight! }),
  reference: (x, w) => each((v, r, p) => v * r * p, x!, inverse(x!), w!),
  ulps: 40,
  why: "a mean of squares of 30 roundings, its root, a division, two products",
  twice: shape[1] !== 1,
}));

/** Running products along the middle axis. */
const products = ([true, false] as const).flatMap((reverse) =>
  ([true, false] as const).map((exclusive): Row => ({
    op: "cumprod",
    inputs: [{ shape: [3, 7, 2], domain: [0.5, 2] }],
    run: (x) => ops.cumprod(x!, 1, { reverse, exclusive }),
    reference: (x) =>
      nd(x!.shape, ([a, r, b]) => {
        let y = 1;
        for (let s = 0; s < 7; s++) if (s === r ? !exclusive : s < r! !== reverse) y *= at(x!, [a!, s, b!]);
        return y;
      }),
    ulps: 6,
    why: "at most six products",
  })),
);
const wholes: Row = {
  op: "cumprod",
  inputs: [{ shape: [5], dtype: "i32", values: [3, -70000, 70000, 7, -1] }],
  run: (x) => ops.cumprod(x!),
  reference: (x) => nd([5], ([r]) => Array.from(x!.data.slice(0, r! + 1)).reduce(Math.imul, 1)),
  ...exact,
};
const zeros: Row = {
  op: "cumprod",
  inputs: [{ shape: [5], values: [2, 0, 3, 0, 4] }],
  run: (x) => ops.cumprod(x!),
  reference: (x) => nd([5], ([r]) => Array.from(x!.data.slice(0, r! + 1)).reduce((a, b) => a * b, 1)),
  ...exact,
};

/** Windows of x [n, c, …] along every further axis, folded one after the other. */
function pooled(x: Nd, kernel: readonly number[], stride: readonly number[], pad: readonly number[], f: Fold): Nd {
  const sizes = kernel.map((k, d) => Math.floor((x.shape[d + 2]! + 2 * pad[d]! - k) / stride[d]!) + 1);
  return nd([...x.shape.slice(0, 2), ...sizes], ([n, c, ...place]) => {
    const window: number[] = [];
    nd(kernel, (tap) => {
      const from = place.map((i, d) => i * stride[d]! + tap[d]! - pad[d]!);
      if (from.every((i, d) => i >= 0 && i < x.shape[d + 2]!)) window.push(at(x, [n!, c!, ...from]));
      return 0;
    });
    return f(window, kernel.reduce((a, b) => a * b, 1)); // prettier-ignore
  });
}
type Fold = (window: readonly number[], taps: number) => number;
const mean: Fold = (window, taps) => window.reduce((a, b) => a + b, 0) / taps;
const inside: Fold = (window) => mean(window, window.length);
const most: Fold = (window) => Math.max(...window);
const averaged = { ulps: 30, why: "γ of the window and a division, on the mean of |x|" };
const pools: Row[] = [
  {
    op: "maxPool1d",
    inputs: [{ shape: [2, 3, 11] }],
    run: (x) => ops.maxPool1d(x!, 3, { stride: 2, padding: 1 }),
    reference: (x) => pooled(x!, [3], [2], [1], most),
    ...exact,
  },
  {
    op: "maxPool1d",
    inputs: [{ shape: [1, 1, 6], values: [1, 5, 5, 2, 7, 0], slope: false }],
    run: (x) => ops.maxPool1d(x!, 2, { positions: true }).positions,
    reference: () => nd([1, 1, 3], ([, , i]) => [1, 2, 4][i!]!),
    ...exact,
  },
  {
    op: "avgPool1d",
    inputs: [{ shape: [2, 3, 11] }],
    run: (x) => ops.avgPool1d(x!, 3, { stride: 2, padding: 1 }),
    reference: (x) => pooled(x!, [3], [2], [1], mean),
    scale: (x) => pooled(absolute(x!), [3], [2], [1], mean),
    ...averaged,
  },
  {
    op: "maxPool3d",
    inputs: [{ shape: [2, 2, 4, 5, 6] }],
    run: (x) => ops.maxPool3d(x!, [2, 3, 2], { stride: [1, 2, 2], padding: [1, 1, 0] }),
    reference: (x) => pooled(x!, [2, 3, 2], [1, 2, 2], [1, 1, 0], most),
    ...exact,
  },
  ...[true, false].map((countIncludePad): Row => ({
    op: "avgPool3d",
    inputs: [{ shape: [2, 2, 4, 5, 6] }],
    run: (x) => ops.avgPool3d(x!, [2, 3, 2], { stride: [1, 2, 2], padding: [1, 1, 0], countIncludePad }),
    reference: (x) => pooled(x!, [2, 3, 2], [1, 2, 2], [1, 1, 0], countIncludePad ? mean : inside),
    scale: (x) => pooled(absolute(x!), [2, 3, 2], [1, 2, 2], [1, 1, 0], inside),
    ...averaged,
  })),
];

/** x [n, in, length] spread by w [in, out, k] over the result. */
const spread = (x: Nd, w: Nd, bias: Nd): Nd =>
  nd([x.shape[0]!, w.shape[1]!, 2 * x.shape[2]! + 2], ([n, o, i]) => {
    let sum = at(bias, [o!]);
    for (let c = 0; c < x.shape[1]!; c++)
      for (let j = 0; j < x.shape[2]!; j++) {
        const tap = i! + 1 - 2 * j;
        if (tap >= 0 && tap < w.shape[2]!) sum += at(x, [n!, c, j]) * at(w, [c, o!, tap]);
      }
    return sum;
  });
const transposed: Row = {
  op: "convTranspose1d",
  inputs: [{ shape: [2, 3, 5] }, { shape: [3, 4, 5] }, { shape: [4] }],
  run: (x, w, bias) => ops.convTranspose1d(x!, w!, { bias: bias!, stride: 2, padding: 1, outputPadding: 1 }),
  reference: (x, w, bias) => spread(x!, w!, bias!),
  scale: (x, w, bias) => spread(absolute(x!), absolute(w!), absolute(bias!)),
  ulps: 16,
  why: "γ of the terms, on Σ|w·x| + |bias|",
};

const places: Row[] = [
  {
    op: "put",
    inputs: [{ shape: [2, 5] }, { shape: [2, 4] }],
    // the last of equal places counts, and −1 is 4
    run: (x, values) => ops.put(x!, [0, 4, 0, -1], values!, 1),
    reference: (x, values) => nd([2, 5], ([i, j]) => at(j === 0 || j === 4 ? values! : x!, [i!, j === 4 ? 3 : j === 0 ? 2 : j!])), // prettier-ignore
    ...exact,
  },
  {
    op: "put",
    inputs: [{ shape: [4, 3] }, { shape: [3] }],
    run: (x, values) => ops.put(x!, x!.gpu.upload(Int32Array.of(-1, 1), [2]), values!),
    reference: (x, values) => nd([4, 3], ([i, j]) => (i! % 2 ? at(values!, [j!]) : at(x!, [i!, j!]))),
    ...exact,
  },
  {
    op: "putAlongAxis",
    inputs: [{ shape: [3, 4] }, { shape: [3, 2] }],
    run: (x, values) => ops.putAlongAxis(x!, [[0, 1], [2, 2], [-1, 0]], values!), // prettier-ignore
    reference: (x, values) => {
      const from = [[0, 1, -1, -1], [-1, -1, 1, -1], [1, -1, -1, 0]]; // prettier-ignore
      return nd([3, 4], ([i, j]) => (from[i!]![j!]! < 0 ? at(x!, [i!, j!]) : at(values!, [i!, from[i!]![j!]!])));
    },
    ...exact,
  },
];

const fmods: Row[] = (["f32", "i32", "u32"] as const).map((dtype) => ({
  op: "fmod",
  inputs: [
    dtype === "f32"
      ? { shape: [3, 5], domain: [-9, 9], grid: [0.5, 0.125] }
      : { shape: [3, 5], dtype, domain: [dtype === "i32" ? -99 : 0, 99] },
    dtype === "f32" ? { shape: [5], domain: [0.5, 3], grid: [1, 0.75] } : { shape: [5], dtype, values: [1, 3, 7, 10, 200] }, // prettier-ignore
  ],
  run: (a, b) => ops.fmod(a!, b!),
  reference: (a, b) => each((p, q) => p % q, a!, b!),
  ulps: 0,
  why: "exact",
  twice: false,
}));

const counts: Row[] = [
  ...(["f32", "i32"] as const).map((dtype): Row => ({
    op: "range",
    inputs: [{ shape: [1], dtype: "u32", domain: [0, 0] }],
    run: (x) => ops.range(x!.gpu, 7, -4, -3, { dtype }),
    reference: () => nd([4], (_, i) => 7 - 3 * i),
    ...exact,
  })),
  ...[1, 2, 65].map((n): Row => ({
    op: "linspace",
    inputs: [{ shape: [1], dtype: "u32", domain: [0, 0] }],
    run: (x) => ops.linspace(x!.gpu, -1, 3, n),
    reference: () => nd([n], (_, i) => -1 + (n > 1 ? (4 * i) / (n - 1) : 0)),
    scale: () => reshaped(nd([n], () => 4), [n]), // prettier-ignore
    ulps: 4,
    why: "a division, two products, a sum",
  })),
];

export const further: Family = {
  rows: [...norms, ...products, wholes, zeros, ...pools, transposed, ...places, ...fmods, ...counts],
  refusals: [
    {
      op: "rmsNorm",
      call: (gpu) => ops.rmsNorm(numbers(gpu, [2, 3]), { shape: [2] }),
      code: "shape",
      message: "rmsNorm: expected x [..., 2]; got [2, 3].",
    },
    {
      op: "cumprod",
      call: (gpu) => ops.cumprod(numbers(gpu, [3]), 1),
      code: "argument",
      message: "cumprod: axis out of range. Expected an integer in [-1, 0]; got 1.",
    },
    ...Object.entries({ maxPool1d: ops.maxPool1d, avgPool1d: ops.avgPool1d }).map(([op, pool]) => ({
      op,
      call: (gpu: Parameters<typeof numbers>[0]) => pool(numbers(gpu, [1, 1, 4, 4]), 2),
      code: "shape" as const,
      message: `${op}: expected x [batch, channels, length]; got [1, 1, 4, 4].`,
    })),
    {
      op: "maxPool1d",
      call: (gpu) => ops.maxPool1d(numbers(gpu, [1, 1, 4]), 0),
      code: "argument",
      message:
        'maxPool1d: expected a whole kernel > 0, and padding as an integer ≥ 0, [before, after] or "same"; got 0 and 0.',
    },
    ...Object.entries({ maxPool3d: ops.maxPool3d, avgPool3d: ops.avgPool3d }).map(([op, pool]) => ({
      op,
      call: (gpu: Parameters<typeof numbers>[0]) => pool(numbers(gpu, [1, 1, 4, 4]), 2),
      code: "shape" as const,
      message: `${op}: expected x [batch, channels, depth, height, width]; got [1, 1, 4, 4].`,
    })),
    {
      op: "maxPool3d",
      call: (gpu) => ops.maxPool3d(numbers(gpu, [1, 1, 4, 4, 4]), 2, { stride: 0 }),
      code: "argument",
      message: "maxPool3d: stride out of range. Expected an integer ≥ 1 or three of them; got 0.",
    },
    {
      op: "convTranspose1d",
      call: (gpu) => ops.convTranspose1d(numbers(gpu, [1, 4, 4, 4]), numbers(gpu, [4, 4, 3])),
      code: "shape",
      message:
        "convTranspose1d: expected x [batch, in, length] and w [in, out/groups, k]; got [1, 4, 4, 4] and [4, 4, 3].",
    },
    {
      op: "put",
      call: (gpu) => ops.put(numbers(gpu, [3, 2]), [3], numbers(gpu, [2])),
      code: "argument",
      message: "put: index out of range. Expected whole numbers in [-3, 2] for x [3, 2]; got 3.",
    },
    {
      op: "put",
      call: (gpu) => ops.put(numbers(gpu, [3, 2]), [[0, 1]], numbers(gpu, [2])),
      code: "shape",
      message: "put: expected indices [n]; got [1, 2].",
    },
    {
      op: "putAlongAxis",
      call: (gpu) => ops.putAlongAxis(numbers(gpu, [3, 2]), [[0, 1]], numbers(gpu, [1, 2])),
      code: "shape",
      message: "putAlongAxis: expected indices like x [3, 2] beside axis 1; got [1, 2].",
    },
    {
      op: "fmod",
      call: (gpu) => ops.fmod(numbers(gpu, [3]), numbers(gpu, [3], "u32")),
      code: "argument",
      message: "fmod: expected two numbers of one dtype; got f32 and u32. Use cast().",
    },
    {
      op: "range",
      call: (gpu) => ops.range(gpu, 0, 4, 0),
      code: "argument",
      message: "range: expected finite numbers and a step that is not 0; got 0, 4 and 0.",
    },
    {
      op: "linspace",
      call: (gpu) => ops.linspace(gpu, 0, 1, 0.5),
      code: "argument",
      message: "linspace: expected finite ends and a whole count ≥ 0; got 0, 1 and 0.5.",
    },
  ],
};
