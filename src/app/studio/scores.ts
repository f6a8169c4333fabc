import { type Gaussian, type GaussianMixture, type Gpu, sum, type Tensor, type VAE } from "../../index.ts";
import { dequantisedRows } from "./fit.ts";
import { BOUND_SAMPLES } from "./settings.ts";

/** Means over test images, in nats per image, of pixels in [0, 1]. */
export interface StudioScores {
  readonly images: number;
  /** log p(x); of the VAE a bound on it, of `BOUND_SAMPLES` importance-weighted draws. */
  readonly logProb: number;
  /** Of the VAE: the bound of one draw and its parts, elbo = reconstruction − kl, whatever weight training gave kl. */
  readonly elbo?: number;
  readonly reconstruction?: number;
  readonly kl?: number;
}

const IMAGES_AT_ONCE = 250;

/** Scores of a model by the first `count` test images, dequantised. */
export async function scoresOf(
  gpu: Gpu,
  model: VAE | Gaussian | GaussianMixture,
  images: Uint8Array,
  count: number,
  seed: number,
): Promise<StudioScores> {
  const { data, rows } = dequantisedRows(gpu, images, count, seed + 1);
  try {
    if (!("elbo" in model)) return { images: count, logProb: await model.score(rows) };
    const totals = { reconstruction: 0, kl: 0, logProb: 0 };
    for (let start = 0; start < count; start += IMAGES_AT_ONCE) {
      const x = await rows.batch(start, Math.min(IMAGES_AT_ONCE, count - start));
      const draw = { seed, step: start };
      const { reconstruction, kl } = model.elbo(x, draw);
      const parts: { [name in keyof typeof totals]: Tensor } = {
        reconstruction,
        kl,
        logProb: model.logProb(x, { ...draw, samples: BOUND_SAMPLES }),
      };
      for (const name of ["reconstruction", "kl", "logProb"] as const) {
        using total = sum(parts[name]);
        totals[name] += await total.item();
      }
    }
    const [reconstruction, kl] = [totals.reconstruction / count, totals.kl / count];
    return { images: count, logProb: totals.logProb / count, elbo: reconstruction - kl, reconstruction, kl };
  } finally {
    data.dispose();
  }
}
