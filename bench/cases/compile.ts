// What the first use of a kernel costs.
//
//   compile    inputs x [rows·most], row [most], both of ones; settings rows, most, exponent
//              step k    output the mean of (x + row)^exponent over [rows, 4k], planned and compiled anew: 4k stands in the text

import type { Case, Input } from "../workload.ts";

const ones = (n: number): Input => ({ shape: [n], values: new Float32Array(n).fill(1) });

const mean = (rows: number, most: number, exponent: number): Case => ({
  workload: "compile",
  size: `mean of x^${exponent}, new each time`,
  settings: { rows, most, exponent },
  inputs: () => ({ x: ones(rows * most), row: ones(most) }),
  flops: 0,
  bytes: 0,
  gate: { limit: 1e-5, error: (_inputs, [[y]]) => Math.abs(y![0]! / 2 ** exponent - 1) },
});

export const compilations = (): Case[] => [mean(8, 8192, 2.5)];
