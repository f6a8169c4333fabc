import { check } from "../../device/errors.ts";
import { square, sub } from "../../graph/ops/arithmetic.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { CentredSums } from "../../linalg/centredSums.ts";
import { eachBatch, gpuOf, type Rows, rowsAtOnce } from "../../data/rows.ts";

/** How a covariance is drawn to a multiple of I. */
export type Shrinkage = "none" | "ledoit-wolf" | "oas" | number;

/**
 * How far to draw S = Σ (x − μ)(x − μ)ᵀ / n towards (tr S / d)·I, in [0, 1].
 *
 * "oas" as in Chen, Wiesel, Eldar & Hero 2010 (without the 2/d terms, as scikit-learn has it); "ledoit-wolf" as in Ledoit & Wolf
 * 2004, whose fourth moment Σ |x − μ|⁴ takes a second pass over `rows`.
 */
export async function shrink(
  where: string,
  { count, mean, products }: CentredSums,
  rule: Shrinkage,
  rows?: Rows,
  signal?: AbortSignal,
  weights?: Float32Array,
): Promise<number> {
  if (typeof rule === "number") return rule;
  if (rule === "none") return 0;
  const d = mean.length;
  const trace = mean.reduce((total, _, i) => total + products[i * d + i]! / count, 0);
  const squared = products.reduce((total, value) => total + (value / count) ** 2, 0);
  const level = trace / d;
  if (rule === "oas") {
    const average = squared / (d * d);
    const divisor = (count + 1) * (average - level ** 2 / d);
    return divisor === 0 ? 1 : Math.min(1, (average + level ** 2) / divisor);
  }
  check(
    rows !== undefined,
    "argument",
    where,
    () => 'shrinkage "ledoit-wolf" needs the samples, not their moments. Expected "oas" or a number.',
  );
  const beta = ((await fourthMoment(where, rows, mean, signal, weights)) / count - squared) / (d * count);
  const delta = (squared - 2 * level * trace + d * level ** 2) / d;
  return delta <= 0 ? 0 : Math.min(1, Math.max(0, beta / delta));
}

/** Σ_i w_i |x_i − μ|⁴ */
async function fourthMoment(
  where: string,
  rows: Rows,
  mean: Float64Array,
  signal: AbortSignal | undefined,
  weights: Float32Array | undefined,
): Promise<number> {
  let total = 0;
  const add = async (batch: Tensor, start: number): Promise<void> => {
    const gpu = gpuOf(where, batch);
    const norms = gpu.within(() => sum(square(sub(batch, gpu.tensor(mean, [mean.length]))), 1));
    try {
      for (const [i, value] of (await norms.read({ signal })).entries())
        total += (weights?.[start + i] ?? 1) * value ** 2;
    } finally {
      norms.dispose();
    }
  };
  await eachBatch(rows, rowsAtOnce(rows.dim), add, signal);
  return total;
}

/** (1 − intensity)·Σ + (intensity · tr Σ / d + regularization)·I */
export function regularise(
  covariance: Float64Array,
  d: number,
  intensity: number,
  regularization: number,
): Float64Array {
  let trace = 0;
  for (let i = 0; i < d; i++) trace += covariance[i * d + i]!;
  const result = covariance.map((value) => (1 - intensity) * value);
  for (let i = 0; i < d; i++) result[i * d + i] = result[i * d + i]! + (intensity * trace) / d + regularization;
  return result;
}
