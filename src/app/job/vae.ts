import { VAE } from "../../models/family/vae.ts";
import { codePictures } from "./codes.ts";
import type { ModelEntry, JobContext, FittedModel } from "./modelEntry.ts";
import { HIDDEN, LATENT } from "./settings.ts";
import type { OnProgress } from "./stages.ts";
import { testMeans, training } from "./training.ts";

const image: [number, number, number] = [1, 28, 28];

interface Kind {
  key: string;
  name: string;
  encoder: "mlp" | "conv";
  hidden: number | number[];
  layers: string;
}

/** The variational auto-encoder of the usual example, and one with convolutions. */
const kinds: Kind[] = [
  {
    key: "vae",
    name: `VAE 784-${HIDDEN}-${LATENT}`,
    encoder: "mlp",
    hidden: HIDDEN,
    layers: `one hidden layer of ${HIDDEN} units in encoder and decoder`,
  },
  {
    key: "conv-vae",
    name: `VAE, convolutional, ${LATENT}`,
    encoder: "conv",
    hidden: [32, 64],
    layers: "two strided convolutions of 32 and 64 channels, and their transposes",
  },
];

async function fit(
  context: JobContext,
  report: OnProgress,
  { key, name, encoder, hidden, layers }: Kind,
): Promise<FittedModel> {
  const { gpu, train, settings, seed } = context;
  const { vaeEpochs: epochs, batch, learningRate } = settings;
  const vae = new VAE(gpu, { image, encoder, hidden, latent: LATENT, likelihood: "bernoulli", beta: 1, seed });
  const sample = (count: number, from: number) => vae.sample(count, { seed: from });
  try {
    await vae.fit(train, training(context, report, { key, title: name, loss: "BCE + KL", epochs, sample }));
  } catch (error) {
    vae.dispose();
    throw error;
  }
  return {
    about: `${layers[0]!.toUpperCase()}${layers.slice(1)}, ReLU, ${LATENT} latent dimensions, Bernoulli loss on grey pixels, beta 1, Adam ${learningRate}, batch ${batch}, ${epochs} epochs. Samples are the decoder's means for codes drawn from N(0, I).`,
    caption: `${name}: means of the decoder for codes from N(0, I).`,
    parameters: vae.parameterCount,
    sample,
    async score(progress) {
      const measure = (images: Parameters<VAE["elbo"]>[0], start: number) => {
        const { reconstruction, kl } = vae.elbo(images, { seed: seed + start });
        return [reconstruction, kl];
      };
      const [logProb = NaN, kl = NaN] = await testMeans(context, measure, progress);
      return { loss: { value: kl - logProb, reconstruction: -logProb, kl, n: context.test.count } };
    },
    pictures: () => codePictures(context, vae, key, name),
    dispose: () => vae.dispose(),
  };
}

const entryOf = (kind: Kind, weight: number): ModelEntry => ({
  key: kind.key,
  name: kind.name,
  weight: ({ vaeEpochs }) => weight * vaeEpochs,
  fit: (context, report) => fit(context, report, kind),
});

export const vae = entryOf(kinds[0]!, 33);
export const convVae = entryOf(kinds[1]!, 200);
