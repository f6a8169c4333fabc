import * as ops from "../../../src/graph/ops/index.ts";
import type { Nd } from "../nd.ts";
import type { Family, Row } from "../row.ts";
import { numbers } from "./arithmetic.ts";
import { depth } from "./sums.ts";

const SHAPES = [
  [1, 2],
  [3, 10],
  [2, 130],
] as const;

/** f(μ, ℓ, place in the row) for every row and latent dimension of heads [batch, 2·latent]. */
function eachLatent({ shape, data }: Nd, f: (mean: number, logVar: number, at: number) => number): Nd {
  const [batch, double] = shape as [number, number];
  const latent = double / 2;
  const value = (at: number) => {
    const row = Math.floor(at / latent) * double;
    return f(data[row + (at % latent)]!, data[row + latent + (at % latent)]!, at);
  };
  return { shape: [batch, latent], data: Float64Array.from({ length: batch * latent }, (_, at) => value(at)) };
}

function rowSums({ shape, data }: Nd): Nd {
  const [batch, latent] = shape as [number, number];
  const sums = Float64Array.from({ length: batch }, (_, row) =>
    data.subarray(row * latent, (row + 1) * latent).reduce((a, b) => a + b, 0),
  );
  return { shape: [batch], data: sums };
}

const rowsFor = (shape: readonly [number, number]): Row[] => {
  const latent = shape[1] / 2;
  const noise = { shape: [shape[0], latent], slope: false };
  return [
    {
      op: "splitHeads",
      inputs: [{ shape }],
      run: (heads) => ops.splitHeads(heads!).logVar,
      reference: (heads) => eachLatent(heads!, (_, l) => l),
      ulps: 0,
      why: "the same words; log-variances here are within their limits",
    },
    {
      op: "sampleHeads",
      inputs: [{ shape }, noise],
      run: (heads, eps) => ops.sampleHeads(heads!, eps!),
      reference: (heads, eps) => eachLatent(heads!, (m, l, at) => m + Math.exp(l / 2) * eps!.data[at]!),
      scale: (heads, eps) => eachLatent(heads!, (m, l, at) => Math.abs(m) + Math.exp(l / 2) * Math.abs(eps!.data[at]!)),
      ulps: 7,
      why: "exp 4, three operations, on |μ| + e^½ℓ·|ε|",
    },
    {
      op: "klHeads",
      inputs: [{ shape }],
      run: (heads) => ops.klHeads(heads!),
      reference: (heads) => rowSums(eachLatent(heads!, (m, l) => 0.5 * (m * m + Math.expm1(l) - l))),
      scale: (heads) => rowSums(eachLatent(heads!, (m, l) => 0.5 * (m * m + Math.abs(Math.expm1(l)) + Math.abs(l)))),
      ulps: depth(latent) + 16 + 4,
      why: "sum, expm1 16, four operations, on ½ Σ μ² + |e^ℓ − 1| + |ℓ|",
    },
  ];
};

export const heads: Family = {
  rows: SHAPES.flatMap(rowsFor),
  refusals: [
    {
      op: "splitHeads",
      call: (gpu) => ops.splitHeads(numbers(gpu, [3, 5])),
      code: "shape",
      message: "splitHeads: expected heads [batch, 2·latent]; got [3, 5].",
    },
    {
      op: "sampleHeads",
      call: (gpu) => ops.sampleHeads(numbers(gpu, [3, 4]), numbers(gpu, [3, 4])),
      code: "shape",
      message: "sampleHeads: expected noise [3, 2]; got [3, 4].",
    },
    {
      op: "klHeads",
      call: (gpu) => ops.klHeads(numbers(gpu, [4])),
      code: "shape",
      message: "klHeads: expected heads [batch, 2·latent]; got [4].",
    },
  ],
};
