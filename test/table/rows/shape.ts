import * as ops from "../../../src/graph/ops/index.ts";
import type { Tensor } from "../../../src/index.ts";
import { each, joined, nd, type Nd, permuted, reshaped, sliced, total } from "../nd.ts";
import type { Family, Row } from "../row.ts";
import { numbers } from "./arithmetic.ts";
import { depth } from "./sums.ts";

const exact = { ulps: 0, why: "exact" } as const;

const one = (op: string, shape: readonly number[], run: (x: Tensor) => Tensor, reference: (x: Nd) => Nd): Row => ({
  op,
  inputs: [{ shape }],
  run: (x) => run(x!),
  reference: (x) => reference(x!),
  ...exact,
});

const padded = (x: Nd, axis: number, before: number, after: number, value: number): Nd => {
  const filler = (n: number) =>
    nd(
      x.shape.map((s, d) => (d === axis ? n : s)),
      () => value,
    );
  return joined([...(before ? [filler(before)] : []), x, ...(after ? [filler(after)] : [])], axis);
};

const orders: readonly (readonly [shape: readonly number[], order: readonly number[]])[] = [
  [[1], [0]],
  [
    [3, 5],
    [1, 0],
  ],
  [
    [2, 3, 5],
    [1, 2, 0],
  ],
  [
    [2, 3, 5, 7],
    [0, 2, 3, 1],
  ],
  [
    [2, 3, 5, 7],
    [3, 1, 0, 2],
  ],
  [
    [64, 65],
    [1, 0],
  ],
];

const rows: Row[] = [
  one(
    "reshape",
    [3, 5],
    (x) => ops.reshape(x, [5, 3]),
    (x) => reshaped(x, [5, 3]),
  ),
  one(
    "reshape",
    [2, 3, 5, 7],
    (x) => ops.reshape(x, [-1, 35]),
    (x) => reshaped(x, [6, 35]),
  ),
  one(
    "reshape",
    [3, 5],
    (x) => ops.reshape(ops.transpose(x), [15]),
    (x) => reshaped(permuted(x, [1, 0]), [15]),
  ),
  one(
    "reshape",
    [1],
    (x) => ops.reshape(x, []),
    (x) => reshaped(x, []),
  ),
  ...orders.map(([shape, order]) =>
    one(
      "transpose",
      shape,
      (x) => ops.transpose(x, order),
      (x) => permuted(x, order),
    ),
  ),
  one(
    "slice",
    [3, 5],
    (x) => ops.slice(x, 0, 1, 3),
    (x) => sliced(x, 0, 1, 3),
  ),
  one(
    "slice",
    [3, 5],
    (x) => ops.slice(x, -1, 2, 3),
    (x) => sliced(x, 1, 2, 3),
  ),
  one(
    "slice",
    [1030],
    (x) => ops.slice(x, 0, 64, 1030),
    (x) => sliced(x, 0, 64, 1030),
  ),
  one(
    "slice",
    [2, 3, 5, 7],
    (x) => ops.slice(ops.slice(x, 2, 1, 4), 1, 0, 2),
    (x) => sliced(sliced(x, 2, 1, 4), 1, 0, 2),
  ),
  one(
    "expand",
    [1],
    (x) => ops.expand(x, [65]),
    (x) =>
      each(
        (_, v) => v,
        nd([65], () => 0),
        x,
      ),
  ),
  one(
    "expand",
    [3, 1],
    (x) => ops.expand(x, [2, 3, 5]),
    (x) =>
      each(
        (_, v) => v,
        nd([2, 3, 5], () => 0),
        x,
      ),
  ),
  one(
    "expand",
    [5],
    (x) => ops.expand(x, [3, 5]),
    (x) =>
      each(
        (_, v) => v,
        nd([3, 5], () => 0),
        x,
      ),
  ),
  ...(
    [
      [
        [2, 3, 5],
        [3, 1],
      ],
      [[65, 3], [3]],
      [[4, 130], []],
    ] as const
  ).map(([shape, to]): Row => ({
    op: "sumTo",
    inputs: [{ shape }],
    run: (x) => ops.sumTo(x!, to),
    reference: (x) => sumsTo(x!, to),
    scale: (x) => sumsTo(each(Math.abs, x!), to),
    ulps: depth(520),
    why: "γ of the tree, on Σ|x|",
  })),
  ...(
    [
      [[3, 5], [3, 2], 1],
      [[3, 5], [1, 5], 0],
      [[64], [65], 0],
      [[2, 3, 64], [2, 1, 64], 1],
      [[2, 2, 3, 2], [2, 2, 3, 5], 3],
    ] as const
  ).map(([a, b, axis]): Row => ({
    op: "concat",
    inputs: [{ shape: a }, { shape: b }],
    run: (x, y) => ops.concat([x!, y!], axis),
    reference: (x, y) => joined([x!, y!], axis),
    ...exact,
  })),
  {
    op: "concat",
    inputs: [{ shape: [2, 3] }, { shape: [3, 2] }],
    run: (x, y) => ops.concat([ops.exp(x!), ops.transpose(y!), x!.mul(2), ops.slice(x!, 0, 0, 1)], 0),
    reference: (x, y) =>
      joined([each(Math.exp, x!), permuted(y!, [1, 0]), each((v) => 2 * v, x!), sliced(x!, 0, 0, 1)], 0),
    ulps: 4,
    why: "exp's 4 in one part",
  },
  ...([0, 1, 2] as const).map((axis): Row => ({
    op: "stack",
    inputs: [{ shape: [3, 5] }, { shape: [3, 5] }],
    run: (x, y) => ops.stack([x!, y!], axis),
    reference: (x, y) => {
      const with1 = [3, 5].toSpliced(axis, 0, 1);
      return joined([reshaped(x!, with1), reshaped(y!, with1)], axis);
    },
    ...exact,
  })),
  {
    op: "split",
    inputs: [{ shape: [3, 7] }],
    run: (x) => {
      const [a, b, c] = ops.split(x!, [2, 4, 1], 1);
      return ops.concat([c!, a!, b!], 1);
    },
    reference: (x) => joined([sliced(x!, 1, 6, 7), sliced(x!, 1, 0, 2), sliced(x!, 1, 2, 6)], 1),
    ...exact,
  },
  one(
    "pad",
    [3, 5],
    (x) => ops.pad(x, 1, 2, 1),
    (x) => padded(x, 1, 2, 1, 0),
  ),
  one(
    "pad",
    [3, 5],
    (x) => ops.pad(x, 0, 0, 2, -3),
    (x) => padded(x, 0, 0, 2, -3),
  ),
  one(
    "pad",
    [64],
    (x) => ops.pad(x, 0, 64, 65),
    (x) => padded(x, 0, 64, 65, 0),
  ),
  one(
    "pad",
    [2, 3, 5, 7],
    (x) => ops.pad(x, 2, 1, 1),
    (x) => padded(x, 2, 1, 1, 0),
  ),
];

