// em: one iteration of EM for a mixture of Gaussians with diagonal covariances.
//
// Inputs x [n, d], weights [k], means [k, d], variances [k, d]; outputs the next weights, means and variances.
// Each step starts from the inputs again.

import { filled, normals, uniform } from "../random.ts";
import type { Case, Inputs } from "../workload.ts";
import { sampled } from "./sampled.ts";

interface Parameters {
  weights: Float64Array;
  means: Float64Array;
  variances: Float64Array;
}

function iteration({ x, weights, means, variances }: Inputs, n: number, d: number, k: number): Parameters {
  const totals = new Float64Array(k);
  const first = new Float64Array(k * d);
  const second = new Float64Array(k * d);
  const logs = new Float64Array(k);
  for (let row = 0; row < n; row++) {
    for (let c = 0; c < k; c++) {
      logs[c] = Math.log(weights!.values[c]!);
      for (let j = 0; j < d; j++) {
        const v = variances!.values[c * d + j]!;
        logs[c]! -= ((x!.values[row * d + j]! - means!.values[c * d + j]!) ** 2 / v + Math.log(2 * Math.PI * v)) / 2;
      }
    }
    const largest = logs.reduce((a, b) => Math.max(a, b));
    const all = logs.reduce((sum, value) => sum + Math.exp(value - largest), 0);
    for (let c = 0; c < k; c++) {
      const share = Math.exp(logs[c]! - largest) / all;
      totals[c]! += share;
      for (let j = 0; j < d; j++) {
        const difference = x!.values[row * d + j]! - means!.values[c * d + j]!;
        first[c * d + j]! += share * difference;
        second[c * d + j]! += share * difference * difference;
      }
    }
  }
  return {
    weights: totals.map((total) => total / n),
    means: first.map((sum, at) => means!.values[at]! + sum / totals[Math.floor(at / d)]!),
    variances: second.map((sum, at) => {
      const total = totals[Math.floor(at / d)]!;
      return sum / total - (first[at]! / total) ** 2;
    }),
  };
}

function em(n: number, d: number, k: number): Case {
  return {
    workload: "em",
    size: `${n}×${d}, ${k} components, diagonal`,
    settings: { n, d, k },
    inputs: () => {
      const draw = normals(18);
      const means = uniform([k, d], 19, -2, 2);
      return {
        x: filled([n, d], (at) => draw() + means.values[(Math.floor(at / d) % k) * d + (at % d)]!),
        weights: filled([k], () => 1 / k),
        means: { shape: [k, d], values: means.values.map((value) => value + 0.3) },
        variances: filled([k, d], () => 1.5),
      };
    },
    flops: 8 * n * d * k, // (x − m)²·r twice: two products of n×d×k, and their squares
    bytes: 4 * n * d,
    gate: {
      limit: 1e-4,
      error: (inputs, [[weights, means, variances]]) => {
        const expected = iteration(inputs, n, d, k);
        const worst = (found: Float32Array, values: Float64Array) =>
          sampled(found, values.length, (at) => ({ value: values[at]!, size: 1 }));
        return Math.max(
          worst(weights!, expected.weights),
          worst(means!, expected.means),
          worst(variances!, expected.variances),
        );
      },
    },
  };
}

export const mixtures = (software: boolean): Case[] => [em(software ? 4096 : 60000, 64, 16)];
