import { type Draw, drawNormal } from "../../data/streams.ts";
import { check } from "../../device/errors.ts";
import { atLeast, oneOf } from "../../formats/options.ts";
import { grad } from "../../graph/grad.ts";
import { add, div, mul, square } from "../../graph/ops/arithmetic.ts";
import { detach } from "../../graph/ops/detach.ts";
import { matmul } from "../../graph/ops/matmul.ts";
import { reshape, transpose } from "../../graph/ops/shape.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Builder } from "./builder.ts";
import { identity } from "./matrices.ts";
import { decoderOf, pointCodes } from "./parts.ts";
import type { Parts } from "./recipe.ts";

/** Σ θ² over all numbers of some parameters. */
export const squaredNorm = (parameters: readonly Tensor[]): Tensor =>
  parameters.map((x): Tensor => sum(square(x))).reduce((a, b) => add(a, b));

/** mean over images of ‖Jᵀv‖², J = ∂x̂/∂z at codes z [n, latent], v normal: an estimate of ‖J‖², by one more reverse pass. */
export function jacobianNorm(decode: Parts["decode"], z: Tensor, draw: Draw): Tensor {
  const images = decode(z).mean;
  const [n] = z.shape as [number];
  const probe = reshape(drawNormal(z.gpu, [n, images.size / n], draw), images.shape);
  const [slope] = grad(sum(mul(images, probe)), [z]);
  return mul(sum(square(slope)), 1 / n);
}

/** Squarings of WᵀW: its largest eigenvector after 2⁶ power iterations. */
const SQUARINGS = 6;

/**
 * W / σ, where σ = uᵀWv is the largest singular value of W as a matrix with a row for each output; outputs stand along `axis` of the weight.
 * No gradient goes through u and v. Source: Miyato et al. 2018.
 */
export function spectrallyNormalised(weight: Tensor, axis: number): Tensor {
  const outputsFirst = axis === 0 ? weight : transpose(weight, [1, 0, 2, 3]);
  const w = reshape(outputsFirst, [outputsFirst.shape[0]!, -1]);
  const detached = detach(w);
  let gram = matmul(transpose(detached), detached);
  const one = identity(w.gpu, gram.shape[0]!);
  const normalised = (a: Tensor) => div(a, add(sum(mul(a, one)), 1e-30));
  gram = normalised(gram);
  for (let i = 0; i < SQUARINGS; i++) gram = normalised(matmul(gram, gram));
  const unit = (x: Tensor) => div(x, add(sum(square(x)).pow(0.5), 1e-30));
  // the power turns any start that is not orthogonal to v into v
  const v = unit(matmul(gram, startOf(w)));
  const u = unit(matmul(detached, detach(v)));
  const sigma = sum(mul(matmul(w, detach(v)), detach(u)));
  return div(weight, sigma);
}

/** Numbers of both signs that no symmetry of a layer shares: [n, 1]. */
const startOf = (w: Tensor): Tensor => {
  const size = w.shape[1]!;
  const values = Float32Array.from({ length: size }, (_, i) => Math.cos(1 + 2.7 * i) + 0.3);
  return w.gpu.upload(values, [size, 1]);
};

/** What is kept small beside the codes. */
export const regularizerOptions = {
  regularizer: oneOf("l2", "gradient", "spectral"),
  embeddingWeight: atLeast(0, 1e-2),
  weight: atLeast(0, 1e-4),
};

/** Codes that are points, and a decoder, whose weights "spectral" normalises. `decoder`: the decoder's parameters. */
export function regularisedParts(
  build: Builder,
  { regularizer }: { readonly regularizer: "l2" | "gradient" | "spectral" },
) {
  check(
    regularizer !== "spectral" || typeof build.spec.encoder === "string",
    "argument",
    "RAE",
    () =>
      'weights of your own layers cannot be normalised. Expected regularizer "l2" or "gradient" beside them; got "spectral".',
  );
  const codes = pointCodes(build);
  return { ...codes, ...decoderOf(build, regularizer === "spectral" ? spectrallyNormalised : null) };
}
