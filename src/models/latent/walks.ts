import { check, checkOptions, show } from "../../device/errors.ts";
import { add, div, less, mul, sub, where as choose } from "../../graph/ops/arithmetic.ts";
import { atan2, sin, sqrt } from "../../graph/ops/index.ts";
import { oneHot } from "../../graph/ops/oneHot.ts";
import { expand, reshape } from "../../graph/ops/shape.ts";
import { square } from "../../graph/ops/arithmetic.ts";
import { sum } from "../../graph/ops/sum.ts";
import { Tensor } from "../../graph/tensor.ts";
import type { ImageOptions } from "./calls.ts";
import type { LatentModel } from "./model.ts";
import { checkCount, line } from "./pixels.ts";
import { meanOf } from "./recipe.ts";

/** What traverse may be asked for. */
export interface TraverseOptions extends ImageOptions {
  /** Latent dimensions that are walked along, one a row; all. */
  readonly dimensions?: readonly number[];
  /** Values of the first and the last image of a row; −3 and 3. */
  readonly range?: readonly [from: number, to: number];
  /** Images of a row; 7. */
  readonly steps?: number;
}

/**
 * What each latent dimension does: the mean code of an image with one number replaced by values from `range[0]` to `range[1]`, decoded.
 *
 * x: one image, [c, h, w] or [1, …]. Returns [dimensions · steps, c, h, w], a dimension a row. Throws LatentError: "shape" on several
 * images, "argument" on options out of range.
 *
 *     const vae = new VAE(gpu, { image: [1, 4, 4], latent: 3 });
 *     const images = traverse(vae, gpu.zeros([1, 1, 4, 4]), { steps: 9 }); // [27, 1, 4, 4]
 */
export function traverse(model: LatentModel, x: Tensor, options: TraverseOptions = {}): Tensor {
  const where = "traverse";
  checkOptions(where, options, ["dimensions", "range", "steps", "labels"]);
  const latent = model.options.latent as number;
  const { dimensions = Array.from({ length: latent }, (_, j) => j), range = [-3, 3], steps = 7, labels } = options;
  const areDimensions = dimensions.every((j) => Number.isInteger(j) && j >= 0 && j < latent);
  check(areDimensions && dimensions.length > 0, "argument", where, () => {
    return `expected dimensions from 0 to ${latent - 1}; got ${show([...dimensions])}.`;
  });
  checkCount(where, "steps", steps, 2);
  check(
    range.length === 2 && range.every(Number.isFinite),
    "argument",
    where,
    () => `expected range as two numbers; got ${show([...range])}.`,
  );
  const code = meanOf(model.encode(x, labels === undefined ? {} : { labels }));
  check(code.shape[0] === 1, "shape", where, () => `expected one image; got ${code.shape[0]}.`);
  const { gpu } = code;
  const rows = dimensions.length;
  const chosen = reshape(oneHot(gpu.upload(Uint32Array.from(dimensions), [rows]), latent), [rows, 1, latent]);
  const values = reshape(line(gpu, range[0], range[1], steps), [1, steps, 1]);
  const codes = add(mul(sub(1, chosen), reshape(code, [1, 1, latent])), mul(chosen, values));
  const count = rows * steps;
  const every = labels instanceof Tensor ? expand(reshape(labels, [1]), [count]) : new Array(count).fill(labels?.[0]);
  return model.decode(reshape(codes, [count, latent]), labels === undefined ? {} : { labels: every });
}

/**
 * `n` codes along the great arc between the directions of a and b, their lengths between those of a and b, both ends included:
 *
 *     (sin((1 − t)θ)·a + sin(tθ)·b) / sin θ,   θ the angle between a and b;   the straight line where θ is below 10⁻³
 *
 * Draws of N(0, I) in many dimensions lie near a sphere, which a straight line leaves (`interpolate`). Of opposite codes no arc is the
 * shortest, and the result means nothing. a, b: [1, latent]. Returns [n, latent]. Source: White 2016 (arXiv 1609.04468).
 *
 *     const codes = slerp(gpu.tensor([[1, 0]]), gpu.tensor([[0, 1]]), 8); // [8, 2]
 */
export function slerp(a: Tensor, b: Tensor, n: number): Tensor {
  const where = "slerp";
  check(
    a.rank === 2 && a.shape[0] === 1 && show(a.shape) === show(b.shape),
    "shape",
    where,
    () => `expected two codes [1, latent]; got ${show(a.shape)} and ${show(b.shape)}.`,
  );
  checkCount(where, "codes", n, 2);
  const length = (x: Tensor): Tensor => sqrt(sum(square(x)));
  const [u, v] = [div(a, length(a)), div(b, length(b))];
  // stable at both ends, where the arc cosine of a product is not
  const angle = mul(atan2(length(sub(u, v)), length(add(u, v))), 2);
  const t = reshape(line(a.gpu, 0, 1, n), [n, 1]);
  const isStraight = less(angle, 1e-3);
  const weight = (fraction: Tensor): Tensor =>
    choose(expand(reshape(isStraight, [1, 1]), [n, 1]), fraction, div(sin(mul(fraction, angle)), sin(angle)));
  return add(mul(weight(sub(1, t)), a), mul(weight(t), b));
}
