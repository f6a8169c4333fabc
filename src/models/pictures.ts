import { check, show } from "../device/errors.ts";
import { count } from "../graph/dtype.ts";
import { add, mul, sub } from "../graph/ops/arithmetic.ts";
import { bytes } from "../graph/ops/bytes.ts";
import { cast } from "../graph/ops/cast.ts";
import { arange } from "../graph/ops/oneHot.ts";
import { reshape } from "../graph/ops/shape.ts";
import type { Tensor } from "../graph/tensor.ts";

export type Image = readonly [number, number, number];

/** Images [n, channels, height, width] or [n, pixels], or one [channels, height, width], floats or bytes (as 0 to 1), as f32 [n, pixels]. */
export function flat(where: string, x: Tensor, image: Image): Tensor {
  const pixels = count(image);
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
  return reshape(x.dtype === "u8" ? bytes(x, { scale: 1 / 255 }) : x, [n, pixels]);
}

/** [n, pixels] as [n, channels, height, width]. */
export const pictures = (x: Tensor, image: Image): Tensor => reshape(x, [x.shape[0]!, ...image]);

/** Codes checked to be [n, latent]. */
export function checkCodes(where: string, z: Tensor, latent: number): void {
  check(
    z.rank === 2 && z.shape[1] === latent && z.dtype === "f32",
    "shape",
    where,
    () => `expected codes [n, ${latent}], f32; got ${z.dtype} ${show(z.shape)}.`,
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
  const shares = reshape(mul(cast(arange(a.gpu, steps), "f32"), 1 / (steps - 1)), [steps, 1]);
  return add(a, mul(shares, sub(b, a)));
}
