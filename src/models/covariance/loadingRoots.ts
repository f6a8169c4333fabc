import { add, mul, square, sub } from "../../graph/ops/arithmetic.ts";
import { matmul } from "../../graph/ops/matmul.ts";
import { transpose } from "../../graph/ops/shape.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { transposed } from "../../linalg/transposed.ts";
import { eigenpairs } from "../../linalg/tridiagonal.ts";
import type { Gpu } from "../../program/gpu.ts";
import type { Roots } from "./family.ts";

/**
 * Symmetric roots of Σ = W·Wᵀ + Ψ, in O(d · rank): with the orthonormal eigenvectors U and eigenvalues θ of Ψ^−½ W Wᵀ Ψ^−½,
 *
 *     Σ^½  ~ Ψ^½ (I + U (√(1 + θ) − 1) Uᵀ),      Σ^−½ ~ (I + U (1/√(1 + θ) − 1) Uᵀ) Ψ^−½
 *
 * each a square root up to a rotation. Distances are (c − W·z)ᵀ Ψ⁻¹ (c − W·z) + zᵀz at the z that makes them least, where its
 * rounding has no effect of first order. loadings: [d, rank], noise: [d], in float64.
 */
export function rootsOfLoadings(gpu: Gpu, loadings: Float64Array, noise: Float64Array): Roots {
  const d = noise.length;
  const rank = loadings.length / d;
  const scaled = loadings.map((value, at) => value / Math.sqrt(noise[Math.floor(at / rank)]!));
  const gram = new Float64Array(rank * rank);
  for (let i = 0; i < d; i++)
    for (let a = 0; a < rank; a++)
      for (let b = 0; b < rank; b++) gram[a * rank + b]! += scaled[i * rank + a]! * scaled[i * rank + b]!;
  const { values, vectors } = eigenpairs(gram, rank);
  const directions = new Float64Array(d * rank);
  for (let k = 0; k < rank; k++) {
    const length = Math.sqrt(Math.max(values[k]!, 0));
    // a direction without length has nothing to stretch
    if (!(length > 1e-12 * Math.sqrt(values[rank - 1]!))) values[k] = 0;
    else
      for (let i = 0; i < d; i++) {
        let along = 0;
        for (let a = 0; a < rank; a++) along += scaled[i * rank + a]! * vectors[k * rank + a]!;
        directions[i * rank + k] = along / length;
      }
  }
  // z = c · projections, with projections = Ψ⁻¹W·M⁻¹ and M = I + WᵀΨ⁻¹W, whose eigenvectors are gram's
  const projections = new Float64Array(d * rank);
  for (let i = 0; i < d; i++)
    for (let a = 0; a < rank; a++)
      for (let k = 0; k < rank; k++) {
        let along = 0;
        for (let b = 0; b < rank; b++) along += scaled[i * rank + b]! * vectors[k * rank + b]!;
        projections[i * rank + a]! += (along / (1 + values[k]!)) * (vectors[k * rank + a]! / Math.sqrt(noise[i]!));
      }
  // in float64: where nearly all of a feature's variance is structure, 1 − share · u² cancels
  const precisions = noise.map((v, i) => {
    let free = 1;
    for (let k = 0; k < rank; k++) free -= (values[k]! / (1 + values[k]!)) * directions[i * rank + k]! ** 2;
    return free / v;
  });
  const tensors = {
    projections: gpu.tensor(projections, [d, rank]),
    deviations: gpu.tensor(noise.map(Math.sqrt), [d]),
    reciprocals: gpu.tensor(
      noise.map((v) => 1 / Math.sqrt(v)),
      [d],
    ),
    directions: gpu.tensor(directions, [d, rank]),
    longer: gpu.tensor(
      values.map((v) => Math.sqrt(1 + v) - 1),
      [rank],
    ),
    shorter: gpu.tensor(
      values.map((v) => 1 / Math.sqrt(1 + v) - 1),
      [rank],
    ),
    precisions: gpu.tensor(precisions, [d]),
    loadings: gpu.tensor(transposed(loadings, d, rank), [rank, d]),
  };
  const stretched = (rows: Tensor, by: Tensor): Tensor =>
    add(rows, matmul(mul(matmul(rows, tensors.directions), by), transpose(tensors.directions)));
  const logDet =
    noise.reduce((total, v) => total + Math.log(v), 0) + values.reduce((total, v) => total + Math.log1p(v), 0);
  return {
    logDet,
    colour: (rows) => mul(stretched(rows, tensors.longer), tensors.deviations),
    whiten: (centred) => stretched(mul(centred, tensors.reciprocals), tensors.shorter),
    squaredDistances(centred) {
      const codes = matmul(centred, tensors.projections);
      const rest = mul(sub(centred, matmul(codes, tensors.loadings)), tensors.reciprocals);
      return add(sum(square(rest), 1), sum(square(codes), 1));
    },
    parts: () => ({ loadings: tensors.loadings, noise: square(tensors.deviations) }),
    precisions: () => tensors.precisions,
    tensors,
  };
}
