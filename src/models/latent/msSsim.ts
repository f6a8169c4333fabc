import { check, show } from "../../device/errors.ts";
import { add, div, maximum, mul, square, sub } from "../../graph/ops/arithmetic.ts";
import { exp, log } from "../../graph/ops/elementwise.ts";
import { conv2d } from "../../graph/ops/conv2d.ts";
import { avgPool2d } from "../../graph/ops/pool.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { mean } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";

/** Weights of the scales, finest first (Wang, Simoncelli & Bovik 2003), of which the first ones are taken and made to add up to 1. */
const WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/** How pictures are compared. */
export interface SsimOptions {
  /** Side of the Gaussian window. */
  readonly window: number;
  /** Its standard deviation, in pixels. */
  readonly sigma: number;
  /** Scales, each half of the one before; at most 5. */
  readonly scales: number;
}

/** Refuses scales that are too small for the window. */
export function checkSsim(where: string, [, height, width]: readonly number[], { window, scales }: SsimOptions): void {
  const smallestSide = Math.floor(Math.min(height!, width!) / 2 ** (scales - 1));
  check(scales <= WEIGHTS.length, "argument", where, () => `expected at most ${WEIGHTS.length} scales; got ${scales}.`);
  check(
    smallestSide >= window,
    "argument",
    where,
    () =>
      `images ${show([height!, width!])} have ${smallestSide} pixels at scale ${scales}. Expected a window of at most that; got ${window}.`,
  );
}

/** Gaussian weights of one axis, which add up to 1. */
function windowOf(size: number, sigma: number): number[] {
  const values = Array.from({ length: size }, (_, i) => Math.exp(-((i - (size - 1) / 2) ** 2) / (2 * sigma ** 2)));
  const total = values.reduce((a, b) => a + b);
  return values.map((value) => value / total);
}

/**
 * Multi-scale structural similarity of pictures in [0, 1], x and y [n, c, h, w]: [n], 1 where they are equal.
 *
 *     S = Π_{l<L} (mean cs_l)^{w_l} · (mean ssim_L)^{w_L}, then the mean over channels;   means below 10⁻⁶ count as that
 *
 * with a Gaussian window without padding, C₁ = 0.01², C₂ = 0.03², and means over 2 × 2 pixels between scales. Source: Wang,
 * Simoncelli & Bovik 2003.
 */
export function msSsim(x: Tensor, y: Tensor, { window, sigma, scales }: SsimOptions): Tensor {
  const [n, channels] = x.shape as [number, number];
  const line = windowOf(window, sigma);
  const weights = WEIGHTS.slice(0, scales);
  const total = weights.reduce((a, b) => a + b);
  const [rows, columns] = [
    [1, 1, window, 1],
    [1, 1, 1, window],
  ].map((shape) => x.gpu.upload(Float32Array.from(line), shape));
  // one axis after the other, every channel by itself
  const planes = (image: Tensor) => reshape(image, [n * channels, 1, ...image.shape.slice(2)]);
  const blurred = (image: Tensor) => conv2d(conv2d(image, rows!), columns!);
  let [a, b] = [planes(x), planes(y)];
  let logs = mul(mean(a, [1, 2, 3]), 0);
  for (const [scale, weight] of weights.entries()) {
    const [ma, mb] = [blurred(a), blurred(b)];
    const [va, vb] = [sub(blurred(square(a)), square(ma)), sub(blurred(square(b)), square(mb))];
    const covariance = sub(blurred(mul(a, b)), mul(ma, mb));
    const contrast = div(add(mul(covariance, 2), 9e-4), add(add(va, vb), 9e-4));
    const luminance = div(add(mul(mul(ma, mb), 2), 1e-4), add(add(square(ma), square(mb)), 1e-4));
    const value = mean(scale < scales - 1 ? contrast : mul(contrast, luminance), [1, 2, 3]);
    logs = add(logs, mul(log(maximum(value, 1e-6)), weight / total));
    [a, b] = [a, b].map((image) => (scale < scales - 1 ? avgPool2d(image, 2) : image)) as [Tensor, Tensor];
  }
  return mean(reshape(exp(logs), [n, channels]), 1);
}
