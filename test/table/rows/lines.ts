import * as ops from "../../../src/graph/ops/index.ts";
import { absolute, at, nd, type Nd, permuted, product, reshaped } from "../nd.ts";
import type { Family, Row } from "../row.ts";
import { lineOf } from "../../../src/graph/ops/interpolation.ts";
import { numbers } from "./arithmetic.ts";

const exact = { ulps: 0, why: "exact" } as const;

/** The first of the largest along an axis. */
function argmaxOf(x: Nd, axis: number): Nd {
  const over = permuted(x, [...x.shape.keys()].filter((d) => d !== axis).concat(axis));
  const n = x.shape[axis]!;
  const shape = over.shape.slice(0, -1);
  return nd(shape, (_, flat) => {
    const line = over.data.slice(flat * n, (flat + 1) * n);
    return line.indexOf(Math.max(...line));
  });
}

const runningOf = (x: Nd, axis: number): Nd => {
  const stride = x.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const y = Float64Array.from(x.data);
  nd(x.shape, (index, flat) => {
    if (index[axis]! > 0) y[flat]! += y[flat - stride]!;
    return 0;
  });
  return { shape: x.shape, data: y };
};

const LINES = [
  [[1], 0],
  [[3, 5], 0],
  [[3, 5], 1],
  [[2, 64], 1],
  [[65, 65], 1],
  [[2, 130, 3], 1],
  [[2, 3, 5, 7], 2],
  [[1030], 0],
  [[2, 3001], 1],
] as const;

const running: Row[] = LINES.flatMap(([shape, axis]): Row[] => [
  {
    op: "argmax",
    inputs: [{ shape, grid: [0.25, 0], slope: false }],
    run: (x) => ops.argmax(x!, axis),
    reference: (x) => argmaxOf(x!, axis),
    ...exact,
  },
  {
    op: "cumsum",
    inputs: [{ shape }],
    run: (x) => ops.cumsum(x!, axis - shape.length),
    reference: (x) => runningOf(x!, axis),
    scale: (x) => runningOf(absolute(x!), axis),
    ulps: Math.ceil(shape[axis]! / 64) + 64 + 1 + Math.min(shape[axis]!, 128),
    why: "γ in order up to 128, else of a lane's part and 64 lanes",
    // it is linear; over 3001 terms the difference quotient of the reference is only noise
    twice: shape[axis]! < 1000,
  },
]);

const RESIZES = [
  [
    [1, 1, 3, 4],
    [6, 8],
  ],
  [
    [2, 3, 5, 7],
    [4, 9],
  ],
  [
    [1, 1, 1, 1],
    [2, 3],
  ],
  [
    [1, 2, 8, 8],
    [3, 8],
  ],
  [
    [1, 1, 28, 28],
    [32, 32],
  ],
] as const;

function weights(from: number, to: number, nearest: boolean): Nd {
  return nd([to, from], ([i, j]) => {
    if (nearest) return Number(Math.floor((i! * from) / to) === j);
    const source = Math.min(Math.max(((i! + 0.5) * from) / to - 0.5, 0), from - 1);
    return Math.max(0, 1 - Math.abs(source - j!));
  });
}

const resized = (x: Nd, [height, width]: readonly [number, number], nearest: boolean): Nd => {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const wide = product(reshaped(x, [n * c, h, w]), permuted(weights(w, width, nearest), [1, 0]));
  return reshaped(product(weights(h, height, nearest), wide), [n, c, height, width]);
};

const resizes: Row[] = RESIZES.flatMap(([shape, size]) =>
  (["bilinear", "nearest"] as const).map((mode): Row => ({
    op: "resize",
    inputs: [{ shape }],
    run: (x) => ops.resize(x!, size, { mode }),
    reference: (x) => resized(x!, size, mode === "nearest"),
    scale: (x) => nd([shape[0], shape[1], ...size], () => Math.max(...absolute(x!).data)),
    ulps: mode === "nearest" ? 0 : 2 * (32 + 2 + 3),
    why: mode === "nearest" ? "exact" : "a weight is off by 3 ulps of a position ≤ 32, two weights an axis, on max|x|",
  })),
);

