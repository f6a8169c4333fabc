import { Dataset } from "../../data/dataset.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { Gaussian } from "../../models/gaussian/gaussian.ts";
import { GaussianMixture } from "../../models/mixture/mixture.ts";
import { VAE } from "../../models/family/vae.ts";
import { schedule } from "../../nn/schedule.ts";
import { dequantised } from "../job/pixels.ts";
import { fitStatus } from "../seldom.ts";
import type { FaceContext } from "./context.ts";
import { REGULARIZATION } from "./settings.ts";

/** Where a fit has got to, in words. */
export type Tell = (status: string) => void;

/** log p(x) of test images in nats: the mean over n of them, of the VAE a lower bound. */
export interface Likelihood {
  readonly value: number;
  readonly n: number;
  readonly isBound: boolean;
}

/** A model of faces, fitted. */
export interface FaceModel {
  /** Kind, structure and settings in a few words. */
  readonly about: string;
  readonly parameters: number;
  likelihood(): Promise<Likelihood>;
  /** Images [n, 3, width, width]; of the VAE means of p(x|z). */
  sample(count: number): Tensor;
  dispose(): void;
}

/** What fits each model, by the name that the command knows it by. */
export const faceModels: { readonly [name: string]: (context: FaceContext, tell: Tell) => Promise<FaceModel> } = {
  gaussian: fitGaussian,
  mixture: fitMixture,
  vae: fitVae,
}; // prettier-ignore

const imagesOf = ({ settings: { width } }: FaceContext, rows: Tensor): Tensor => rows.reshape([rows.shape[0]!, 3, width, width]); // prettier-ignore

async function densityModel(
  context: FaceContext,
  model: Gaussian | GaussianMixture,
  about: string,
): Promise<FaceModel> {
  const { test, seed } = context;
  return {
    about,
    parameters: model.parameterCount,
    likelihood: async () => ({
      value: await model.score(dequantised(test, test.count, seed + 1)),
      n: test.count,
      isBound: false,
    }),
    sample: (count) => imagesOf(context, model.sample(count, { seed })),
    dispose: () => model.dispose(),
  };
}

/** One Gaussian of few directions and noise of one size around them: probabilistic PCA, in closed form. */
async function fitGaussian(context: FaceContext): Promise<FaceModel> {
  const { train, settings, seed, long } = context;
  const { rank } = settings;
  const rows = dequantised(train, train.count, seed);
  const model = await Gaussian.fit(rows, { covariance: "low-rank", rank, regularization: REGULARIZATION, ...long }); // prettier-ignore
  return densityModel(context, model, `Gaussian: low-rank covariance, ${rank} directions`);
}

/** Several of them, by EM from k-means. */
async function fitMixture(context: FaceContext, tell: Tell): Promise<FaceModel> {
  const { train, settings, seed, long } = context;
  const { components, rank, maxIterations } = settings.mixture;
  const model = await GaussianMixture.fit(dequantised(train, train.count, seed), {
    components,
    covariance: "low-rank",
    rank,
    maxIterations,
    regularization: REGULARIZATION,
    seed,
    onProgress: ({ step, total, eta }) => tell(`iteration ${step} of ${total}, ${Math.round(eta)} s to go`),
    ...long,
  });
  return densityModel(
    context,
    model,
    `Mixture of ${components} Gaussians: low-rank covariances, ${rank} directions each`,
  );
}

/** A convolutional VAE whose pixels are normal around the decoder's, with one variance that training learns. */
async function fitVae(context: FaceContext, tell: Tell): Promise<FaceModel> {
  const { gpu, settings, seed, train, trainImages, test, long } = context;
  const { width, boundImages, boundSamples } = settings;
  const { hidden, latent, epochs, batch, learningRate } = settings.vae;
  // the mean of a dequantised pixel, in the units of the other models
  const pixels = Float32Array.from(trainImages, (byte) => (byte + 0.5) / 256);
  const data = Dataset.from(gpu, pixels, [train.count, 3, width, width]);
  const model = new VAE(gpu, { image: [3, width, width], encoder: "conv", hidden, latent, likelihood: "gaussian", variance: "learned", seed }); // prettier-ignore
  try {
    await model.fit(data, {
      epochs,
      batch,
      learningRate: schedule.cosine({ rate: learningRate, steps: epochs * Math.ceil(train.count / batch) }),
      seed,
      onProgress: (progress) => tell(fitStatus(progress)),
      ...long,
    });
  } catch (error) {
    model.dispose();
    throw error;
  } finally {
    data.dispose();
  }
  return {
    about: `VAE: convolutions of ${hidden.join(", ")} channels, code of ${latent}, normal pixels of one learnt variance`,
    parameters: model.parameterCount,
    async likelihood() {
      const n = Math.min(boundImages, test.count);
      const rows = dequantised(test, n, seed + 1);
      let total = 0;
      for (let start = 0; start < n; start += VAE_IMAGES_AT_ONCE) {
        const x = await rows.batch(start, Math.min(VAE_IMAGES_AT_ONCE, n - start));
        using bounds = model.logProb(x, { seed, step: start, samples: boundSamples });
        for (const value of await bounds.read()) total += value;
        x.dispose();
      }
      return { value: total / n, n, isBound: true };
    },
    sample: (count) => model.sample(count, { seed }),
    dispose: () => model.dispose(),
  };
}

const VAE_IMAGES_AT_ONCE = 10;
