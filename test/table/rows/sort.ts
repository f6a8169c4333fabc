import * as ops from "../../../src/graph/ops/index.ts";
import { each, type Nd } from "../nd.ts";
import type { Family, Row } from "../row.ts";
import { numbers } from "./arithmetic.ts";

const exact = { ulps: 0, why: "exact" } as const;

/** x in order along an axis, and the places that its elements came from. */
function sorted({ shape, data }: Nd, axis: number, descending = false): { values: Nd; indices: Nd } {
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const extent = shape[axis]!;
  const values = new Float64Array(data.length);
  const indices = new Float64Array(data.length);
  for (const i of data.keys()) {
    if (Math.floor(i / inner) % extent !== 0) continue;
    const at = (r: number) => data[i + r * inner]!;
    const order = [...Array(extent).keys()].sort((a, b) => (descending ? at(b) - at(a) : at(a) - at(b)));
    for (const [r, place] of order.entries()) {
      values[i + r * inner] = at(place);
      indices[i + r * inner] = place;
    }
  }
  return { values: { shape, data: values }, indices: { shape, data: indices } };
}

/** One element, short, odd and long lines; as many as a workgroup holds, and one more; in the middle and at the end. */
const SHAPES = [
  [[1], 0],
  [[3, 5], 0],
  [[3, 5], 1],
  [[2, 3, 5, 7], 2],
  [[65, 8], 1],
  [[2, 64], 1],
  [[2, 130, 3], 1],
  [[1024], 0],
  [[1025], 0],
  [[2, 3001], 1],
] as const;

/** Numbers so far apart that no step of a difference quotient changes their order. */
const apart = (shape: readonly number[]): number[] => {
  const size = shape.reduce((a, b) => a * b, 1);
  return Array.from({ length: size }, (_, i) => (((i * 7919) % size) * 4) / size - 2);
};

const sorts: Row[] = SHAPES.flatMap(([shape, axis]): Row[] => [
  {
    op: "sort",
    inputs: [{ shape, values: apart(shape) }],
    run: (x) => ops.sort(x!, { axis }).values,
    reference: (x) => sorted(x!, axis).values,
    ...exact,
  },
  {
    op: "sort",
    inputs: [{ shape, grid: [0.25, 0], slope: false }],
    run: (x) => ops.sort(x!, { axis: axis - shape.length, descending: true }).indices,
    reference: (x) => sorted(x!, axis, true).indices,
    ...exact,
  },
]);

const others: Row[] = [
  {
    // the gradient of the gradient goes through the order, too
    op: "sort",
    inputs: [{ shape: [4, 9], values: apart([4, 9]) }],
    run: (x) => ops.square(ops.sort(ops.exp(x!), { descending: true }).values),
    reference: (x) => {
      const powers = each(Math.exp, x!);
      return each((v) => v * v, sorted(powers, 1, true).values);
    },
    ulps: 20,
    why: "exp allows 3 + 2|x|, |x| ≤ 2, twice, and a rounding",
  },
  ...(["i32", "u32"] as const).map((dtype): Row => ({
    op: "sort",
    inputs: [{ shape: [3, 33], dtype, domain: [dtype === "i32" ? -20 : 0, 20] }],
    run: (x) => ops.sort(x!).values,
    reference: (x) => sorted(x!, 1).values,
    ...exact,
  })),
];

export const sorting: Family = {
  rows: [...sorts, ...others],
  refusals: [
    {
      op: "sort",
      call: (gpu) => ops.sort(numbers(gpu, [])),
      code: "argument",
      message: "sort: expected a tensor with at least one axis; got [].",
    },
    {
      op: "sort",
      call: (gpu) => ops.sort(numbers(gpu, [2, 3]), { axis: 2 }),
      code: "argument",
      message: "sort: axis out of range. Expected an integer in [-2, 1]; got 2.",
    },
  ],
};
