import { div, less, maximum, mul, sqrt, sub, where } from "../../graph/ops/arithmetic.ts";
import { cos } from "../../graph/ops/elementwise.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { ones } from "../../linalg/matrix.ts";
import { logGamma } from "../gammaFunction.ts";
import { LOG_TWO_PI } from "../../graph/logTwoPi.ts";

/** Kernels of density estimates, by scikit-learn's names. */
export const KERNELS = ["gaussian", "tophat", "epanechnikov", "exponential", "linear", "cosine"] as const;
/** One of them. */
export type DensityKernel = (typeof KERNELS)[number];

/** log of the volume of the unit ball, and of the surface of the unit sphere, in d dimensions. */
const logBall = (d: number): number => (d / 2) * Math.log(Math.PI) - logGamma(d / 2 + 1);
const logSphere = (d: number): number => Math.log(2) + (d / 2) * Math.log(Math.PI) - logGamma(d / 2);

/** log of the constant that makes a kernel of bandwidth h a density in d dimensions. */
export function logNormaliser(kernel: DensityKernel, h: number, d: number): number {
  const scale = -d * Math.log(h);
  if (kernel === "gaussian") return -0.5 * d * LOG_TWO_PI + scale;
  if (kernel === "tophat") return -logBall(d) + scale;
  if (kernel === "epanechnikov") return -(logBall(d) + Math.log(2 / (d + 2))) + scale;
  if (kernel === "exponential") return -(logSphere(d) + logGamma(d)) + scale;
  if (kernel === "linear") return -(logBall(d) - Math.log(d + 1)) + scale;
  // ∫ r^{d−1} cos(πr/2) dr = Σ_j (−1)^j (π/2)^{2j+1} Γ(d) / Γ(d + 2j + 2), from cos(πr/2) = sin(π(1 − r)/2); the first term is taken out.
  // scikit-learn integrates by parts and loses the last term where d is even: its densities are wrong there, or no numbers
  let [total, term] = [0, 1];
  for (let j = 0; j < 12; j++) {
    total += term;
    term *= -((Math.PI / 2) ** 2) / ((d + 2 * j + 2) * (d + 2 * j + 3));
  }
  const first = Math.log(Math.PI / 2) - Math.log(d) - Math.log(d + 1);
  return -(first + Math.log(total) + logSphere(d)) + scale;
}

/** log K(|x − s| / h) of squared distances, of kernels that never end; K itself of those that do. */
export function kernelValues(
  squares: Tensor,
  h: Tensor | number,
  kernel: DensityKernel,
): { readonly logs: Tensor | null; readonly heights: Tensor | null } {
  const u = kernel === "gaussian" || kernel === "epanechnikov" ? null : div(sqrt(squares), h);
  const ratio = div(squares, typeof h === "number" ? h * h : mul(h, h));
  if (kernel === "gaussian") return { logs: mul(ratio, -0.5), heights: null };
  if (kernel === "exponential") return { logs: mul(u!, -1), heights: null };
  const inside = kernel === "epanechnikov" ? less(ratio, 1) : less(u!, 1);
  const height =
    kernel === "epanechnikov"
      ? maximum(sub(1, ratio), 0)
      : kernel === "linear"
        ? sub(1, u!)
        : kernel === "cosine"
          ? maximum(cos(mul(u!, Math.PI / 2)), 0)
          : ones(squares.gpu, squares.shape);
  return { logs: null, heights: where(inside, height, 0) };
}
