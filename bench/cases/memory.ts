// Workloads that memory bounds.
//
//   map       inputs x [rows, columns], scale [columns], shift [columns]    output sigmoid(x·scale + shift)
//   sum       input x [rows, columns]; axis 0, 1, or −1 for all             output the sums
//   softmax   input x [rows, columns]                                       output softmax of each row
//   sort      input x [rows, columns]                                       output each row in ascending order
//   normal    setting count; no input                                       output standard normal numbers, new ones each step
//   kl        inputs mean, logVar [rows, columns]                           output ½ Σ (mean² + e^logVar − 1 − logVar), one number
//   adam      inputs p, g [count], settings of the optimiser                output p after the step; p, both moments and t carry over from 0

import { normal as gaussian, uniform } from "../random.ts";
import type { Case, Input, Inputs } from "../workload.ts";
import { sampled } from "./sampled.ts";

const ulp = 2 ** -24;

function map(rows: number, columns: number): Case {
  const count = rows * columns;
  return {
    workload: "map",
    size: `sigmoid(${rows}×${columns}·scale + shift)`,
    settings: { rows, columns },
    inputs: () => ({
      x: uniform([rows, columns], 5, -4, 4),
      scale: uniform([columns], 6, 0.5, 1.5),
      shift: uniform([columns], 7),
    }),
    flops: 0,
    bytes: 4 * (2 * count + 2 * columns),
    gate: {
      limit: 1e-5,
      error: ({ x, scale, shift }, [[y]]) =>
        sampled(y!, count, (at) => {
          const column = at % columns;
          const value = 1 / (1 + Math.exp(-(x!.values[at]! * scale!.values[column]! + shift!.values[column]!)));
          return { value, size: value };
        }),
    },
  };
}

const AXES = { 0: "of columns", 1: "of rows", [-1]: "of all" };

function sum(rows: number, columns: number, axis: 0 | 1 | -1): Case {
  const [outputs, terms] = axis === 0 ? [columns, rows] : axis === 1 ? [rows, columns] : [1, rows * columns];
  return {
    workload: "sum",
    size: `${AXES[axis]}, ${rows}×${columns}`,
    settings: { rows, columns, axis },
    inputs: () => ({ x: uniform([rows, columns], 8) }),
    flops: 0,
    bytes: 4 * (rows * columns + outputs),
    gate: {
      limit: (terms + 1) * ulp,
      error: ({ x }, [[y]]) =>
        sampled(y!, outputs, (at) => {
          let value = 0;
          let size = 0;
          for (let i = 0; i < terms; i++) {
            const term = x!.values[axis === 0 ? i * columns + at : at * terms + i]!;
            value += term;
            size += Math.abs(term);
          }
          return { value, size };
        }),
    },
  };
}

function softmax(rows: number, columns: number): Case {
  const expected = (x: Input, row: number): number[] => {
    const values = [...x.values.subarray(row * columns, (row + 1) * columns)];
    const largest = values.reduce((a, b) => Math.max(a, b));
    const powers = values.map((value) => Math.exp(value - largest));
    const total = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / total);
  };
  return {
    workload: "softmax",
    size: `${rows}×${columns}`,
    settings: { rows, columns },
    inputs: () => ({ x: uniform([rows, columns], 9, -8, 8) }),
    flops: 0,
    bytes: 8 * rows * columns,
    gate: {
      limit: 5e-5,
      error: ({ x }, [[y]]) => {
        let [known, row] = [-1, [] as number[]];
        return sampled(y!, rows * columns, (at) => {
          const wanted = Math.floor(at / columns);
          if (wanted !== known) [known, row] = [wanted, expected(x!, wanted)];
          const value = row[at % columns]!;
          return { value, size: value };
        });
      },
    },
  };
}

function sort(rows: number, columns: number): Case {
  return {
    workload: "sort",
    size: rows === 1 ? `2^${Math.log2(columns)}` : `${rows}×${columns}`,
    settings: { rows, columns },
    inputs: () => ({ x: uniform([rows, columns], 29, -8, 8) }),
    flops: 0,
    bytes: 8 * rows * columns,
    gate: {
      limit: 0,
      // elements that are not what they should be; NaN where some are missing
      error({ x }, [[y]]) {
        if (y!.length !== rows * columns) return NaN;
        const wanted = Float32Array.from(x!.values);
        for (let row = 0; row < rows; row++) wanted.subarray(row * columns, (row + 1) * columns).sort();
        return wanted.reduce((wrong, value, i) => wrong + Number(y![i] !== value), 0);
      },
    },
  };
}

