import * as ops from "../../../src/graph/ops/index.ts";
import type { Gpu, Tensor } from "../../../src/index.ts";
import { each } from "../nd.ts";
import { type Family, type Input, type Refusal, type Row, SHAPES } from "../row.ts";

/** Pairs that broadcast: neither, the left, the right, both, a scalar, a middle axis. */
const PAIRS = [
  [[3, 5], [5]],
  [[65], [2, 65]],
  [
    [4, 1, 3],
    [2, 1],
  ],
  [
    [2, 3, 5, 7],
    [3, 1, 7],
  ],
  [[1], [1030]],
  [[7], []],
] as const;

interface Binary {
  readonly f: (a: number, b: number) => number;
  readonly ulps: number;
  readonly why: string;
  readonly domains?: readonly [Input["domain"], Input["domain"]];
  readonly slope?: boolean;
  readonly twice?: boolean;
  /** What the second input is shifted by from the grid of the first: 0 gives ties, ⅛ avoids them. */
  readonly shift?: number;
}

const binaries: { readonly [op: string]: Binary } = {
  add: { f: (a, b) => a + b, ulps: 1, why: "one operation, either neighbour" },
  sub: { f: (a, b) => a - b, ulps: 1, why: "one operation, either neighbour" },
  mul: { f: (a, b) => a * b, ulps: 1, why: "one operation, either neighbour" },
  div: {
    f: (a, b) => a / b,
    ulps: 2.5,
    why: "WGSL division",
    domains: [
      [-2, 2],
      [0.3, 2],
    ],
  },
  remainder: {
    f: (a, b) => a - b * Math.floor(a / b),
    ulps: 0.5,
    why: "exact but for the addition that turns its sign",
    // away from the jumps
    domains: [
      [0.1, 0.4],
      [0.5, 2],
    ],
    twice: false,
  },
  floorDivide: {
    f: (a, b) => Math.floor(a / b),
    ulps: 0,
    why: "exact",
    domains: [
      [-9, 9],
      [0.3, 2],
    ],
    slope: false,
  },
  maximum: { f: Math.max, ulps: 0, why: "exact", shift: 1 / 8, twice: false },
  minimum: { f: Math.min, ulps: 0, why: "exact", shift: 1 / 8, twice: false },
  less: { f: (a, b) => Number(a < b), ulps: 0, why: "exact", slope: false, shift: 0 },
  lessEqual: { f: (a, b) => Number(a <= b), ulps: 0, why: "exact", slope: false, shift: 0 },
  greater: { f: (a, b) => Number(a > b), ulps: 0, why: "exact", slope: false, shift: 0 },
  greaterEqual: { f: (a, b) => Number(a >= b), ulps: 0, why: "exact", slope: false, shift: 0 },
  equal: { f: (a, b) => Number(a === b), ulps: 0, why: "exact", slope: false, shift: 0 },
  notEqual: { f: (a, b) => Number(a !== b), ulps: 0, why: "exact", slope: false, shift: 0 },
};

type TwoInputs = (a: Tensor, b: Tensor) => Tensor;
const named = (op: string): TwoInputs => (ops as unknown as Record<string, TwoInputs>)[op]!;

function binaryRows(op: string, { f, ulps, why, domains, slope = true, twice = true, shift }: Binary): Row[] {
  const fn = named(op);
  // the planner broadcasts for all of them alike, so the others take every second of add's and sub's rows
  const every = [...SHAPES.map((s) => [s, s] as const), ...PAIRS, ...PAIRS.map(([a, b]) => [b, a] as const)];
  const pairs = ["add", "sub"].includes(op) ? every : every.filter((_, k) => k % 2 === 1);
  return pairs.map((shapes) => ({
    op,
    inputs: shapes.map((shape, k): Input => ({
      shape,
      slope,
      ...(domains ? { domain: domains[k]! } : {}),
      ...(shift === undefined ? {} : { grid: [0.25, k * shift] as const }),
    })),
    run: (a, b) => fn(a!, b!),
    reference: (a, b) => each(f, a!, b!),
    ulps,
    why,
    twice,
  }));
}

