import type { Mnist } from "../../data/mnist.ts";
import { Dataset, Gaussian, GaussianMixture, schedule, VAE, type Gpu, type CallProgress } from "../../index.ts";
import { fitStatus, seldom } from "../seldom.ts";
import { dequantised } from "../job/pixels.ts";
import { REGULARIZATION, type StudioSettings } from "./settings.ts";

/** Where a call has got to, in words. */
export type Tell = (text: string) => void;

const image: [number, number, number] = [1, 28, 28];

function told(tell: Tell, name: string): (progress: CallProgress & { readonly loss: number }) => void {
  const say = seldom((status) => tell(`  ${name}: ${status}`));
  return (progress) => say(fitStatus(progress));
}

/**
 * A VAE whose pixels are continuous Bernoulli: log p(x|z) is then a density of pixels in [0, 1], in the units of the
 * Gaussian's and the mixture's.
 *
 * Each pixel is (byte + ½)/256, the mean of its dequantised values: log p(x|z) is linear in x, so its mean over the
 * noise is its value at the mean.
 */
export async function fitVae(
  gpu: Gpu,
  { train }: Mnist,
  { seed, trainImages, vae: settings }: StudioSettings,
  tell: Tell,
  signal: AbortSignal,
): Promise<VAE> {
  const { hidden, latent, beta, epochs, batch, learningRate } = settings;
  const pixels = Float32Array.from(train.images.subarray(0, trainImages * 784), (byte) => (byte + 0.5) / 256);
  const data = Dataset.from(gpu, pixels, [trainImages, ...image]);
  const model = new VAE(gpu, { image, hidden, latent, beta, likelihood: "continuousBernoulli", seed });
  try {
    await model.fit(data, {
      epochs,
      batch,
      learningRate: schedule.cosine({ rate: learningRate, steps: epochs * Math.ceil(trainImages / batch) }),
      seed,
      signal,
      onProgress: told(tell, "VAE"),
    });
    return model;
  } finally {
    data.dispose();
  }
}

/** Images as dequantised rows, (byte + u)/256, and the data set behind them, which the caller disposes. */
export function dequantisedRows(gpu: Gpu, images: Uint8Array, count: number, seed: number) {
  const data = Dataset.from(gpu, Uint8Array.from(images.subarray(0, count * 784)), [count, ...image]);
  return { data, rows: dequantised(data, count, seed) };
}

/** One Gaussian of `rank` directions, with a noise of its own for each pixel (factor analysis, in float64 on the CPU: minutes). */
export async function fitGaussian(gpu: Gpu, { train }: Mnist, settings: StudioSettings, signal: AbortSignal) {
  const { data, rows } = dequantisedRows(gpu, train.images, settings.trainImages, settings.seed);
  try {
    const { rank } = settings.gaussian;
    return await Gaussian.fit(rows, { covariance: "factor", rank, regularization: REGULARIZATION, signal });
  } finally {
    data.dispose();
  }
}

/** A mixture of such Gaussians, by EM from k-means. */
export async function fitMixture(
  gpu: Gpu,
  { train }: Mnist,
  { seed, mixture }: StudioSettings,
  tell: Tell,
  signal: AbortSignal,
) {
  const { data, rows } = dequantisedRows(gpu, train.images, mixture.trainImages, seed);
  try {
    const { components, rank, maxIterations } = mixture;
    return await GaussianMixture.fit(rows, {
      components,
      covariance: "factor",
      rank,
      maxIterations,
      regularization: REGULARIZATION,
      seed,
      signal,
      onProgress: told(tell, "mixture"),
    });
  } finally {
    data.dispose();
  }
}
