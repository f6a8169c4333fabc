import { check, show } from "../device/errors.ts";
import { div, mul, sub } from "../graph/ops/arithmetic.ts";
import { bytes } from "../graph/ops/bytes.ts";
import { clamp } from "../graph/ops/elementwise.ts";
import { checkTensor } from "../graph/operand.ts";
import { pad } from "../graph/ops/pad.ts";
import { resize, type ResizeOptions } from "../graph/ops/resize.ts";
import type { Tensor } from "../graph/tensor.ts";

/**
 * How images get to a network's size: PyTorch's `interpolate` (bilinear, half-pixel centres), TensorFlow 1's bilinear (corners of
 * pixels), or PIL's bicubic, which smooths, on floats and cut to 0 … 255 afterwards.
 */
export type ResizeRule = "pytorch-bilinear" | "tf1-bilinear" | "pil-bicubic";

/** How images become a network's input: resized, then (byte − mean) / deviation, with byte from 0 to 255. */
export interface Preprocessing {
  /** Pixels that the network sees. */
  readonly size: readonly [height: number, width: number];
  /** The rule for images of another size. */
  readonly resize: ResizeRule;
  /** Whether black rows below, or columns at the right, make an image square before it is resized; else it is stretched. */
  readonly square: boolean;
  /** What is subtracted from bytes: one number, or one for each of red, green and blue. */
  readonly mean: number | readonly [red: number, green: number, blue: number];
  /** What the difference is divided by. */
  readonly deviation: number;
}

/**
 * A fixed network with its exact preprocessing: images [n, 3, h, w], RGB, as floats in [0, 1] or as bytes, become codes, and with some
 * networks class probabilities.
 */
export interface FeatureNetwork {
  /** What reports call it. */
  readonly name: string;
  /** CRC-32 of its weights, in hex: equal numbers need equal weights. */
  readonly checksum: string;
  /** What happens to images before the first layer. */
  readonly input: Preprocessing;
  /** Codes [n, d] of images. */
  features(x: Tensor): Tensor;
  /** p(class | image), [n, classes]. */
  probabilities?(x: Tensor): Tensor;
}

const rules: { readonly [rule in ResizeRule]: ResizeOptions } = {
  "pytorch-bilinear": { rule: "pytorch", mode: "bilinear" },
  "tf1-bilinear": { rule: "tf1", mode: "bilinear" },
  "pil-bicubic": { rule: "pil", mode: "bicubic" },
};

/** Throws LatentError("argument") unless `rule` is one of the names. */
export function checkResizeRule(where: string, rule: unknown): asserts rule is ResizeRule {
  check(
    typeof rule === "string" && Object.hasOwn(rules, rule),
    "argument",
    where,
    () => `expected resize to be one of ${Object.keys(rules).join(", ")}; got ${String(rule)}.`,
  );
}

/**
 * Images as the network sees them.
 *
 * x: [n, 3, h, w], RGB, floats in [0, 1] or bytes. Returns [n, 3, …size]. Throws LatentError: "shape" on other axes, "argument" on
 * another dtype.
 */
export function preprocessed(where: string, x: Tensor, input: Preprocessing): Tensor<"f32"> {
  checkTensor(where, x);
  check(
    x.rank === 4 && x.shape[1] === 3 && x.size > 0,
    "shape",
    where,
    () => `expected images [n, 3, h, w], RGB; got ${show(x.shape)}. Grey ones: concat([x, x, x], 1).`,
  );
  check(
    x.dtype === "u8" || x.dtype === "f32",
    "argument",
    where,
    () => `expected images as f32 in [0, 1] or as u8; got ${x.dtype}.`,
  );
  const { size, square, mean, deviation } = input;
  let y: Tensor = x.dtype === "u8" ? bytes(x) : mul(x, 255);
  const [height, width] = x.shape.slice(2) as [number, number];
  if (square && height !== width) {
    const side = Math.max(height, width);
    y = pad(y, [[0, 0], [0, 0], [0, side - height], [0, side - width]]); // prettier-ignore
  }
  if (y.shape[2] !== size[0] || y.shape[3] !== size[1]) {
    y = resize(y, size, rules[input.resize]);
    // a cubic goes beyond the values between which it runs
    if (input.resize === "pil-bicubic") y = clamp(y, 0, 255);
  }
  const subtracted = typeof mean === "number" ? mean : x.gpu.upload(Float32Array.from(mean), [3, 1, 1]);
  return div(sub(y, subtracted), deviation) as Tensor<"f32">;
}