function sumsTo(x: Nd, shape: readonly number[]): Nd {
  const ahead = x.shape.length - shape.length;
  const axes = x.shape.flatMap((_, d) => (d < ahead || shape[d - ahead] === 1 ? [d] : []));
  return reshaped(total(x, axes), shape);
}

export const shape: Family = {
  rows,
  refusals: [
    {
      op: "reshape",
      call: (gpu) => ops.reshape(numbers(gpu, [3, 2]), [4]),
      code: "shape",
      message: "reshape: element counts differ. Expected a shape of 6 elements for [3, 2]; got [4].",
    },
    {
      op: "transpose",
      call: (gpu) => ops.transpose(numbers(gpu, [3, 2]), [0, 0]),
      code: "argument",
      message: "transpose: not a permutation. Expected the axes 0…1 in some order; got [0, 0].",
    },
    {
      op: "expand",
      call: (gpu) => ops.expand(numbers(gpu, [3, 2]), [3, 4]),
      code: "shape",
      message:
        "expand: shapes do not broadcast. Expected sizes that are equal or 1, aligned from the right; got [3, 2] and [3, 4].",
    },
    {
      op: "expand",
      call: (gpu) => ops.expand(numbers(gpu, [3, 2]), [2]),
      code: "shape",
      message: "expand: expected a shape that [3, 2] broadcasts to; got [2].",
    },
    {
      op: "sumTo",
      call: (gpu) => ops.sumTo(numbers(gpu, [3, 2]), [3, 4]),
      code: "shape",
      message: "sumTo: expected a shape that broadcasts to [3, 2]; got [3, 4].",
    },
    {
      op: "concat",
      call: (gpu) => ops.concat([numbers(gpu, [3, 2]), numbers(gpu, [2, 3])], 0),
      code: "shape",
      message: "concat: shapes differ beyond axis 0. Expected all like [3, 2] f32; got [2, 3] f32.",
    },
    {
      op: "concat",
      call: () => ops.concat([], 0),
      code: "argument",
      message: "concat: expected at least one tensor; got none.",
    },
    {
      op: "stack",
      call: (gpu) => ops.stack([numbers(gpu, [3]), numbers(gpu, [2])]),
      code: "shape",
      message: "stack: shapes differ. Expected all like [3]; got [2].",
    },
    {
      op: "split",
      call: (gpu) => ops.split(numbers(gpu, [3, 2]), [1, 1], 0),
      code: "shape",
      message: "split: sizes do not add up. Expected a sum of 3 along axis 0; got [1, 1].",
    },
    {
      op: "pad",
      call: (gpu) => ops.pad(numbers(gpu, [3], "u32"), 0, 1, 0, -1),
      code: "argument",
      message: "pad: expected whole numbers that fit u32; got -1.",
    },
    {
      op: "pad",
      call: (gpu) => ops.pad(numbers(gpu, [3]), 0, -1, 0),
      code: "argument",
      message: "pad: expected whole widths ≥ 0; got -1 and 0.",
    },
    {
      op: "pad",
      call: (gpu) => ops.pad(numbers(gpu, [3]), 0, 0, 1.5),
      code: "argument",
      message: "pad: expected whole widths ≥ 0; got 0 and 1.5.",
    },
    {
      op: "expand",
      call: (gpu) => ops.expand(numbers(gpu, [1]), [-2]),
      code: "shape",
      message: "expand: expected a shape that [1] broadcasts to; got [-2].",
    },
    {
      op: "pad",
      call: (gpu) => ops.pad(numbers(gpu, [3]), 1, 1, 0),
      code: "argument",
      message: "pad: axis out of range. Expected an integer in [-1, 0]; got 1.",
    },
  ],
};
