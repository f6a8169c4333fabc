import { check, show } from "../../device/errors.ts";
import { count, type Shape } from "../../graph/dtype.ts";
import { add, mul, sub } from "../../graph/ops/arithmetic.ts";
import { bytes } from "../../graph/ops/bytes.ts";
import { cast } from "../../graph/ops/cast.ts";
import { arange, oneHot } from "../../graph/ops/oneHot.ts";
import { expand, reshape } from "../../graph/ops/shape.ts";
import { Tensor, type Runner } from "../../graph/tensor.ts";
import type { PixelDistribution } from "./distribution.ts";
import type { Image } from "./network.ts";

/** Images [n, c, h, w] or [n, pixels], or one [c, h, w], floats or bytes (as 0 to 1), as f32 [n, c, h, w]. */
export function imagesAs(where: string, x: Tensor, image: Image): Tensor {
  const pixels = count(image);
  check(x instanceof Tensor, "argument", where, () => `expected images as a tensor; got ${typeof x}.`);
  const n = show(x.shape) === show(image) ? 1 : x.shape[0]!;
  const fits =
    x.size === n * pixels && (x.rank === 2 || [x.shape, x.shape.slice(1)].some((shape) => show(shape) === show(image)));
  check(
    fits,
    "shape",
    where,
    () => `expected images [n, ${image.join(", ")}] or [n, ${pixels}]; got ${show(x.shape)}.`,
  );
  check(x.dtype === "f32" || x.dtype === "u8", "argument", where, () => `expected f32 or u8; got ${x.dtype}.`);
  return reshape(x.dtype === "u8" ? bytes(x, { scale: 1 / 255 }) : x, [n, ...image]);
}

/** Class numbers of `n` images, numbers or a tensor of integers [n], as rows with a single 1: [n, classes]. */
export function classesAs(
  where: string,
  gpu: Runner,
  labels: ArrayLike<number> | Tensor,
  n: number,
  classes: number,
): Tensor {
  const found = labels instanceof Tensor ? labels.size : labels.length;
  check(found === n, "shape", where, () => `expected ${n} labels, one for each image; got ${found}.`);
  if (labels instanceof Tensor) return oneHot(reshape(labels, [n]), classes);
  for (const label of Array.from(labels))
    check(
      Number.isInteger(label) && label >= 0 && label < classes,
      "data",
      where,
      () => `expected labels from 0 to ${classes - 1}; got ${label}.`,
    );
  return oneHot(gpu.upload(Uint32Array.from(labels), [n]), classes);
}

/** Codes checked to be [n, latent]. */
export function checkCodes(where: string, z: Tensor, latent: number): void {
  check(
    z instanceof Tensor && z.rank === 2 && z.shape[1] === latent && z.dtype === "f32",
    "shape",
    where,
    () => `expected codes [n, ${latent}], f32; got ${z instanceof Tensor ? `${z.dtype} ${show(z.shape)}` : typeof z}.`,
  );
}

/** `steps` points on the line from a to b, both included. a, b: [1, latent]; returns [steps, latent]. */
export function between(where: string, a: Tensor, b: Tensor, steps: number): Tensor {
  check(
    Number.isInteger(steps) && steps > 1,
    "argument",
    where,
    () => `expected a whole number of images > 1; got ${steps}.`,
  );
  const weights = reshape(mul(cast(arange(a.gpu, steps), "f32"), 1 / (steps - 1)), [steps, 1]);
  return add(a, mul(weights, sub(b, a)));
}

/** p(x|z) of codes [...lead, n, latent] in one batch, scored against the n images of each. */
export function severalCodes(lead: Shape, pixels: PixelDistribution): PixelDistribution {
  return {
    ...pixels,
    logProb(x) {
      const draws = count(lead) / x.shape[0]!;
      const images = reshape(expand(x, [draws, ...x.shape]), [count(lead), ...x.shape.slice(1)]);
      return reshape(pixels.logProb(images), lead);
    },
  };
}
