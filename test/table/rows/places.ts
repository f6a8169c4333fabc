import * as ops from "../../../src/graph/ops/index.ts";
import { at, nd, type Nd } from "../nd.ts";
import type { Family, Row } from "../row.ts";
import { numbers } from "./arithmetic.ts";
import { picked } from "./lookups.ts";

const exact = { ulps: 0, why: "exact" } as const;

/** Arrays, indices and the axis that they walk: one of one, odd, repeated, of rank 0 and 2, in the middle, more than a workgroup. */
const AXES = [
  [[1], [1], 0],
  [[3, 5], [4], 1],
  [[2, 3, 5], [7], 1],
  [[4, 65], [2, 3], -1],
  [[3, 4], [], 0],
  [[130, 3], [70], 0],
] as const;

const takes: Row[] = AXES.flatMap(([x, index, axis]): Row[] => {
  const extent = x.at(axis)!;
  const d = axis < 0 ? axis + x.length : axis;
  const inputs = [{ shape: x }, { shape: index, dtype: "i32", domain: [-extent, extent - 1] }] as const;
  const reference: Row["reference"] = (t, i) => picked(t!, i!, d);
  return [
    { op: "take", inputs, run: (t, i) => ops.take(t!, i!, axis), reference, ...exact },
    { op: "gather", inputs, run: (t, i) => ops.gather(t!, i!, { axis }), reference, ...exact },
  ];
});

const along = (x: Nd, index: Nd, axis: number): Nd => {
  const shape = x.shape.map((n, d) => (d === axis ? index.shape[d]! : Math.max(n, index.shape[d]!)));
  const within = (s: readonly number[], place: readonly number[]) => place.map((i, d) => (s[d] === 1 ? 0 : i));
  return nd(shape, (place) => {
    const entry = at(index, within(index.shape, place));
    return at(x, within(x.shape, place).with(axis, entry < 0 ? entry + x.shape[axis]! : entry));
  });
};

const ALONG = [
  [[1], [1], 0],
  [[3, 5], [3, 2], 1],
  [[3, 5], [7, 5], 0],
  [[2, 3, 5], [2, 6, 5], 1],
  [[3, 5], [1, 4], 1],
  [[1, 5], [3, 4], 1],
  [[2, 66], [2, 1], 1],
  [[2, 600], [2, 600], 1],
] as const;

const alongs: Row[] = ALONG.map(([x, index, axis]) => ({
  op: "takeAlongAxis",
  inputs: [{ shape: x }, { shape: index, dtype: "i32", domain: [-x[axis]!, x[axis]! - 1] }],
  run: (t, i) => ops.takeAlongAxis(t!, i!, axis),
  reference: (t, i) => along(t!, i!, axis),
  ...exact,
}));

/** Indices given as numbers: checked at once, uploaded, and uploaded again for the gradient. */
const lists: Row[] = [
  {
    op: "take",
    inputs: [{ shape: [2, 3] }],
    run: (x) =>
      ops.take(
        x!,
        [
          [-1, 0],
          [2, 2],
        ],
        1,
      ),
    reference: (x) => picked(x!, { shape: [2, 2], data: Float64Array.of(2, 0, 2, 2) }, 1),
    ...exact,
  },
  {
    op: "take",
    inputs: [{ shape: [2, 3] }],
    run: (x) => ops.take(x!, Int32Array.of(4, -6, -1)),
    reference: (x) => nd([3], ([i]) => x!.data[[4, 0, 5][i!]!]!),
    ...exact,
  },
  {
    op: "gather",
    inputs: [{ shape: [4, 3] }],
    run: (x) => ops.gather(x!, 2),
    reference: (x) => nd([3], ([j]) => at(x!, [2, j!])),
    ...exact,
  },
  {
    op: "scatterAdd",
    inputs: [{ shape: [3, 2] }],
    run: (g) => ops.scatterAdd(g!, [1, -1, 1], 4),
    reference: (g) =>
      nd([4, 2], ([r, j]) => (r === 1 ? g!.data[j!]! + g!.data[4 + j!]! : r === 3 ? g!.data[2 + j!]! : 0)),
    ulps: 1,
    why: "one sum",
  },
  {
    op: "takeAlongAxis",
    inputs: [{ shape: [2, 3] }],
    run: (x) => ops.takeAlongAxis(x!, [[2], [-3]]),
    reference: (x) => nd([2, 1], ([i]) => x!.data[[2, 3][i!]!]!),
    ...exact,
  },
  // so many picks that the gradient sorts them
  {
    op: "take",
    inputs: [{ shape: [40, 60] }, { shape: [1800], dtype: "i32", domain: [-40, 39] }],
    run: (t, i) => ops.take(t!, i!, 0),
    reference: (t, i) => picked(t!, i!),
    ...exact,
  },
  {
    op: "scatterAdd",
    inputs: [{ shape: [5000] }, { shape: [5000], dtype: "u32", domain: [0, 999] }],
    run: (g, i) => ops.scatterAdd(g!, i!, 1000),
    reference: (g, i) => {
      const y = new Float64Array(1000);
      for (const [k, r] of i!.data.entries()) y[r]! += g!.data[k]!;
      return { shape: [1000], data: y };
    },
    scale: () => nd([1000], () => 10),
    ulps: 8,
    why: "at most some 15 terms below 2, in order",
  },
];

export const places: Family = {
  rows: [...takes, ...alongs, ...lists],
  refusals: [
    {
      op: "take",
      call: (gpu) => ops.take(numbers(gpu, [3]), [0, 3]),
      code: "argument",
      message: "take: index out of range. Expected whole numbers in [-3, 2] for x [3]; got 3.",
    },
    {
      op: "take",
      call: (gpu) => ops.take(numbers(gpu, [3]), [0, 0.5]),
      code: "argument",
      message: "take: index out of range. Expected whole numbers in [-3, 2] for x [3]; got 0.5.",
    },
    {
      op: "take",
      call: (gpu) => ops.take(numbers(gpu, [3, 2]), [[0, 1], [2]], 0),
      code: "argument",
      message:
        "take: expected indices as a u32 or i32 tensor, a number, or arrays of equal length; got an array of 1 beside one of 2.",
    },
    {
      op: "take",
      call: (gpu) => ops.take(numbers(gpu, [3]), "1" as unknown as number),
      code: "argument",
      message: "take: expected indices as a u32 or i32 tensor, a number, or arrays of equal length; got string.",
    },
    {
      op: "take",
      call: (gpu) => ops.take(numbers(gpu, [3]), numbers(gpu, [2])),
      code: "argument",
      message: "take: expected u32 or i32 indices; got f32. Use cast().",
    },
    {
      op: "takeAlongAxis",
      call: (gpu) => ops.takeAlongAxis(numbers(gpu, [3, 2]), [0, 1]),
      code: "shape",
      message: "takeAlongAxis: expected indices with the 2 axes of x [3, 2]; got [2].",
    },
    {
      op: "takeAlongAxis",
      call: (gpu) => ops.takeAlongAxis(numbers(gpu, [3, 2]), numbers(gpu, [2, 2], "u32"), 1),
      code: "shape",
      message:
        "takeAlongAxis: shapes do not broadcast. Expected sizes that are equal or 1, aligned from the right; got [3] and [2].",
    },
  ],
};
