import * as ops from "../../../src/graph/ops/index.ts";
import type { Tensor } from "../../../src/index.ts";
import { absolute, at, each, nd, type Nd } from "../nd.ts";
import type { Family, Row } from "../row.ts";
import { numbers } from "./arithmetic.ts";

/** Entries of x at `index` along an axis, negative ones from the end; NaN outside. */
export const picked = (x: Nd, index: Nd, axis = 0): Nd =>
  nd(x.shape.toSpliced(axis, 1, ...index.shape), (place) => {
    const entry = at(index, place.slice(axis, axis + index.shape.length));
    const n = x.shape[axis]!;
    if (entry < -n || entry >= n) return Number.NaN;
    return at(x, place.toSpliced(axis, index.shape.length, entry < 0 ? entry + n : entry));
  });

const scattered = (g: Nd, index: Nd, entries: number): Nd => {
  const width = g.data.length / index.data.length;
  const y = new Float64Array(entries * width);
  for (const [i, row] of index.data.entries())
    for (let j = 0; j < width; j++) y[(row < 0 ? row + entries : row) * width + j]! += g.data[i * width + j]!;
  return { shape: [entries, ...g.shape.slice(index.shape.length)], data: y };
};

const exact = { ulps: 0, why: "exact" } as const;

/** Tables and picks: one of one, odd, repeated and outside indices, wide rows, several trips. */
const TABLES = [
  [[1], [1]],
  [[7], [5]],
  [[5, 3], [4]],
  [[64, 65], [9]],
  [
    [65, 2, 3],
    [2, 5],
  ],
  [[130, 4], [300]],
  [[3, 2, 3, 4], [5]],
] as const;

const gathers: Row[] = TABLES.flatMap(([x, index]): Row[] => [
  {
    op: "gather",
    inputs: [{ shape: x }, { shape: index, dtype: "i32", domain: [-x[0], x[0] - 1] }],
    run: (t, i) => ops.gather(t!, i!),
    reference: (t, i) => picked(t!, i!),
    ...exact,
  },
  {
    op: "scatterAdd",
    inputs: [{ shape: [...index, ...x.slice(1)] }, { shape: index, dtype: "i32", domain: [-x[0], x[0] - 1] }],
    run: (g, i) => ops.scatterAdd(g!, i!, x[0]),
    reference: (g, i) => scattered(g!, i!, x[0]),
    scale: (g, i) => scattered(absolute(g!), i!, x[0]),
    ulps: index.reduce<number>((a, b) => a * b, 1),
    why: "γ of the hits, on Σ|g|",
  },
]);

const data: Row[] = [
  ...(["u32", "i32"] as const).map((dtype): Row => ({
    op: "gather",
    inputs: [
      { shape: [65, 3], dtype, domain: [0, 1e6] },
      { shape: [7], dtype: "i32", domain: [-65, 64] },
    ],
    run: (x, i) => ops.gather(x!, i!),
    reference: (x, i) => picked(x!, i!),
    ...exact,
  })),
  {
    op: "gather",
    inputs: [
      { shape: [9, 5], dtype: "u8", domain: [0, 255] },
      { shape: [4], dtype: "u32", domain: [0, 8] },
    ],
    run: (x, i) => ops.gather(x!, i!),
    reference: (x, i) => picked(x!, i!),
    ...exact,
  },
  {
    op: "gather",
    inputs: [
      { shape: [9, 28], dtype: "u8", domain: [0, 255] },
      { shape: [65], dtype: "u32", domain: [0, 5] },
    ],
    run: (x, i) => ops.gather(ops.slice(x!, 0, 2, 8), i!, { scale: 1 / 255 }),
    reference: (x, i) => each((v) => v / 255, picked({ shape: [6, 28], data: x!.data.slice(2 * 28, 8 * 28) }, i!)),
    ulps: 2,
    why: "1/255 and the product round",
  },
  {
    // a batch of an epoch: images at order[position + 0…4]
    op: "gather",
    inputs: [
      { shape: [20, 3], dtype: "u8", domain: [0, 255] },
      { shape: [20], dtype: "u32", values: Array.from({ length: 20 }, (_, i) => (i * 7) % 20) },
      { shape: [], dtype: "u32", domain: [3, 9] },
    ],
    run: (x, order, position) => ops.gather(x!, ops.gather(order!, position!.add(ops.arange(x!.gpu, 5)))),
    reference: (x, order, position) =>
      picked(
        x!,
        nd([5], (_, i) => order!.data[position!.data[0]! + i]!),
      ),
    ...exact,
  },
  ...[[1], [5, 3], [1030]].map((shape): Row => ({
    op: "bytes",
    inputs: [{ shape, dtype: "u8", domain: [0, 255] }],
    run: (x) => ops.bytes(x!, { scale: 1 / 255 }),
    reference: (x) => each((v) => v / 255, x!),
    ulps: 2,
    why: "1/255 and the product round",
  })),
  ...[
    [[5, 3], [4]],
    [
      [65, 64],
      [2, 3],
    ],
  ].map(([weight, index]): Row => ({
    op: "embedding",
    inputs: [{ shape: weight! }, { shape: index!, dtype: "u32", domain: [0, weight![0]! - 1] }],
    run: (w, i) => ops.embedding(w!, i!),
    reference: (w, i) => picked(w!, i!),
    ...exact,
  })),
  ...(
    [
      ["u32", [65], 10],
      ["i32", [2, 3], 4],
      ["u8", [5], 3],
      ["f32", [64], 5],
      ["u32", [1], 1],
    ] as const
  ).map(([dtype, shape, classes]): Row => ({
    op: "oneHot",
    inputs: [
      {
        shape,
        dtype,
        domain: [dtype === "i32" || dtype === "f32" ? -classes : 0, classes - 1],
        grid: [1, 0],
        slope: false,
      },
    ],
    run: (i) => ops.oneHot(i!, classes),
    reference: (i) =>
      nd([...shape, classes], (place) => Number((at(i!, place.slice(0, -1)) + classes) % classes === place.at(-1))),
    ...exact,
  })),
  ...[1, 65, 1030].map((n): Row => ({
    op: "arange",
    inputs: [{ shape: [1], dtype: "u32", domain: [0, 0] }],
    run: (x) => ops.arange(x!.gpu, n),
    reference: () => nd([n], (_, i) => i),
    ...exact,
  })),
];

