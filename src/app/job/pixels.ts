import type { Dataset } from "../../data/dataset.ts";
import { add, mul } from "../../graph/ops/arithmetic.ts";
import { random } from "../../graph/ops/random.ts";
import { reshape } from "../../graph/ops/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Rows } from "../../data/rows.ts";
import { streamOf } from "../../data/streams.ts";

/** One grey level of dequantised pixels. */
export const LEVEL = 1 / 256;

/** The first `count` images as rows of pixels in [0, 1]. */
export function greyRows(data: Dataset, count: number): Rows {
  const dim = data.features;
  return { count, dim, batch: (start, size) => reshape(data.slice(start, start + size), [size, dim]) };
}

/**
 * Images as rows for density models: x = (byte + u) / 256 with u uniform on (0, 1), [size, pixels], in (0, 1).
 *
 * A density of grey levels needs noise within each level (uniform dequantisation): on the bare levels a density can be
 * made as high as one likes. With it, mean ln p(x) − pixels · ln 256 bounds the log-probability of the bytes from below.
 */
export function dequantised(data: Dataset, count: number, seed: number): Rows {
  const dim = data.features;
  const batch = (start: number, size: number): Tensor => {
    const grey = reshape(data.slice(start, start + size), [size, dim]);
    const noise = random.uniform(data.gpu, [size, dim], { seed, stream: streamOf("dequantisation"), step: start });
    // slice() gives bytes / 255
    return add(mul(grey, 255 * LEVEL), mul(noise, LEVEL));
  };
  return { count, dim, batch };
}

/** What the numbers of density models rest on. */
export const scaleWords = (regularization: number): string =>
  `Pixels in [0, 1], (byte + uniform noise) / 256; ${regularization} added to the diagonal of every covariance, because pixels that never change have no variance of their own.`;
