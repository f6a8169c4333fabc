import * as ops from "../../../src/graph/ops/index.ts";
import type { Tensor } from "../../../src/index.ts";
import { each, type Nd } from "../nd.ts";
import { type Family, type Input, type Row, SHAPES } from "../row.ts";
import { numbers, wrongDType } from "./arithmetic.ts";

// The further functions of one or two numbers. Their ends (±0, ±∞, NaN, subnormal numbers) are in special-values.test.ts.

/** The error function by its series, which float64 carries to |a| = 3. */
export function erf(a: number): number {
  let [term, sum] = [a, a];
  for (let n = 1; n < 80; n++) {
    term *= (-a * a) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

export interface Unary {
  readonly f: (a: number) => number;
  readonly ulps: number;
  readonly why: string;
  readonly domain?: Input["domain"];
  readonly scale?: (a: number) => number;
  readonly slope?: boolean;
  readonly twice?: boolean;
  readonly run?: (a: Tensor) => Tensor;
  readonly grid?: Input["grid"];
}

const even = (a: number) => 2 * Math.round(a / 2);
const roundEven = (a: number) => (Math.abs(a % 1) === 0.5 ? even(a) : Math.round(a));

const unaries: readonly (readonly [op: string, Unary])[] = [
  ["log2", { f: Math.log2, ulps: 10, why: "log's 8 and a product", domain: [0.1, 20] }],
  ["round", { f: roundEven, ulps: 0, why: "exact, half to even", slope: false, grid: [0.25, 0] }],
  ["ceil", { f: Math.ceil, ulps: 0, why: "exact", slope: false, grid: [0.25, 0] }],
  ["tan", { f: Math.tan, ulps: 6, why: "sine and cosine 1.5 each, a division of 2.5", domain: [-1.5, 1.5] }],
  ["erf", { f: erf, ulps: 5, why: "a product, Horner's last step; beyond 1 less than an ulp of 1", domain: [-3, 3] }],
  [
    "gelu",
    {
      f: (a) => 0.5 * a * (1 + erf(a / Math.SQRT2)),
      ulps: 6,
      why: "Φ to 4 of 1, a product, on |a|",
      domain: [-4, 4],
      scale: Math.abs,
    },
  ],
  [
    "gelu",
    {
      f: (a) => 0.5 * a * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (a + 0.044715 * a ** 3))),
      ulps: 12,
      why: "sigmoid's 8 of an argument of 3 roundings, a product, on |a|",
      domain: [-4, 4],
      scale: Math.abs,
      run: (a) => ops.gelu(a, { approximate: "tanh" }),
    },
  ],
  ["silu", { f: (a) => a / (1 + Math.exp(-a)), ulps: 9, why: "sigmoid's 8, a product", domain: [-12, 12] }],
  [
    "elu",
    {
      f: (a) => (a > 0 ? a : 0.5 * Math.expm1(a)),
      ulps: 17,
      why: "expm1's 16, a product",
      domain: [-4, 4],
      run: (a) => ops.elu(a, 0.5),
    },
  ],
  ["clamp", { f: () => 1, ulps: 0, why: "exact", run: (a) => ops.clamp(a, 2, 1) }],
  ["isNaN", { f: () => 0, ulps: 0, why: "exact", slope: false }],
];

/** Rows of functions of one number, on shapes of all kinds. */
export const unaryRows = (list: readonly (readonly [op: string, Unary])[]): Row[] =>
  list.flatMap(([op, { f, ulps, why, domain, scale, slope = true, twice = true, run, grid }]) =>
    SHAPES.filter((_, k) => k % 2 === 1).map((shape): Row => ({
      op,
      inputs: [{ shape, slope, ...(domain ? { domain } : {}), ...(grid ? { grid } : {}) }],
      run: (a) => (run ?? (ops as unknown as Record<string, (x: Tensor) => Tensor>)[op]!)(a!),
      reference: (a) => each(f, a!),
      ulps,
      why,
      twice,
      ...(scale ? { scale: (a: Nd) => each(scale, a) } : {}),
    })),
  );

const remainderOf = (a: number, b: number) => {
  const y = a % b;
  return y !== 0 && y < 0 !== b < 0 ? y + b : y;
};
const PAIRS = [
  [
    [3, 5],
    [3, 5],
  ],
  [[65], [2, 65]],
  [[7], []],
] as const;

const twos: Row[] = PAIRS.flatMap(([left, right]): Row[] => [
  {
    op: "remainder",
    // away from the jumps, where a quotient is whole
    inputs: [
      { shape: left, grid: [0.5, 0.125] },
      { shape: right, grid: [1, 0.75] },
    ],
    run: (a, b) => ops.remainder(a!, b!),
    reference: (a, b) => each(remainderOf, a!, b!),
    ulps: 1,
    why: "exact, then one sum",
    twice: false,
  },
  {
    op: "remainder",
    inputs: [
      { shape: left, domain: [-1e9, 1e9], slope: false },
      { shape: right, domain: [0.1, 9], slope: false },
    ],
    run: (a, b) => ops.remainder(a!, b!),
    reference: (a, b) => each(remainderOf, a!, b!),
    scale: (_, b) => each((_q, p) => p, remainderScale(left, right), b!),
    ulps: 1,
    why: "exact however long the quotient, then one sum of at most b",
  },
  {
    op: "atan2",
    inputs: [{ shape: left }, { shape: right, domain: [0.3, 2] }],
    run: (a, b) => ops.atan2(a!, b!),
    reference: (a, b) => each(Math.atan2, a!, b!),
    ulps: 5,
    why: "a division of 2.5, Horner's last step, a sum",
  },
]);

/** Zeros of the shape that both broadcast to. */
function remainderScale(left: readonly number[], right: readonly number[]): Nd {
  const zeros = (shape: readonly number[]): Nd => ({
    shape,
    data: new Float64Array(shape.reduce((a, b) => a * b, 1)),
  });
  return each((a, b) => a + b, zeros(left), zeros(right));
}

const float = (op: string) => wrongDType(op);

export const functions: Family = {
  rows: [...unaryRows(unaries), ...twos],
  refusals: [
    ...["log2", "round", "ceil", "tan", "erf", "elu", "isNaN"].map(float),
    {
      op: "silu",
      call: (gpu) => ops.silu(numbers(gpu, [3], "u32")),
      code: "argument",
      message: "silu: expected an f32 tensor; got u32. Use cast().",
    },
    {
      op: "gelu",
      call: (gpu) => ops.gelu(numbers(gpu, [3]), { approximate: "fast" as "tanh" }),
      code: "argument",
      message: 'gelu: unknown approximation. Expected "none" or "tanh"; got fast.',
    },
    ...Object.entries({ remainder: ops.remainder, atan2: ops.atan2 }).map(([op, run]) => ({
      op,
      call: (gpu: Parameters<typeof numbers>[0]) => run(numbers(gpu, [3, 2]), numbers(gpu, [3])),
      code: "shape" as const,
      message: `${op}: shapes do not broadcast. Expected sizes that are equal or 1, aligned from the right; got [3, 2] and [3].`,
    })),
  ],
};