export const lookups: Family = {
  rows: [...gathers, ...data],
  refusals: [
    {
      op: "gather",
      call: (gpu) => ops.gather(numbers(gpu, [3]), numbers(gpu, [2])),
      code: "argument",
      message: "gather: expected u32 or i32 indices; got f32. Use cast().",
    },
    {
      op: "gather",
      call: (gpu) => ops.gather(numbers(gpu, []), numbers(gpu, [2], "u32")),
      code: "shape",
      message: "gather: expected x with at least one axis; got [].",
    },
    {
      op: "gather",
      call: (gpu) => ops.gather(numbers(gpu, [3]), numbers(gpu, [2], "u32"), { scale: 2 }),
      code: "argument",
      message: "gather: expected scale only with u8 data; got 2 with f32.",
    },
    {
      op: "scatterAdd",
      call: (gpu) => ops.scatterAdd(numbers(gpu, [3, 2]), numbers(gpu, [2], "u32"), 4),
      code: "shape",
      message: "scatterAdd: shapes differ. Expected g [...indices.shape, …]; got g [3, 2] and indices [2].",
    },
    {
      op: "scatterAdd",
      call: (gpu) => ops.scatterAdd(numbers(gpu, [2]), numbers(gpu, [2], "u32"), 0),
      code: "argument",
      message: "scatterAdd: expected a whole number of entries > 0; got 0.",
    },
    {
      op: "bytes",
      call: (gpu) => ops.bytes(numbers(gpu, [3])),
      code: "argument",
      message: "bytes: expected u8 data; got f32.",
    },
    {
      op: "gather",
      call: (gpu) => ops.gather(numbers(gpu, [3, 2]), [0, 2], { axis: 1 }),
      code: "argument",
      message: "gather: index out of range. Expected whole numbers in [-2, 1] for x [3, 2]; got 2.",
    },
    {
      op: "scatterAdd",
      call: (gpu) => ops.scatterAdd(numbers(gpu, [2]), [0, -5], 4),
      code: "argument",
      message: "scatterAdd: index out of range. Expected whole numbers in [-4, 3] for x [2]; got -5.",
    },
    {
      op: "embedding",
      call: (gpu) => ops.embedding(numbers(gpu, [3, 2]), [1, Number.NaN]),
      code: "argument",
      message: "embedding: index out of range. Expected whole numbers in [-3, 2] for x [3, 2]; got NaN.",
    },
    {
      op: "oneHot",
      call: () => ops.oneHot([1, 2] as unknown as Tensor, 3),
      code: "argument",
      message: "oneHot: expected a tensor; got an array. Make a tensor of it: gpu.tensor(values).",
    },
    {
      op: "embedding",
      call: (gpu) => ops.embedding(numbers(gpu, [3]), numbers(gpu, [2], "u32")),
      code: "shape",
      message: "embedding: expected weight [entries, dim] f32; got [3] f32.",
    },
    {
      op: "oneHot",
      call: (gpu) => ops.oneHot(numbers(gpu, [3]), 0),
      code: "argument",
      message: "oneHot: expected a whole number of classes > 0; got 0.",
    },
    {
      op: "arange",
      call: (gpu) => ops.arange(gpu, 0.5),
      code: "argument",
      message: "arange: expected a whole number in [0, 2^32); got 0.5.",
    },
  ],
};
