// Linear algebra.
//
//   covariance   input x [n, d]                                                output [d, d], divided by n − 1
//   cholesky     input a [d, d], symmetric, positive definite                  output its lower factor, zeros above
//   eigh         input a [d, d], symmetric                                     outputs values [d] ascending, vectors [d, d] in columns
//   frechet      inputs meanA, meanB [d], covarianceA, covarianceB [d, d]      output ‖meanA − meanB‖² + tr(A + B − 2(AB)^½), one number

import { filled, normals, uniform } from "../random.ts";
import type { Case, Input } from "../workload.ts";
import { sampled } from "./sampled.ts";

const ulp = 2 ** -24;

function covariance(n: number, d: number): Case {
  return {
    workload: "covariance",
    size: `${n}×${d}`,
    settings: { n, d },
    inputs: () => ({ x: uniform([n, d], 14, 0, 1) }),
    flops: n * d * (d + 1), // half of the symmetric matrix
    bytes: 4 * (n * d + d * d),
    gate: {
      limit: 1e-5,
      error: ({ x }, [[found]]) => {
        const means = new Float64Array(d);
        for (const [i, value] of x!.values.entries()) means[i % d]! += value / n;
        // rows of columns: sums of one pair then run along memory
        const columns = Array.from({ length: d }, (_, j) =>
          Float64Array.from({ length: n }, (_, i) => x!.values[i * d + j]! - means[j]!),
        );
        const scales = columns.map((column) =>
          Math.sqrt(column.reduce((sum, value) => sum + value * value, 0) / (n - 1)),
        );
        return sampled(found!, d * d, (at) => {
          const [i, j] = [Math.floor(at / d), at % d];
          let sum = 0;
          for (let row = 0; row < n; row++) sum += columns[i]![row]! * columns[j]![row]!;
          return { value: sum / (n - 1), size: scales[i]! * scales[j]! };
        });
      },
    },
  };
}

/** A·Aᵀ/d + I/10 of uniform A: condition number around 40. */
function definite(d: number, seed: number): Input {
  const a = uniform([d, d], seed).values;
  const values = new Float32Array(d * d);
  for (let i = 0; i < d; i++)
    for (let j = 0; j <= i; j++) {
      let sum = i === j ? 0.1 : 0;
      for (let k = 0; k < d; k++) sum += (a[i * d + k]! * a[j * d + k]!) / d;
      values[i * d + j] = values[j * d + i] = sum;
    }
  return { shape: [d, d], values };
}

function cholesky(d: number): Case {
  return {
    workload: "cholesky",
    size: `${d}`,
    settings: { d },
    inputs: () => ({ a: definite(d, 15) }),
    flops: d ** 3 / 3,
    bytes: 8 * d * d,
    gate: {
      // backward error: |L·Lᵀ − A| ≤ (d + 1)·2⁻²⁴·|L||Lᵀ| (Higham, Accuracy and Stability, theorem 10.3)
      limit: (d + 1) * ulp,
      error: ({ a }, [[l]]) => {
        if (l!.length !== d * d) return NaN;
        const product = Float32Array.from(a!.values);
        return sampled(product, d * d, (at) => {
          const [i, j] = [Math.floor(at / d), at % d];
          if (j > i && l![at] !== 0) return { value: NaN, size: NaN };
          let [value, size] = [0, 0];
          for (let k = 0; k <= Math.min(i, j); k++) {
            const term = l![i * d + k]! * l![j * d + k]!;
            value += term;
            size += Math.abs(term);
          }
          return { value, size };
        });
      },
    },
  };
}

function eigh(d: number): Case {
  return {
    workload: "eigh",
    size: `${d}`,
    settings: { d },
    inputs: () => ({ a: definite(d, 16) }),
    flops: 9 * d ** 3, // values and vectors by tridiagonal reduction (Golub & Van Loan, table 8.3)
    bytes: 4 * (2 * d * d + d),
    gate: {
      limit: 1e-4,
      // ‖A·v − λ·v‖ and |‖v‖ − 1| for every pair, over the largest eigenvalue
      error: ({ a }, [[values, vectors]]) => {
        if (values!.length !== d || vectors!.length !== d * d) return NaN;
        let worst = 0;
        for (let j = 0; j < d; j++) {
          if (j > 0 && !(values![j]! >= values![j - 1]!)) return NaN;
          let [residual, norm] = [0, 0];
          for (let i = 0; i < d; i++) {
            let sum = -values![j]! * vectors![i * d + j]!;
            for (let k = 0; k < d; k++) sum += a!.values[i * d + k]! * vectors![k * d + j]!;
            residual += sum * sum;
            norm += vectors![i * d + j]! ** 2;
          }
          worst = Math.max(worst, Math.sqrt(residual) / values![d - 1]!, Math.abs(Math.sqrt(norm) - 1));
          if (Number.isNaN(worst)) return NaN;
        }
        return worst;
      },
    },
  };
}

/** Two covariances with the same eigenvectors, H = I − 2·u·uᵀ: their distance has a closed form, Σ (√α − √β)². */
function commuting(d: number) {
  const draw = normals(17);
  const u = Float64Array.from({ length: d }, draw);
  const norm = Math.hypot(...u);
  for (let i = 0; i < d; i++) u[i]! /= norm;
  const spectra = [
    Float64Array.from({ length: d }, (_, i) => 1 / (1 + i)),
    Float64Array.from({ length: d }, (_, i) => 0.5 + i / d),
  ];
  const [a, b] = spectra.map((values) => {
    const weighted = u.map((value, i) => value * values[i]!);
    const middle = u.reduce((sum, value, i) => sum + value * weighted[i]!, 0);
    return filled([d, d], (at) => {
      const [i, j] = [Math.floor(at / d), at % d];
      const diagonal = i === j ? values[i]! : 0;
      return diagonal - 2 * u[i]! * weighted[j]! - 2 * weighted[i]! * u[j]! + 4 * middle * u[i]! * u[j]!;
    });
  }) as [Input, Input];
  const [alpha, beta] = spectra as [Float64Array, Float64Array];
  const traces = alpha.reduce((sum, value, i) => sum + value + beta[i]!, 0);
  const distance = alpha.reduce((sum, value, i) => sum + (Math.sqrt(value) - Math.sqrt(beta[i]!)) ** 2, 0);
  return { a, b, traces, distance };
}

function frechet(d: number): Case {
  return {
    workload: "frechet",
    size: `${d}`,
    settings: { d },
    inputs: () => {
      const { a, b } = commuting(d);
      return { meanA: filled([d], () => 0), covarianceA: a, meanB: filled([d], () => 0.1), covarianceB: b };
    },
    flops: 4 * d ** 3, // two factors, their product, its singular values
    bytes: 8 * d * d,
    gate: {
      // 1e-4 of the distance and 1e-6 of the traces
      limit: 1,
      error: (_, [[found]]) => {
        const { traces, distance } = commuting(d);
        const whole = distance + d * 0.01;
        return Math.abs(found![0]! - whole) / (1e-4 * whole + 1e-6 * traces);
      },
    },
  };
}

export const linearAlgebra = (software: boolean): Case[] => [
  covariance(software ? 2000 : 10000, 784),
  ...(software ? [256, 512] : [256, 512, 1024, 2048]).map(cholesky),
  ...(software ? [64, 128] : [64, 128, 256, 512]).map(eigh),
  frechet(software ? 64 : 2048),
];
