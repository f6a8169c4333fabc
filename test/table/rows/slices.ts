import * as ops from "../../../src/graph/ops/index.ts";
import type { Family, Row } from "../row.ts";
import { numbers } from "./arithmetic.ts";
import { loosely, moved, one } from "./rearrange.ts";

type Bounds = readonly [start: number | null, stop: number | null, step?: number];
const named = ([start, stop, step]: Bounds) =>
  `${start ?? ""}:${stop ?? ""}${step === undefined ? "" : `:${step}`}` as const;

/** What Python keeps of 7 entries (`list(range(7))[…]`). */
const KEPT: { readonly [slice: string]: readonly number[] } = {
  "2:5": [2, 3, 4],
  ":-2": [0, 1, 2, 3, 4],
  "-3:": [4, 5, 6],
  "-100:100": [0, 1, 2, 3, 4, 5, 6],
  "::2": [0, 2, 4, 6],
  "1:6:3": [1, 4],
  "1::3": [1, 4],
  "::-1": [6, 5, 4, 3, 2, 1, 0],
  "-2:0:-2": [5, 3, 1],
  "100:-100:-4": [6, 2],
  "4:3:-1": [4],
};
const BOUNDS: readonly Bounds[] = [
  [2, 5],
  [null, -2],
  [-3, null],
  [-100, 100],
  [null, null, 2],
  [1, 6, 3],
  [1, null, 3],
  [null, null, -1],
  [-2, 0, -2],
  [100, -100, -4],
  [4, 3, -1],
];

const slices: Row[] = [
  ...BOUNDS.map((bounds) =>
    one(
      "slice",
      [2, 7, 3],
      (x) => ops.slice(x, 1, ...bounds),
      (x) => moved(x, [2, KEPT[named(bounds)]!.length, 3], ([a, i, b]) => [a!, KEPT[named(bounds)]![i!]!, b!]),
    ),
  ),
  one(
    "slice",
    [4, 7, 5],
    (x) =>
      ops.slice(x, [
        [1, 3],
        [null, null, -2],
        [-4, -1],
      ]),
    (x) => moved(x, [2, 4, 3], ([i, j, k]) => [i! + 1, 6 - 2 * j!, k! + 1]),
  ),
  one(
    "slice",
    [4, 3, 5],
    (x) => ops.slice(x, [-1, null, [null, null, 2]]),
    (x) => moved(x, [3, 3], ([j, k]) => [3, j!, 2 * k!]),
  ),
  one(
    "slice",
    [9, 66],
    (x) => ops.slice(ops.slice(x, 0, 1, null, 2), 0, null, null, 2),
    (x) => moved(x, [2, 66], ([i, j]) => [1 + 4 * i!, j!]),
  ),
];

const reflected = (i: number, n: number): number => {
  const at = Math.abs(i) % (2 * n - 2);
  return at < n ? at : 2 * n - 2 - at;
};

const pads: Row[] = [
  one(
    "pad",
    [2, 3],
    (x) =>
      ops.pad(
        x,
        [
          [1, 0],
          [2, 1],
        ],
        { value: -3 },
      ),
    (x) => moved(x, [3, 6], ([i, j]) => (i! < 1 || j! < 2 || j! > 4 ? null : [i! - 1, j! - 2]), -3),
  ),
  one(
    "pad",
    [2, 3],
    (x) => ops.pad(x, 1),
    (x) => moved(x, [4, 5], ([i, j]) => (i! < 1 || i! > 2 || j! < 1 || j! > 3 ? null : [i! - 1, j! - 1])),
  ),
  one(
    "pad",
    [2, 3],
    (x) =>
      ops.pad(
        x,
        [
          [2, 1],
          [1, 4],
        ],
        { mode: "edge" },
      ),
    (x) => moved(x, [5, 8], ([i, j]) => [Math.min(Math.max(i! - 2, 0), 1), Math.min(Math.max(j! - 1, 0), 2)]),
  ),
  one(
    "pad",
    [1, 2, 4, 3],
    (x) =>
      ops.pad(
        x,
        [
          [0, 0],
          [0, 0],
          [3, 2],
          [5, 1],
        ],
        { mode: "reflect" },
      ),
    (x) => moved(x, [1, 2, 9, 9], ([n, c, i, j]) => [n!, c!, reflected(i! - 3, 4), reflected(j! - 5, 3)]),
  ),
  one(
    "pad",
    [5],
    (x) => ops.pad(x, [[7, 1]], { mode: "wrap" }),
    (x) => moved(x, [13], ([i]) => [(i! + 3) % 5]),
  ),
];

export const slicing: Family = {
  rows: [...slices, ...pads],
  refusals: [
    {
      op: "slice",
      call: (gpu) => ops.slice(numbers(gpu, [3, 2]), [[0, 1], null, null]),
      code: "argument",
      message:
        "slice: expected an axis and its bounds, or at most 2 ranges for x [3, 2]; got 3 ranges. Write slice(x, axis, start, stop), or slice(x, [[start, stop, step], …]).",
    },
    {
      op: "slice",
      call: (gpu) => ops.slice(numbers(gpu, [3, 2]), 0, 0, 2, 0),
      code: "argument",
      message:
        "slice: expected whole bounds (negative from the end, null for an end) and a step that is not 0 on axis 0; got 0, 2, 0.",
    },
    {
      op: "slice",
      call: (gpu) => ops.slice(numbers(gpu, [3, 2]), 0, 0.5, 2),
      code: "argument",
      message:
        "slice: expected whole bounds (negative from the end, null for an end) and a step that is not 0 on axis 0; got 0.5, 2, 1.",
    },
    {
      op: "slice",
      call: (gpu) => ops.slice(numbers(gpu, [3, 2]), [0, 2]),
      code: "argument",
      message: "slice: position out of range on axis 1. Expected a whole number in [-2, 1]; got 2.",
    },
    {
      op: "pad",
      call: (gpu) => loosely(ops.pad)(numbers(gpu, [3, 2]), [1, 1, 2, 2]),
      code: "argument",
      message: "pad: expected [before, after] for each of the 2 axes of x [3, 2], the first axis first; got [1,1,2,2].",
    },
    {
      op: "pad",
      call: (gpu) => loosely(ops.pad)(numbers(gpu, [3, 2]), 1, { mode: "replicate" }),
      code: "argument",
      message: 'pad: expected mode constant, edge, reflect or wrap; got "replicate".',
    },
    {
      op: "pad",
      call: (gpu) => ops.pad(numbers(gpu, [1]), [[1, 0]], { mode: "reflect" }),
      code: "shape",
      message: "pad: too few entries to reflect. Expected at least 2 along axis 0 of x; got 1.",
    },
  ],
};
