import * as ops from "../../../src/graph/ops/index.ts";
import { absolute, nd, type Nd, permuted, product, reshaped } from "../nd.ts";
import type { Family, Row } from "../row.ts";
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

export const lines: Family = {
  rows: [...running, ...resizes],
  refusals: [
    {
      op: "argmax",
      call: (gpu) => ops.argmax(numbers(gpu, [3], "u32")),
      code: "argument",
      message: "argmax: expected an f32 tensor with at least one axis; got u32 [3].",
    },
    {
      op: "cumsum",
      call: (gpu) => ops.cumsum(numbers(gpu, [])),
      code: "argument",
      message: "cumsum: expected an f32 tensor with at least one axis; got f32 [].",
    },
    {
      op: "cumsum",
      call: (gpu) => ops.cumsum(numbers(gpu, [3]), 1),
      code: "argument",
      message: "cumsum: axis out of range. Expected an integer in [-1, 0]; got 1.",
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
      message: "resize: expected mode bilinear or nearest; got cubic.",
    },
  ],
};
