import * as ops from "../../../src/graph/ops/index.ts";
import type { DType, Tensor } from "../../../src/index.ts";
import { each, fold, nd, type Nd, permuted } from "../nd.ts";
import type { Family, Refusal, Row } from "../row.ts";
import { AXES, exact, floats, kept } from "./totals.ts";

// Integers and bools through the ops that floats go through: everything is exact, and wraps around as PyTorch does.

type Whole = "i32" | "u32" | "u8" | "bool";

/** A sum, difference or product as the dtype keeps it. Bools: 0 or 1, whatever came of them. */
const wrap = (dtype: Whole, v: number): number =>
  dtype === "i32" ? v | 0 : dtype === "u32" ? v >>> 0 : dtype === "u8" ? v & 255 : Number(v !== 0);
const domains: { readonly [dtype in Whole]: readonly [number, number] } = {
  i32: [-60_000, 60_000],
  u32: [0, 90_000],
  u8: [0, 255],
  bool: [0, 1],
};
const named = (op: string) => (ops as unknown as Record<string, (...x: unknown[]) => Tensor>)[op]!;
const modulo = (a: number, b: number) => (b === 0 ? 0 : ((a % b) + b) % b);

/** The op, and the exact result before it wraps around. */
const binaries: { readonly [op: string]: (a: number, b: number, dtype: Whole) => number } = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b, dtype) => (dtype === "u32" ? Math.imul(a, b) : a * b === 0 ? 0 : Math.imul(a, b)),
  maximum: (a, b) => Math.max(a, b),
  minimum: (a, b) => Math.min(a, b),
  remainder: modulo,
  floorDivide: (a, b) => (b === 0 ? 0 : Math.floor(a / b)),
};
const comparisons: { readonly [op: string]: (a: number, b: number) => boolean } = {
  less: (a, b) => a < b,
  lessEqual: (a, b) => a <= b,
  greater: (a, b) => a > b,
  greaterEqual: (a, b) => a >= b,
  equal: (a, b) => a === b,
  notEqual: (a, b) => a !== b,
  logicalAnd: (a, b) => a !== 0 && b !== 0,
  logicalOr: (a, b) => a !== 0 || b !== 0,
  logicalXor: (a, b) => (a !== 0) !== (b !== 0),
};
const unaries: { readonly [op: string]: (a: number) => number } = {
  neg: (a) => -a,
  abs: Math.abs,
  sign: Math.sign,
  square: (a) => Math.imul(a, a),
};
const total = (x: Nd, axes?: readonly number[]) => fold(x, axes, 0, (a, b) => a + b);
const mean = (x: Nd, axes?: readonly number[]) => each((v) => v / 7, total(x, axes));

/** Both inputs near each other, so that comparisons go both ways; a 0 among the divisors. */
const pair = (dtype: Whole, low = domains[dtype][0]) =>
  [
    { shape: [3, 7], dtype, domain: [low, domains[dtype][1]] },
    { shape: [7], dtype, values: dtype === "bool" ? [0, 1, 1, 0, 1, 0, 1] : [0, 1, 2, 3, 100, 200, 255] },
  ] as const;

/** Every pair of integers at the limits of the dtype, and beside 0. */
const LIMITS = {
  i32: [-(2 ** 31), 1 - 2 ** 31, -7, -1, 0, 1, 7, 2 ** 31 - 1],
  u32: [0, 1, 7, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1],
} as const;
const limits: readonly Row[] = (["i32", "u32"] as const).flatMap((dtype) => {
  const ends: readonly number[] = LIMITS[dtype];
  return Object.entries({ ...binaries, ...comparisons }).map(([op, f]): Row => ({
    op,
    inputs: [
      { shape: [ends.length, 1], dtype, integers: ends },
      { shape: [ends.length], dtype, integers: ends },
    ],
    run: (a, b) => named(op)(a, b),
    reference: (a, b) => each((p, q) => wrap(dtype, Number(f(p, q, dtype))), a!, b!),
    ...exact,
  }));
});

