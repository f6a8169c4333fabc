import * as ops from "../../../src/graph/ops/index.ts";
import type { Tensor } from "../../../src/index.ts";
import { at, nd, type Nd } from "../nd.ts";
import type { Family, Row } from "../row.ts";
import { numbers } from "./arithmetic.ts";

const exact = { ulps: 0, why: "exact" } as const;

export const one = (
  op: string,
  shape: readonly number[],
  run: (x: Tensor) => Tensor,
  reference: (x: Nd) => Nd,
): Row => ({
  op,
  inputs: [{ shape }],
  run: (x) => run(x!),
  reference: (x) => reference(x!),
  ...exact,
});

/** The array of `shape` whose element at `index` is the element of x at `from(index)`, or `otherwise`. */
export const moved = (
  x: Nd,
  shape: readonly number[],
  from: (index: readonly number[]) => readonly number[] | null,
  otherwise = 0,
): Nd =>
  nd(shape, (index) => {
    const place = from(index);
    return place ? at(x, place) : otherwise;
  });

const others: Row[] = [
  ...([[0], [1], [-1, 0], undefined] as const).map((axes) =>
    one(
      "flip",
      [3, 5],
      (x) => ops.flip(x, axes),
      (x) => {
        const has = (d: number) => axes === undefined || (axes as readonly number[]).some((a) => (a + 2) % 2 === d);
        return moved(x, [3, 5], ([i, j]) => [has(0) ? 2 - i! : i!, has(1) ? 4 - j! : j!]);
      },
    ),
  ),
  one(
    "tile",
    [3],
    (x) => ops.tile(x, [2, 2]),
    (x) => moved(x, [2, 6], ([, j]) => [j! % 3]),
  ),
  one(
    "tile",
    [2, 1, 3],
    (x) => ops.tile(x, [4, 2]),
    (x) => moved(x, [2, 4, 6], ([i, , k]) => [i!, 0, k! % 3]),
  ),
  one(
    "tile",
    [2, 3],
    (x) => ops.tile(x, 2),
    (x) => moved(x, [2, 6], ([i, j]) => [i!, j! % 3]),
  ),
  one(
    "roll",
    [3, 5],
    (x) => ops.roll(x, [1, -7], [0, -1]),
    (x) => moved(x, [3, 5], ([i, j]) => [(i! + 2) % 3, (j! + 7) % 5]),
  ),
  one(
    "roll",
    [2, 3],
    (x) => ops.roll(x, 2),
    (x) => moved(x, [2, 3], ([i, j]) => [Math.floor(((3 * i! + j! + 4) % 6) / 3), (3 * i! + j! + 4) % 3]),
  ),
  ...([0, 1, -1, -9, 9] as const).flatMap((k) => [
    one(
      "tril",
      [2, 3, 5],
      (x) => ops.tril(x, k),
      (x) => moved(x, [2, 3, 5], (index) => (index[2]! <= index[1]! + k ? index : null)),
    ),
    one(
      "triu",
      [5, 4],
      (x) => ops.triu(x, k),
      (x) => moved(x, [5, 4], (index) => (index[1]! >= index[0]! + k ? index : null)),
    ),
  ]),
  one(
    "squeeze",
    [1, 3, 1, 5],
    (x) => ops.squeeze(x),
    (x) => ({ shape: [3, 5], data: x.data }),
  ),
  one(
    "squeeze",
    [1, 3, 1, 5],
    (x) => ops.squeeze(x, -2),
    (x) => ({ shape: [1, 3, 5], data: x.data }),
  ),
  one(
    "unsqueeze",
    [3, 5],
    (x) => ops.unsqueeze(x, [0, -1]),
    (x) => ({ shape: [1, 3, 5, 1], data: x.data }),
  ),
  one(
    "expand",
    [3, 1],
    (x) => ops.expand(x, [2, -1, 5]),
    (x) => moved(x, [2, 3, 5], ([, i]) => [i!, 0]),
  ),
  one(
    "split",
    [5, 3],
    (x) => ops.concat(ops.split(x, { size: 2 }).reverse(), 0),
    (x) => moved(x, [5, 3], ([i, j]) => [[4, 2, 3, 0, 1][i!]!, j!]),
  ),
  one(
    "split",
    [2, 6],
    (x) => ops.concat(ops.split(x, { parts: 3 }, -1).reverse(), 0),
    (x) => moved(x, [6, 2], ([i, j]) => [i! % 2, 4 - 2 * Math.floor(i! / 2) + j!]),
  ),
];