const whole = (op: "add" | "mul", dtype: "u32" | "i32"): Row => ({
  op,
  inputs: [
    { shape: [3, 5], dtype, domain: [dtype === "u32" ? 0 : -9, 9] },
    { shape: [5], dtype, domain: [0, 9] },
  ],
  run: (a, b) => named(op)(a!, b!),
  reference: (a, b) => each((p, q) => (op === "add" ? p + q : p * q), a!, b!),
  ulps: 0,
  why: "exact",
});

const power = (
  name: string,
  b: number,
  f: (a: number) => number,
  ulps: number,
  why: string,
  domain: Input["domain"],
): Row => ({
  op: "pow",
  inputs: [{ shape: [3, 5], domain: domain! }],
  run: (a) => ops.pow(a!, b),
  reference: (a) => each(f, a!),
  ulps,
  why: `${name}: ${why}`,
});

const rows: Row[] = [
  ...Object.entries(binaries).flatMap(([op, binary]) => binaryRows(op, binary)),
  whole("add", "u32"),
  whole("add", "i32"),
  whole("mul", "u32"),
  whole("mul", "i32"),
  ...(["less", "equal"] as const).map((op): Row => ({
    op,
    inputs: [
      { shape: [65], dtype: "u32", domain: [0, 3] },
      { shape: [65], dtype: "u32", domain: [0, 3] },
    ],
    run: (a, b) => named(op)(a!, b!),
    reference: (a, b) => each((p, q) => Number(op === "less" ? p < q : p === q), a!, b!),
    ulps: 0,
    why: "exact",
  })),
  {
    op: "compare",
    inputs: [
      { shape: [65], slope: false },
      { shape: [65], slope: false },
    ],
    run: (a, b) => ops.compare(a!, "<=", b!),
    reference: (a, b) => each((p, q) => Number(p <= q), a!, b!),
    ulps: 0,
    why: "exact",
  },
  ...SHAPES.map((shape): Row => ({
    op: "neg",
    inputs: [{ shape }],
    run: (a) => ops.neg(a!),
    reference: (a) => each((v) => -v, a!),
    ulps: 0,
    why: "exact",
  })),
  ...SHAPES.map((shape): Row => ({
    op: "square",
    inputs: [{ shape }],
    run: (a) => ops.square(a!),
    reference: (a) => each((v) => v * v, a!),
    ulps: 1,
    why: "one multiplication",
  })),
  ...SHAPES.map((shape): Row => ({
    op: "sqrt",
    inputs: [{ shape, domain: [0.1, 9] }],
    run: (a) => ops.sqrt(a!),
    reference: (a) => each(Math.sqrt, a!),
    ulps: 5,
    why: "WGSL: 1 / inverseSqrt, 2 ulps and a division of 2.5",
  })),
  ...[
    [
      [3, 5],
      [3, 5],
      [3, 5],
    ],
    [[5], [3, 1], []],
    [
      [4, 1, 3],
      [2, 1],
      [4, 2, 3],
    ],
    [[1030], [1], [1030]],
  ].map((shapes): Row => ({
    op: "where",
    inputs: shapes.map((shape, k): Input =>
      k === 0 ? { shape, values: Array.from({ length: 2000 }, (_, i) => i % 2), slope: false } : { shape },
    ),
    run: (c, a, b) => ops.where(c!, a!, b!),
    reference: (c, a, b) => each((p, x, y) => (p !== 0 ? x : y), c!, a!, b!),
    ulps: 0,
    why: "exact",
  })),
  // |b · log a| ≤ 2 · 2.3, and an error of 8 ulps in the logarithm and 1 in the product grows by it; then exp's 4
  ...[
    [
      [3, 5],
      [3, 5],
    ],
    [[65], [1]],
    [
      [2, 3, 5],
      [3, 1],
    ],
    [[5], [3, 5]],
    [[1030], [1030]],
  ].map((shapes): Row => ({
    op: "pow",
    inputs: [{ shape: shapes[0]!, domain: [0.1, 3] }, { shape: shapes[1]! }],
    run: (a, b) => ops.pow(a!, b!),
    reference: (a, b) => each((p, q) => p ** q, a!, b!),
    ulps: 4,
    why: "log₂ and its product with b in twice the digits; the last Horner steps 3",
  })),
  power("b = 1", 1, (a) => a, 0, "itself", [-2, 2]),
  power("b = 2", 2, (a) => a * a, 1, "one multiplication", [-2, 2]),
  power("b = 3", 3, (a) => a ** 3, 2, "two multiplications", [-2, 2]),
  power("b = −1", -1, (a) => 1 / a, 2.5, "a division", [0.3, 2]),
  power("b = ½", 0.5, Math.sqrt, 5, "square root", [0.1, 9]),
  power("b = 4", 4, (a) => a ** 4, 3, "two squares", [-2, -0.5]),
  power("b = 9", 9, (a) => a ** 9, 1.5, "multiplication in twice the digits", [-2, 2]),
  power("b = −3", -3, (a) => a ** -3, 1.5, "multiplication in twice the digits", [0.3, 2]),
  power("b = −1.5", -1.5, (a) => a ** -1.5, 9, "a root of 5, a division of 2.5, a product", [0.3, 4]),
  power("b = 0.3", 0.3, (a) => a ** 0.3, 4, "log₂ in twice the digits", [0.3, 4]),
];