const elementwise: readonly Row[] = (Object.keys(domains) as Whole[]).flatMap((dtype): Row[] => [
  ...Object.entries(binaries)
    .filter(([op]) => dtype !== "bool" || !["sub", "remainder", "floorDivide"].includes(op))
    .map(([op, f]): Row => ({
      op,
      inputs: pair(dtype),
      run: (a, b) => named(op)(a, b),
      reference: (a, b) => each((p, q) => wrap(dtype, f(p, q, dtype)), a!, b!),
      ...exact,
    })),
  ...Object.entries(comparisons).map(([op, f]): Row => ({
    op,
    inputs: pair(dtype, dtype === "i32" ? -255 : 0),
    run: (a, b) => named(op)(a, b),
    reference: (a, b) => each((p, q) => Number(f(p, q)), a!, b!),
    ...exact,
  })),
  ...Object.entries(unaries)
    .filter(([op]) => dtype !== "bool" || op !== "neg")
    .map(([op, f]): Row => ({
      op,
      inputs: [{ shape: [65], dtype, domain: domains[dtype] }],
      run: (a) => named(op)(a),
      reference: (a) => each((v) => wrap(dtype, f(v)), a!),
      ...exact,
    })),
  {
    op: "div",
    inputs: [pair(dtype)[0], { shape: [7], dtype, values: [1, 1, 1, 1, 1, 1, 1] }],
    run: (a, b) => ops.div(a!, b!),
    reference: (a) => a!,
    ulps: 2.5,
    why: "WGSL division",
  },
  {
    op: "where",
    inputs: [{ shape: [7], dtype, values: [0, 1, 1, 0, 1, 0, 1] }, ...pair(dtype)],
    run: (c, a, b) => ops.where(c!, a!, b!),
    reference: (c, a, b) => each((p, q, r) => (p ? q : r), c!, a!, b!),
    ...exact,
  },
  {
    op: "logicalNot",
    inputs: [pair(dtype)[1]],
    run: (a) => ops.logicalNot(a!),
    reference: (a) => each((v) => Number(v === 0), a!),
    ...exact,
  },
  {
    op: "clamp",
    inputs: [pair(dtype)[1]],
    run: (a) => ops.clamp(a!, 1, 100),
    reference: (a) => each((v) => Math.min(Math.max(v, 1), 100), a!),
    ...exact,
  },
  ...(["f32", "i32", "u32", "u8", "bool"] as const).map((to): Row => ({
    op: "cast",
    inputs: [{ shape: [3, 7], dtype, domain: domains[dtype] }],
    run: (a) => ops.cast(a!, to),
    reference: (a) => each((v) => (to === "f32" ? v : wrap(to, v)), a!),
    ...exact,
  })),
  ...(dtype === "bool"
    ? []
    : [
        {
          op: "pow",
          inputs: [{ shape: [65], dtype, domain: dtype === "i32" ? [-9, 9] : [0, 9] }],
          run: (a) => ops.pow(a!, 5),
          reference: (a) => each((v) => wrap(dtype, v ** 5), a!),
          ...exact,
        } satisfies Row,
      ]),
]);

/** a^b of integers, one product after the other. */
const wholePower = (dtype: "i32" | "u32" | "u8", a: number, b: number): number => {
  if (b < 0) return a === 1 || a === -1 ? a ** Math.abs(b % 2) : 0;
  let y = 1;
  for (let k = 0; k < b; k++) y = wrap(dtype, Math.imul(y, a));
  return y;
};
const powers = (["i32", "u32", "u8"] as const).map((dtype): Row => {
  const bases = {
    i32: [-(2 ** 31), -7, -1, 0, 1, 3, 46341],
    u32: [0, 1, 3, 65536, 2 ** 32 - 1],
    u8: [0, 1, 3, 16, 255],
  };
  const exponents = { i32: [-3, -2, -1, 0, 1, 5, 31, 1000], u32: [0, 1, 2, 5, 32, 1000], u8: [0, 1, 2, 5, 255] };
  return {
    op: "pow",
    inputs: [
      { shape: [bases[dtype].length, 1], dtype, integers: bases[dtype] },
      { shape: [exponents[dtype].length], dtype, integers: exponents[dtype] },
    ],
    run: (a, b) => ops.pow(a!, b!),
    reference: (a, b) => each((p, q) => wholePower(dtype, p, q), a!, b!),
    ...exact,
  };
});
const bytesPooled: Row = {
  op: "maxPool2d",
  inputs: [{ shape: [1, 1, 4, 4], dtype: "u8", integers: [7, 0, 255, 3, 1, 9, 4, 200, 0, 0, 128, 5, 0, 0, 6, 127] }],
  run: (x) => ops.maxPool2d(x as Tensor<"u8">, 2),
  reference: () => nd([1, 1, 2, 2], (_, i) => [9, 255, 0, 128][i]!),
  ...exact,
};