/** Distance of the empirical distribution function from the normal one, times √n (Kolmogorov–Smirnov). */
export function kolmogorov(values: Float32Array): number {
  const sorted = Float32Array.from(values).sort();
  let worst = 0;
  for (const [i, value] of sorted.entries()) {
    const p = normalBelow(value);
    worst = Math.max(worst, Math.abs(p - i / sorted.length), Math.abs(p - (i + 1) / sorted.length));
  }
  return worst * Math.sqrt(sorted.length);
}

/** Φ(x), Abramowitz & Stegun 26.2.17: within 7.5e-8. */
function normalBelow(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x > 0 ? 1 - tail : tail;
}

function normal(count: number): Case {
  return {
    workload: "normal",
    size: `2^${Math.log2(count)}`,
    settings: { count },
    inputs: () => ({}),
    flops: 0,
    bytes: 4 * count,
    gate: {
      steps: 2,
      // √n times the distance passes 2.4 once in 50,000 sets of true normals; equal sets in both steps are no new numbers
      limit: 2.4,
      error: (_, [[first], second]) =>
        first!.length !== count || first!.every((value, i) => value === second![0]![i])
          ? NaN
          : Math.max(kolmogorov(first!), kolmogorov(second![0]!)),
    },
  };
}

function kl(rows: number, columns: number): Case {
  return {
    workload: "kl",
    size: `${rows}×${columns}`,
    settings: { rows, columns },
    inputs: () => ({ mean: uniform([rows, columns], 10), logVar: uniform([rows, columns], 11, -2, 2) }),
    flops: 0,
    bytes: 8 * rows * columns,
    gate: {
      limit: 1e-5,
      error: ({ mean, logVar }, [[y]]) =>
        sampled(y!, 1, () => {
          let value = 0;
          for (const [i, m] of mean!.values.entries()) {
            const l = logVar!.values[i]!;
            value += (m * m + Math.exp(l) - 1 - l) / 2;
          }
          return { value, size: value };
        }),
    },
  };
}

const ADAM = { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

function adam(count: number): Case {
  const steps = 3;
  const expected = (inputs: Inputs, at: number): number => {
    let p = inputs.p!.values[at]!;
    const g = inputs.g!.values[at]!;
    let [m, v] = [0, 0];
    for (let t = 1; t <= steps; t++) {
      m = ADAM.beta1 * m + (1 - ADAM.beta1) * g;
      v = ADAM.beta2 * v + (1 - ADAM.beta2) * g * g;
      p -= (ADAM.rate * (m / (1 - ADAM.beta1 ** t))) / (Math.sqrt(v / (1 - ADAM.beta2 ** t)) + ADAM.epsilon);
    }
    return p;
  };
  return {
    workload: "adam",
    size: `${count.toLocaleString("en")} parameters`,
    settings: { count, ...ADAM },
    inputs: () => ({ p: uniform([count], 12), g: gaussian([count], 13) }),
    flops: 0,
    bytes: 7 * 4 * count,
    gate: {
      steps,
      // 1 − βᵗ in float32 alone costs 1e-5 of a step
      limit: 2e-5,
      error: (inputs, outputs) =>
        sampled(outputs.at(-1)![0]!, count, (at) => ({
          value: expected(inputs, at),
          size: Math.abs(expected(inputs, at)) + steps * ADAM.rate,
        })),
    },
  };
}

export const memoryBound = (software: boolean): Case[] => {
  const [rows, columns] = software ? [4096, 784] : [65536, 784];
  return [
    map(rows, columns),
    sum(rows, columns, 0),
    sum(rows, columns, 1),
    sum(rows, columns, -1),
    softmax(rows, 256),
    sort(64, 4096),
    sort(1, 2 ** 18),
    normal(2 ** 22),
    kl(rows, 128),
    adam(652824),
  ];
};