/** The same with the engine's own weights: the numbers are held by test/resize.test.ts, the gradients here. */
const rules: Row[] = (
  [
    { mode: "bicubic" },
    { mode: "bicubic", antialias: true },
    { rule: "pil", mode: "lanczos" },
    { rule: "tf1" },
    { alignCorners: true },
  ] as const
).map((options) => ({
  op: "resize",
  inputs: [{ shape: [1, 2, 7, 5] }],
  run: (x) => ops.resize(x!, [3, 8], options),
  reference: (x) => {
    const matrix = (from: number, to: number): Nd => {
      const { taps } = lineOf(from, to, options);
      return nd([to, from], ([i, j]) => taps.reduce((s, t) => s + (t.index[i!] === j ? t.weight[i!]! : 0), 0));
    };
    const wide = product(reshaped(x!, [2, 7, 5]), permuted(matrix(5, 8), [1, 0]));
    return reshaped(product(matrix(7, 3), wide), [1, 2, 3, 8]);
  },
  scale: (x) => nd([1, 2, 3, 8], () => Math.max(...absolute(x!).data)),
  ulps: 16,
  why: "weights that add up to 1, of up to 25 pixels",
}));

const summing: Row[] = [
  { reverse: true, exclusive: false },
  { reverse: false, exclusive: true },
  { reverse: true, exclusive: true },
].map(({ reverse, exclusive }) => ({
  op: "cumsum",
  inputs: [{ shape: [3, 7, 2] }],
  run: (x) => ops.cumsum(x!, 1, { reverse, exclusive }),
  reference: (x) => {
    const counts = (r: number, s: number) => (s === r ? !exclusive : s < r !== reverse);
    return nd([3, 7, 2], ([a, r, b]) => {
      let sum = 0;
      for (let s = 0; s < 7; s++) if (counts(r!, s)) sum += at(x!, [a!, s, b!]);
      return sum;
    });
  },
  scale: () => nd([3, 7, 2], () => 14),
  ulps: 7,
  why: "γ of 7 terms below 2",
}));

export const lines: Family = {
  rows: [...running, ...summing, ...resizes, ...rules],
  refusals: [
    {
      op: "argmax",
      call: (gpu) => ops.argmax(numbers(gpu, [])),
      code: "argument",
      message: "argmax: expected a tensor with at least one axis; got [].",
    },
    {
      op: "cumsum",
      call: (gpu) => ops.cumsum(numbers(gpu, [])),
      code: "argument",
      message: "cumsum: expected a tensor with at least one axis; got [].",
    },
    {
      op: "cumsum",
      call: (gpu) => ops.cumsum(numbers(gpu, [3]), 1),
      code: "argument",
      message: "cumsum: axis out of range. Expected an integer in [-1, 0]; got 1.",
    },
    {
      op: "resize",
      call: (gpu) => ops.resize(numbers(gpu, [1, 1, 2, 2]), [2, 2], { mode: "box" }),
      code: "argument",
      message: 'resize: mode box smooths. Use it with { rule: "pil" } or { antialias: true }.',
    },
    {
      op: "resize",
      call: (gpu) => ops.resize(numbers(gpu, [1, 1, 2, 2]), null, { scale: 0 }),
      code: "argument",
      message: "resize: expected a scale > 0, or two; got 0.",
    },
    {
      op: "resize",
      call: (gpu) => ops.resize(numbers(gpu, [1, 1, 2, 2]), null),
      code: "argument",
      message: "resize: expected a size [height, width] of whole numbers > 0; got [].",
    },
    {
      op: "resize",
      call: (gpu) => ops.resize(numbers(gpu, [3]), [2, 2]),
      code: "shape",
      message: "resize: expected x [n, channels, height, width]; got [3].",
    },
    {
      op: "resize",
      call: (gpu) => ops.resize(numbers(gpu, [1, 1, 2, 2]), [2, 0]),
      code: "argument",
      message: "resize: expected a size [height, width] of whole numbers > 0; got [2, 0].",
    },
    {
      op: "resize",
      call: (gpu) => ops.resize(numbers(gpu, [1, 1, 2, 2]), [2, 2], { mode: "cubic" as "nearest" }),
      code: "argument",
      message: 'resize: expected mode nearest, nearest-exact, bilinear, bicubic, lanczos or box; got "cubic".',
    },
  ],
};