/** The dtype that adds up what `dtype` holds. */
const totals = { i32: "i32", u32: "u32", u8: "u32", bool: "i32" } as const;
const reductions = (Object.keys(domains) as Whole[]).flatMap((dtype): Row[] => {
  const input = { shape: [3, 7, 5], dtype, domain: domains[dtype] } as const;
  const over = (op: string, f: (line: readonly number[]) => number): Row[] =>
    AXES.map((axes) => ({
      op,
      inputs: [input],
      run: (x) => named(op)(x, axes),
      reference: (x) => kept(x!, axes, f),
      ...exact,
    }));
  const to = totals[dtype];
  return [
    ...over("sum", (line) => line.reduce((a, b) => wrap(to, a + b), 0)),
    ...over("prod", (line) => line.reduce((a, b) => wrap(to, Math.imul(a, b)), 1)),
    ...over("max", (line) => Math.max(...line)),
    ...over("min", (line) => Math.min(...line)),
    ...over("any", (line) => Number(line.some((v) => v !== 0))),
    ...over("all", (line) => Number(line.every((v) => v !== 0))),
    ...(["argmax", "argmin"] as const).map((op): Row => ({
      op,
      inputs: [input],
      run: (x) => named(op)(x, 1, { keepDims: true }),
      reference: (x) => {
        const y = kept(x!, [1], (line) => line.indexOf(op === "argmax" ? Math.max(...line) : Math.min(...line)));
        return { shape: [3, 1, 5], data: y.data };
      },
      ...exact,
    })),
    {
      op: "mean",
      inputs: [{ ...input, domain: [0, 1] }],
      run: (x) => ops.mean(x!, 1),
      reference: (x) => mean(x!, [1]),
      ulps: 2.5,
      why: "a whole number, and a division",
    },
    ...[false, true].map((reverse): Row => ({
      op: "cumsum",
      inputs: [input],
      run: (x) => ops.cumsum(x!, 1, { reverse }),
      reference: (x) =>
        nd(x!.shape, ([i, j, k]) => {
          let sum = 0;
          for (let s = reverse ? j! : 0; s <= (reverse ? 6 : j!); s++)
            sum = wrap(to, sum + x!.data[(i! * 7 + s) * 5 + k!]!);
          return sum;
        }),
      ...exact,
    })),
    ...(["values", "indices"] as const).flatMap((what): Row[] => [
      {
        op: "topK",
        inputs: [{ ...input, domain: [0, dtype === "bool" ? 1 : 9] }],
        run: (x) => ops.topK(x!, 3, { axis: 1 })[what],
        reference: (x) =>
          nd([3, 3, 5], ([i, r, k]) => {
            const line = Array.from({ length: 7 }, (_, j) => x!.data[(i! * 7 + j) * 5 + k!]!);
            const order = [...line.keys()].sort((a, b) => line[b]! - line[a]! || a - b);
            return what === "values" ? line[order[r!]!]! : order[r!]!;
          }),
        ...exact,
      },
      {
        op: "sort",
        inputs: [{ ...input, shape: [3, 7], domain: [0, dtype === "bool" ? 1 : 9] }],
        run: (x) => ops.sort(x!)[what],
        reference: (x) =>
          nd([3, 7], ([i, r]) => {
            const line = Array.from(x!.data.slice(i! * 7, i! * 7 + 7));
            const order = [...line.keys()].sort((a, b) => line[a]! - line[b]! || a - b);
            return what === "values" ? line[order[r!]!]! : order[r!]!;
          }),
        ...exact,
      },
    ]),
  ];
});

