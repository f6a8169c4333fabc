import * as ops from "../../../src/graph/ops/index.ts";
import type { Tensor } from "../../../src/index.ts";
import { each, type Nd } from "../nd.ts";
import { type Family, type Input, type Row, SHAPES } from "../row.ts";
import { numbers, wrongDType } from "./arithmetic.ts";

interface Unary {
  readonly f: (a: number) => number;
  readonly ulps: number;
  readonly why: string;
  readonly domain?: Input["domain"];
  /** The scale of the error; the result itself unless said otherwise. */
  readonly scale?: (a: number) => number;
  readonly slope?: boolean;
  readonly twice?: boolean;
  readonly run?: (a: Tensor) => Tensor;
  readonly grid?: Input["grid"];
}

const softplus = (a: number) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));

// The forms are those of shaders/lib/map.wgsl; an operation counts 1 ulp (either neighbour), a division 2.5.
const unaries: { readonly [op: string]: Unary } = {
  exp: {
    f: Math.exp,
    ulps: 4,
    why: "reduction 0.2, degree 6 0.2, the last Horner steps 3; powers of two are exact",
    domain: [-80, 80],
  },
  log: {
    f: Math.log,
    ulps: 8,
    why: "s 3.5, two products, one sum, then a sum that may halve the result",
    domain: [0.1, 20],
  },
  expm1: { f: Math.expm1, ulps: 16, why: "exp's 4 · e^a / |e^a − 1| ≤ 3.4 at |a| = 0.35, and 1", domain: [-4, 4] },
  log1p: { f: Math.log1p, ulps: 12, why: "1 + a rounds: 1.4 / 0.336 · ½ · 2 ulps, and log's 8", domain: [-0.9, 9] },
  abs: { f: Math.abs, ulps: 0, why: "exact", twice: false },
  sign: { f: Math.sign, ulps: 0, why: "exact", slope: false, grid: [0.5, 0] },
  floor: { f: Math.floor, ulps: 0, why: "exact", slope: false, grid: [0.25, 0] },
  sin: { f: Math.sin, ulps: 3, why: "2e-7 absolute and a rounding (lib/map.wgsl)", domain: [-20, 20], scale: () => 1 },
  cos: { f: Math.cos, ulps: 3, why: "2e-7 absolute and a rounding (lib/map.wgsl)", domain: [-20, 20], scale: () => 1 },
  tanh: {
    f: Math.tanh,
    ulps: 16,
    why: "expm1's 10 at −0.35 · 2/(2 + t) ≤ 1.2, one sum, one division",
    domain: [-6, 6],
  },
  sigmoid: { f: (a) => 1 / (1 + Math.exp(-a)), ulps: 8, why: "exp's 4, one sum, one division", domain: [-12, 12] },
  softplus: { f: softplus, ulps: 17, why: "log1p's 12, exp's 4, one sum", domain: [-12, 12] },
  relu: { f: (a) => Math.max(a, 0), ulps: 0, why: "exact", twice: false },
  leakyRelu: {
    f: (a) => (a > 0 ? a : Math.fround(0.1) * a),
    ulps: 1,
    why: "one product",
    twice: false,
    run: (a) => ops.leakyRelu(a, 0.1),
  },
  clamp: {
    f: (a) => Math.min(Math.max(a, -0.5), 1),
    ulps: 0,
    why: "exact",
    twice: false,
    run: (a) => ops.clamp(a, -0.5, 1),
  },
  isFinite: { f: () => 1, ulps: 0, why: "exact", slope: false },
};

const rows: Row[] = Object.entries(unaries).flatMap(
  ([op, { f, ulps, why, domain, scale, slope = true, twice = true, run, grid }]) =>
    SHAPES.map((shape): Row => ({
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

const casts: Row[] = (
  [
    ["f32", "u32", [0, 100]],
    ["f32", "i32", [-100, 100]],
    ["u32", "f32", [0, 100]],
    ["u32", "i32", [0, 100]],
    ["i32", "u32", [0, 100]],
    ["i32", "f32", [-100, 100]],
  ] as const
).map(([from, to, domain]) => ({
  op: "cast",
  inputs: [{ shape: [65], dtype: from, domain, slope: false }],
  run: (a) => ops.cast(a!, to),
  reference: (a) => each(Math.trunc, a!),
  ulps: 0,
  why: "exact, fractions cut off",
}));

export const elementwise: Family = {
  rows: [
    ...rows,
    ...casts,
    {
      op: "detach",
      inputs: [{ shape: [3, 5], slope: false }],
      run: (a) => ops.detach(a!),
      reference: (a) => a!,
      ulps: 0,
      why: "exact",
    },
  ],
  refusals: [
    ...Object.keys(unaries)
      .filter((op) => !["clamp", "abs", "sign"].includes(op))
      .map(wrongDType),
    {
      op: "clamp",
      call: (gpu) => ops.clamp(numbers(gpu, [3]), Number.NaN, 1),
      code: "argument",
      message: "clamp: expected two numbers; got NaN and 1.",
    },
    {
      op: "cast",
      call: (gpu) => ops.cast(numbers(gpu, [3]), "f16" as "f32"),
      code: "argument",
      message: "cast: unknown dtype. Expected f32, i32, u32, u8, bool; got f16.",
    },
    {
      op: "detach",
      call: (gpu) => {
        const x = numbers(gpu, [3]);
        x.dispose();
        return ops.detach(x);
      },
      code: "disposed",
      message: "detach: input [3] is disposed.",
    },
  ],
};
