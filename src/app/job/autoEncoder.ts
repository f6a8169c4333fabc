import { AutoEncoder } from "../../models/family/autoEncoder.ts";
import { codePictures } from "./codes.ts";
import type { ModelEntry } from "./modelEntry.ts";
import { HIDDEN, LATENT } from "./settings.ts";
import { testMeans, training } from "./training.ts";

const key = "autoencoder";
const name = `AE 784-${HIDDEN}-${LATENT}`;

/** The auto-encoder without a prior: its codes get a Gaussian afterwards. */
export const autoEncoder: ModelEntry = {
  key,
  name,
  weight: ({ autoEncoderEpochs }) => 28 * autoEncoderEpochs,
  async fit(context, report) {
    const { gpu, train, settings, seed } = context;
    const { autoEncoderEpochs: epochs, batch, learningRate } = settings;
    const model = new AutoEncoder(gpu, {
      image: [1, 28, 28],
      encoder: "mlp",
      hidden: HIDDEN,
      latent: LATENT,
      likelihood: "bernoulli",
      seed,
    });
    try {
      await model.fit(train, training(context, report, { key, title: name, loss: "BCE", epochs }));
    } catch (error) {
      model.dispose();
      throw error;
    }
    return {
      about: `The same layers as the VAE, but codes are points and nothing pulls them to a prior; Adam ${learningRate}, batch ${batch}, ${epochs} epochs. Samples are decoded draws of one full Gaussian fitted to the training images' codes.`,
      caption: `${name}: decoded draws of a Gaussian fitted to its codes.`,
      parameters: model.parameterCount,
      sample: (count, from) => model.sample(count, { seed: from }),
      async score(progress) {
        const [logProb = NaN] = await testMeans(context, (images) => [model.logProb(images)], progress);
        return { loss: { value: -logProb, reconstruction: -logProb, n: context.test.count } };
      },
      pictures: () => codePictures(context, model, key, name),
      dispose: () => model.dispose(),
    };
  },
};
