import { type Draw, drawUniform } from "../../data/streams.ts";
import { check, show } from "../../device/errors.ts";
import { sub } from "../../graph/ops/arithmetic.ts";
import { cast } from "../../graph/ops/cast.ts";
import { sameShape } from "../../graph/dtype.ts";
import { part } from "../../graph/ops/part.ts";
import { transpose } from "../../graph/ops/shape.ts";
import { sort } from "../../graph/ops/sort.ts";
import { takeAlongAxis } from "../../graph/ops/take.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Builder } from "./builder.ts";

/**
 * The log-ratio D₀ − D₁ of a perceptron `discriminator.*` with two outputs and leaky ReLU between its layers: codes [n, latent] → [n, 1].
 * Where it is `frozen`, no gradient reaches its parameters.
 */
export function discriminator(build: Builder, hidden: readonly number[]): (z: Tensor, frozen?: boolean) => Tensor {
  const logits = build.perceptron("discriminator", [build.spec.latent, ...hidden, 2], 0.2);
  return (z, frozen = false) => {
    const y = logits(z, frozen);
    return sub(part(y, 1, 0, 1), part(y, 1, 1, 1));
  };
}

/**
 * Codes [n, latent] with each latent dimension shuffled across the batch by a permutation of its own: y[b, j] = z[π_j(b), j].
 * A draw that is given holds the permutations, whole numbers [latent, n].
 */
export function permuteLatents(z: Tensor, draw: Draw): Tensor {
  const shape = [z.shape[1]!, z.shape[0]!];
  const { given } = draw;
  check(
    !given || sameShape(given.shape, shape),
    "shape",
    draw.name ?? "permutation",
    () => `expected ${show(shape)}; got ${show(given!.shape)}.`,
  );
  const orders = given ? cast(given, "i32") : sort(drawUniform(z.gpu, shape, draw), { axis: 1 }).indices;
  return transpose(takeAlongAxis(transpose(z), orders, 1));
}
