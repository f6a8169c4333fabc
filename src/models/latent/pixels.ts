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

/** Refuses labels where a model has no classes, and none where it has some. */
export function checkLabelled(where: string, labelled: boolean, classes: number | undefined): void {
  check(labelled === (classes !== undefined), "argument", where, () =>
    classes === undefined
      ? "this model has no classes. Expected no labels; got some."
      : `expected labels, the class of each image, from 0 to ${classes - 1}; got none.`,
  );
}

/** The first label that is none of the model's classes is refused by its number. */
export function checkClasses(where: string, labels: ArrayLike<number>, classes: number): void {
  for (const [i, label] of Array.from(labels).entries())
    check(
      Number.isInteger(label) && label >= 0 && label < classes,
      "data",
      where,
      () => `label ${i} is ${label}. Expected labels from 0 to ${classes - 1}, of ${classes} classes.`,
    );
}

/** Class numbers of `n` images, numbers or a tensor of integers [n], as rows with a single 1: [n, classes]; nothing where there are no classes. */
export function classesAs(
  where: string,
  gpu: Runner,
  labels: ArrayLike<number> | Tensor | undefined,
  n: number,
  classes: number | undefined,
): Tensor | undefined {
  checkLabelled(where, labels !== undefined, classes);
  if (labels === undefined || classes === undefined) return undefined;
  const found = labels instanceof Tensor ? labels.size : labels.length;
  check(found === n, "shape", where, () => `expected ${n} labels, one for each image; got ${found}.`);
  if (labels instanceof Tensor) return oneHot(reshape(labels, [n]), classes);
  checkClasses(where, labels, classes);
  return oneHot(gpu.upload(Uint32Array.from(labels), [n]), classes);
}

/** Throws LatentError("argument") unless `n` is a whole number ≥ `least`. */
export const checkCount = (where: string, what: string, n: number, least = 1): void =>
  check(Number.isInteger(n) && n >= least, "argument", where, () => {
    return `expected a whole number of ${what} > ${least - 1}; got ${n}.`;
  });

/** `steps` numbers from `from` to `to`, both included: [steps]. */
export const line = (gpu: Runner, from: number, to: number, steps: number): Tensor =>
  add(mul(cast(arange(gpu, steps), "f32"), (to - from) / (steps - 1)), from);

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
  checkCount(where, "images", steps, 2);
  return add(a, mul(reshape(line(a.gpu, 0, 1, steps), [steps, 1]), sub(b, a)));
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