/** Ops that move elements, on every dtype: the elements themselves arrive. */
const moves: { readonly [op: string]: readonly [run: (x: Tensor) => Tensor, reference: (x: Nd) => Nd] } = {
  concat: [
    (x) => ops.concat([x, x], 0),
    ({ shape, data }) => ({ shape: [6, ...shape.slice(1)], data: Float64Array.of(...data, ...data) }),
  ],
  flip: [(x) => ops.flip(x, 1), (x) => nd(x.shape, ([i, j]) => x.data[i! * 7 + 6 - j!]!)],
  tile: [(x) => ops.tile(x, [1, 2]), (x) => nd([3, 14], ([i, j]) => x.data[i! * 7 + (j! % 7)]!)],
  transpose: [(x) => ops.transpose(x), (x) => permuted(x, [1, 0])],
  slice: [(x) => ops.slice(x, 1, 1, null, 2), (x) => nd([3, 3], ([i, j]) => x.data[i! * 7 + 1 + 2 * j!]!)],
  pad: [
    (x) => ops.pad(x, [[0, 0], [2, 2]], { mode: "reflect" }), // prettier-ignore
    (x) => nd([3, 11], ([i, j]) => x.data[i! * 7 + (j! < 2 ? 2 - j! : j! < 9 ? j! - 2 : 14 - j!)]!),
  ],
  roll: [(x) => ops.roll(x, 2, 1), (x) => nd(x.shape, ([i, j]) => x.data[i! * 7 + ((j! + 5) % 7)]!)],
  gather: [(x) => ops.gather(x, [2, -3]), (x) => nd([2, 7], ([i, j]) => x.data[(i ? 0 : 2) * 7 + j!]!)],
  takeAlongAxis: [
    (x) => ops.takeAlongAxis(x, [[6], [0], [1]], 1),
    (x) => nd([3, 1], ([i]) => x.data[i! * 7 + [6, 0, 1][i!]!]!),
  ],
};
const moved = (Object.keys(domains) as Whole[]).flatMap((dtype) =>
  Object.entries(moves).map(([op, [run, reference]]): Row => ({
    op,
    inputs: [{ shape: [3, 7], dtype: dtype as DType, domain: domains[dtype] }],
    run: (x) => run(x!),
    reference: (x) => reference(x!),
    ...exact,
  })),
);

export const integers: Family = {
  rows: [...floats, ...elementwise, ...limits, ...powers, bytesPooled, ...reductions, ...moved],
  refusals: [
    ...["logicalAnd", "logicalOr", "logicalXor", "logicalNot", "abs", "sign", "square", "cast"].map((op): Refusal => ({
      op,
      call: () => named(op)([1], [1]),
      code: "argument",
      message: `${op.startsWith("logical") ? "cast" : op}: expected a tensor; got an array. Make a tensor of it: gpu.tensor(values).`,
    })),
    {
      op: "argmin",
      call: (gpu) => ops.argmin(gpu.tensor([1, 2]), 0, { keepdim: true } as object),
      code: "argument",
      message: 'argmin: unknown option. Expected only keepDims; got "keepdim".',
    },
    {
      op: "topK",
      call: (gpu) => ops.topK(gpu.tensor([1, 2]), 3),
      code: "argument",
      message: "topK: expected a whole number of elements, at most the 2 along axis 0 of [2]; got 3.",
    },
    {
      op: "add",
      call: (gpu) => ops.add(gpu.tensor([1], { dtype: "i32" }), gpu.tensor([1])),
      code: "argument",
      message: "add: dtypes differ. Expected two tensors of one dtype; got i32 and f32. Use cast().",
    },
    {
      op: "sub",
      call: (gpu) => ops.sub(gpu.tensor([true]), gpu.tensor([true])),
      code: "argument",
      message: "sub: expected at most one bool tensor; got two. Use logicalXor(), or cast() one of them.",
    },
    {
      op: "neg",
      call: (gpu) => ops.neg(gpu.tensor([true])),
      code: "argument",
      message: "neg: expected numbers; got bool. Use logicalNot().",
    },
    {
      op: "pow",
      call: (gpu) => ops.pow(gpu.tensor([1], { dtype: "i32" }), -1),
      code: "argument",
      message: 'pow: expected a whole exponent ≥ 0 for i32; got -1. Use cast(x, "f32").',
    },
    {
      op: "mul",
      call: (gpu) => ops.mul(gpu.tensor([1], { dtype: "i32" }), 0.5),
      code: "argument",
      message: "mul: expected whole numbers that fit i32; got 0.5.",
    },
  ],
};