export const loosely = (op: unknown) => op as (...all: unknown[]) => unknown;

export const rearrangement: Family = {
  rows: others,
  refusals: [
    {
      op: "reshape",
      call: (gpu) => loosely(ops.reshape)(numbers(gpu, [3, 2]), 2, 3),
      code: "argument",
      message: "reshape: expected the sizes as one array; got 2, 3. Use reshape(x, [2, 3]).",
    },
    {
      op: "transpose",
      call: (gpu) => loosely(ops.transpose)(numbers(gpu, [3, 2, 4]), 0, -1),
      code: "argument",
      message: "transpose: expected the order of all axes as one array; got 0, -1. Use transpose(x, [2, 1, 0]).",
    },
    {
      op: "concat",
      call: (gpu) => loosely(ops.concat)([numbers(gpu, [3, 2])]),
      code: "argument",
      message:
        "concat: expected an axis. Use concat(tensors, 0) to put them one after the other, or stack(tensors) for a new axis.",
    },
    {
      op: "concat",
      call: (gpu) => loosely(ops.concat)(numbers(gpu, [3, 2]), numbers(gpu, [3, 2])),
      code: "argument",
      message: "concat: expected an array of tensors. Use concat([a, b], axis).",
    },
    {
      op: "stack",
      call: (gpu) => loosely(ops.stack)([numbers(gpu, [3]), [1, 2, 3]]),
      code: "argument",
      message: "stack: expected an array of tensors. Use stack([a, b], axis).",
    },
    {
      op: "split",
      call: (gpu) => loosely(ops.split)(numbers(gpu, [3, 6]), 3, 1),
      code: "argument",
      message:
        "split: expected sizes, { parts } or { size }; got 3. Use { parts: 3 } for as many equal parts, { size: 3 } for parts of that size.",
    },
    {
      op: "split",
      call: (gpu) => ops.split(numbers(gpu, [3, 6]), { parts: 4 }, 1),
      code: "argument",
      message: "split: expected parts that divide the 6 entries along axis 1; got 4. Give the sizes instead.",
    },
    {
      op: "flip",
      call: (gpu) => ops.flip(numbers(gpu, [3, 2]), 2),
      code: "argument",
      message: "flip: axis out of range. Expected an integer in [-2, 1]; got 2.",
    },
    {
      op: "tile",
      call: (gpu) => ops.tile(numbers(gpu, [3, 2]), [2, 1.5]),
      code: "argument",
      message: "tile: expected whole numbers ≥ 0; got [2, 1.5].",
    },
    {
      op: "roll",
      call: (gpu) => ops.roll(numbers(gpu, [3, 2]), [1, 2], 0),
      code: "argument",
      message: "roll: expected a whole shift for each axis; got [1, 2] and [0].",
    },
    {
      op: "tril",
      call: (gpu) => ops.tril(numbers(gpu, [3])),
      code: "shape",
      message: "tril: expected x [..., rows, columns]; got [3].",
    },
    {
      op: "triu",
      call: (gpu) => ops.triu(numbers(gpu, [3, 3]), 0.5),
      code: "argument",
      message: "triu: expected a whole diagonal; got 0.5.",
    },
    {
      op: "squeeze",
      call: (gpu) => ops.squeeze(numbers(gpu, [3, 1]), 0),
      code: "shape",
      message: "squeeze: expected axes of size 1; got [0] of [3, 1].",
    },
    {
      op: "unsqueeze",
      call: (gpu) => ops.unsqueeze(numbers(gpu, [3, 1]), 3),
      code: "argument",
      message: "unsqueeze: axis out of range. Expected an integer in [-3, 2]; got 3.",
    },
  ],
};
