import { type Draw, drawUniform } from "../../data/streams.ts";
import { check, show } from "../../device/errors.ts";
import { cast } from "../../graph/ops/cast.ts";
import { sameShape } from "../../graph/dtype.ts";
import { transpose } from "../../graph/ops/shape.ts";
import { sort } from "../../graph/ops/sort.ts";
import { takeAlongAxis } from "../../graph/ops/take.ts";
import type { Tensor } from "../../graph/tensor.ts";

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
