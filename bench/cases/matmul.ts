// matmul: c = op(a)·op(b). Inputs a [rows, inner] and b [inner, columns], transposed where the setting is 1; output c.

import { uniform } from "../random.ts";
import type { Case } from "../workload.ts";
import { sampled } from "./sampled.ts";

interface Shape {
  rows: number;
  columns: number;
  inner: number;
  transposeA?: number;
  transposeB?: number;
}

function matmul({ rows, columns, inner, transposeA = 0, transposeB = 0 }: Shape): Case {
  const names = [transposeA ? "aᵀ" : "a", transposeB ? "bᵀ" : "b"].join("·");
  const size = `${rows}×${inner} · ${inner}×${columns}${transposeA || transposeB ? ` as ${names}` : ""}`;
  return {
    workload: "matmul",
    size,
    settings: { rows, columns, inner, transposeA, transposeB },
    inputs: () => ({
      a: uniform(transposeA ? [inner, rows] : [rows, inner], 1),
      b: uniform(transposeB ? [columns, inner] : [inner, columns], 2),
    }),
    flops: 2 * rows * columns * inner,
    bytes: 4 * (rows * inner + inner * columns + rows * columns),
    gate: {
      // any order of float32 sums stays within (inner + 1)·2⁻²⁴ of the sum of the products' sizes
      limit: (inner + 1) * 2 ** -24,
      error: ({ a, b }, [[c]]) =>
        sampled(c!, rows * columns, (at) => {
          const [i, j] = [Math.floor(at / columns), at % columns];
          let sum = 0;
          let size = 0;
          for (let k = 0; k < inner; k++) {
            const product =
              a!.values[transposeA ? k * rows + i : i * inner + k]! *
              b!.values[transposeB ? j * inner + k : k * columns + j]!;
            sum += product;
            size += Math.abs(product);
          }
          return { value: sum, size };
        }),
    },
  };
}

const square = (n: number) => matmul({ rows: n, columns: n, inner: n });

/** Square ones, one that no tile divides, and the products of the VAE's step: x·Wᵀ, g·W and gᵀ·x. */
export const matmuls = (software: boolean): Case[] => [
  ...(software ? [256, 512, 1024] : [256, 512, 1024, 2048, 4096]).map(square),
  square(software ? 509 : 2039),
  matmul({ rows: 128, inner: 784, columns: 400, transposeB: 1 }),
  matmul({ rows: 128, inner: 784, columns: 400 }),
  matmul({ rows: 400, inner: 128, columns: 784, transposeA: 1 }),
];
