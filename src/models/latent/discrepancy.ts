import { type Draw, drawNormal } from "../../data/streams.ts";
import { above, listOf, oneOf } from "../../formats/options.ts";
import { add, div, mul, sqrt, square, sub } from "../../graph/ops/arithmetic.ts";
import { abs, exp } from "../../graph/ops/elementwise.ts";
import { matmul } from "../../graph/ops/matmul.ts";
import { pow } from "../../graph/ops/power.ts";
import { transpose } from "../../graph/ops/shape.ts";
import { sort } from "../../graph/ops/sort.ts";
import { mean, sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { identity, squaredDistances } from "./matrices.ts";

/** Which kernel compares codes with draws of the prior. */
export const kernelOptions = {
  kernel: oneOf("imq", "rbf"),
  bandwidth: above(0, 1),
  scales: listOf([0.1, 0.2, 0.5, 1, 2, 5, 10]),
};

interface KernelOptions {
  readonly kernel: "rbf" | "imq";
  readonly bandwidth: number;
  readonly scales: readonly number[];
}

/** k of squared distances between points of `dim` dimensions. */
function kernelOf(squared: Tensor, dim: number, { kernel, bandwidth, scales }: KernelOptions): Tensor {
  const width = 2 * dim * bandwidth ** 2;
  if (kernel === "rbf") return exp(mul(squared, -1 / width));
  return scales
    .map((scale) => div(scale * width, add(squared, scale * width)))
    .reduce<Tensor>((a, b) => add(a, b), mul(squared, 0));
}

/**
 * Squared maximum mean discrepancy of codes z and draws p, each [n, latent], without bias: it may be negative.
 *
 *     [Σ_{i≠j} k(z_i, z_j) + Σ_{i≠j} k(p_i, p_j)] / (n(n − 1)) − 2/n² · Σ_ij k(z_i, p_j)
 *
 * "rbf": k = exp(−‖·‖²/C); "imq": Σ_s sC/(sC + ‖·‖²); C = 2 · latent · bandwidth². Source: Gretton et al. 2012.
 */
export function meanDiscrepancy(z: Tensor, p: Tensor, options: KernelOptions): Tensor {
  const [n, dim] = z.shape as [number, number];
  const others = sub(1, identity(z.gpu, n));
  const pairs = Math.max(1, n * (n - 1));
  // k(0) is large beside the differences that matter: the diagonal stays out of the sums
  const inside = (a: Tensor) => sum(mul(kernelOf(squaredDistances(a, a), dim, options), others));
  const across = sum(kernelOf(squaredDistances(z, p), dim, options));
  return sub(mul(add(inside(z), inside(p)), 1 / pairs), mul(across, 2 / n ** 2));
}

/**
 * Sliced Wasserstein distance of codes z and draws p, each [n, latent]: over unit directions θ [projections, latent], drawn or given, and
 * ranks, the mean of |sort(z·θ) − sort(p·θ)|^power. Source: Kolouri et al. 2019.
 */
export function slicedDistance(z: Tensor, p: Tensor, projections: number, power: number, draw: Draw): Tensor {
  const drawn = drawNormal(z.gpu, [projections, z.shape[1]!], draw);
  const directions = transpose(div(drawn, sqrt(sum(square(drawn), 1, { keepDims: true }))));
  const [a, b] = [z, p].map((codes) => sort(matmul(codes, directions), { axis: 0 }).values);
  const distance = sub(a!, b!);
  if (power === 2) return mean(square(distance));
  return mean(power === 1 ? abs(distance) : pow(abs(distance), power));
}
