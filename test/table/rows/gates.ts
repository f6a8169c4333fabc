import * as ops from "../../../src/graph/ops/index.ts";
import type { Tensor } from "../../../src/index.ts";
import type { Family, Refusal } from "../row.ts";
import { numbers } from "./arithmetic.ts";
import { type Unary, unaryRows } from "./functions.ts";

// Inverses of the angles' functions, hyperbolic functions and activations, all made of other ops.

const softplus = (a: number) => Math.log1p(Math.exp(a));
const hardSigmoid = (a: number) => Math.min(Math.max(a / 6 + 0.5, 0), 1);
const one = () => 1;

const unaries: readonly (readonly [op: string, Unary])[] = [
  ["asin", { f: Math.asin, ulps: 10, why: "a root of 3 roundings, atan2's 5", domain: [-0.9, 0.9] }],
  ["acos", { f: Math.acos, ulps: 10, why: "a root of 3 roundings, atan2's 5", domain: [-0.9, 0.9] }],
  ["atan", { f: Math.atan, ulps: 5, why: "atan2's 5", domain: [-9, 9] }],
  ["sinh", { f: Math.sinh, ulps: 24, why: "expm1's 16, exp's 4, four roundings", domain: [-9, 9] }],
  ["cosh", { f: Math.cosh, ulps: 12, why: "exp's 4 twice, four roundings", domain: [-9, 9] }],
  ["asinh", { f: Math.asinh, ulps: 24, why: "log1p's 12, a root, a division, sums", domain: [-99, 99] }],
  [
    "acosh",
    { f: Math.acosh, ulps: 24, why: "log1p's 12, a root of 3 roundings, sums", domain: [1.05, 99], twice: false },
  ],
  ["atanh", { f: Math.atanh, ulps: 14, why: "log1p's 12 and a sum of one sign", domain: [-0.9, 0.9] }],
  [
    "hardSigmoid",
    // away from the corners
    {
      f: hardSigmoid,
      ulps: 4,
      why: "a sum, a division",
      domain: [-5, 5],
      grid: [0.5, 0.125],
      scale: one,
      twice: false,
    },
  ],
  [
    "hardSwish",
    {
      f: (a) => a * hardSigmoid(a),
      ulps: 5,
      why: "hardSigmoid's 4, a product, on |a|",
      domain: [-5, 5],
      grid: [0.5, 0.125],
      scale: Math.abs,
    },
  ],
  ["mish", { f: (a) => a * Math.tanh(softplus(a)), ulps: 34, why: "softplus's 17, tanh's 16", domain: [-6, 9] }],
  [
    "celu",
    {
      f: (a) => (a > 0 ? a : 0.5 * Math.expm1(a / 0.5)),
      ulps: 19,
      why: "a division, expm1's 16",
      domain: [-4, 4],
      run: (a: Tensor) => ops.celu(a, 0.5),
    },
  ],
  [
    "selu",
    {
      f: (a) => 1.0507009873554805 * (a > 0 ? a : 1.6732632423543772 * Math.expm1(a)),
      ulps: 18,
      why: "expm1's 16, a product",
      domain: [-4, 4],
    },
  ],
  ["softsign", { f: (a) => a / (1 + Math.abs(a)), ulps: 4, why: "a sum, a division", domain: [-9, 9] }],
  ["logSigmoid", { f: (a) => -softplus(-a), ulps: 17, why: "softplus's 17", domain: [-12, 12] }],
  ["trunc", { f: Math.trunc, ulps: 0, why: "exact", slope: false, grid: [0.25, 0] }],
  ["isInf", { f: () => 0, ulps: 0, why: "exact", slope: false }],
];

const refused = unaries.map(([op]): Refusal => ({
  op,
  call: (gpu) => (ops as unknown as Record<string, (a: Tensor) => Tensor>)[op]!(numbers(gpu, [3], "u32")),
  code: "argument",
  message: `${op}: expected an f32 tensor; got u32. Use cast().`,
}));

export const gates: Family = {
  rows: unaryRows(unaries),
  refusals: [
    ...refused,
    {
      op: "celu",
      call: (gpu) => ops.celu(numbers(gpu, [3]), 0),
      code: "argument",
      message: "celu: expected alpha > 0; got 0.",
    },
  ],
};