const numbers = (gpu: Gpu, shape: readonly number[], dtype: "f32" | "u32" = "f32") =>
  gpu.tensor(new (dtype === "f32" ? Float32Array : Uint32Array)(shape.reduce((a, b) => a * b, 1)), shape);

const mismatched = (op: string): Refusal => ({
  op,
  call: (gpu) => named(op)(numbers(gpu, [3, 2]), numbers(gpu, [3])),
  code: "shape",
  message: `${op}: shapes do not broadcast. Expected sizes that are equal or 1, aligned from the right; got [3, 2] and [3].`,
});

const wrongDType = (op: string): Refusal => ({
  op,
  call: (gpu) => (ops as unknown as Record<string, (a: Tensor) => Tensor>)[op]!(numbers(gpu, [3], "u32")),
  code: "argument",
  message: `${op}: input 0 has the wrong dtype. Expected f32; got u32. Use cast().`,
});

const refusals: Refusal[] = [
  ...Object.keys(binaries).map(mismatched),
  ...["sqrt"].map(wrongDType),
  {
    op: "add",
    call: (gpu) => ops.add(numbers(gpu, [3]), numbers(gpu, [3], "u32")),
    code: "argument",
    message: "add: dtypes differ. Expected two tensors of one dtype; got f32 and u32. Use cast().",
  },
  {
    op: "add",
    call: (gpu) => ops.add(gpu.tensor(new Uint8Array(4)), 300),
    code: "argument",
    message: "add: expected whole numbers that fit u8; got 300.",
  },
  {
    op: "sqrt",
    call: (gpu) => ops.sqrt(gpu.tensor(new Uint8Array(4))),
    code: "argument",
    message: "sqrt: input 0 has the wrong dtype. Expected f32; got u8. Use bytes().",
  },
  ...[0.9, -1, 2 ** 32, Number.NaN].flatMap((b) =>
    Object.entries({ add: ops.add, mul: ops.mul, less: ops.less, equal: ops.equal }).map(([op, fn]): Refusal => ({
      op,
      call: (gpu) => fn(numbers(gpu, [3], "u32"), b),
      code: "argument",
      message: `${op}: expected whole numbers that fit u32; got ${b}.`,
    })),
  ),
  {
    op: "mul",
    call: (gpu) => ops.mul(2 ** 31, gpu.tensor(new Int32Array(3))),
    code: "argument",
    message: "mul: expected whole numbers that fit i32; got 2147483648.",
  },
  {
    op: "add",
    call: () => ops.add(1, 2),
    code: "argument",
    message: "add: expected at least one tensor; got two numbers.",
  },
  {
    op: "compare",
    call: (gpu) => ops.compare(numbers(gpu, [3]), "=" as "==", 1),
    code: "argument",
    message: "compare: unknown relation. Expected one of < <= > >= == !=; got =.",
  },
  {
    op: "where",
    call: (gpu) => ops.where(numbers(gpu, [3]), numbers(gpu, [2]), 0),
    code: "shape",
    message:
      "where: shapes do not broadcast. Expected sizes that are equal or 1, aligned from the right; got [3] and [2] and [].",
  },
  {
    op: "pow",
    call: (gpu) => ops.pow(numbers(gpu, [3, 2]), numbers(gpu, [3])),
    code: "shape",
    message:
      "pow: shapes do not broadcast. Expected sizes that are equal or 1, aligned from the right; got [3, 2] and [3].",
  },
];

export const arithmetic: Family = { rows, refusals };
export { numbers, wrongDType };
