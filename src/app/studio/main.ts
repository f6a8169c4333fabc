import { join } from "node:path";
import { Gaussian, GaussianMixture, type Gpu, VAE, version } from "../../index.ts";
import { loadMnistNode, openNodeGpu, writeFileWhole } from "../../node.ts";
import { pollOnceAMillisecond } from "../command/poll.ts";
import { compact } from "./compact.ts";
import { examplesFile, sheet } from "./examples.ts";
import { fitGaussian, fitMixture, fitVae, type Tell } from "./fit.ts";
import { scoresOf } from "./scores.ts";
import { studioSettings } from "./settings.ts";

/** What the command was asked for. */
export interface StudioRequest {
  /** Which models: some of "vae", "gaussian", "mixture". Codes of images come with the VAE. */
  readonly models: readonly string[];
  /** Where the files go. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly tell: Tell;
}

/** Metadata of a file: how its model was training, and how it scores. */
export const SETTINGS = "studio.settings";
export const SCORES = "studio.scores";

/** Trains models and writes them, with codes and pictures of test images, into the folder. */
export async function writeModels({ models, folder, signal, tell }: StudioRequest): Promise<void> {
  const mnist = await loadMnistNode();
  pollOnceAMillisecond();
  const gpu = await openNodeGpu();
  const { seed, scoredImages, sheetColumns } = studioSettings;
  const write = async (name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
    await writeFileWhole(join(folder, name), bytes);
    tell(`${name}: ${bytes.length} bytes`);
  };
  /** Saves a model in half precision, with the scores of what the file then holds. */
  const save = async <M extends VAE | Gaussian | GaussianMixture>(
    name: string,
    model: M,
    again: { load(gpu: Gpu, bytes: Uint8Array): M | Promise<M> },
    settings: object,
  ): Promise<M> => {
    const saved = await model.save();
    model.dispose();
    const training = JSON.stringify({ version, seed, adapter: gpu.info.description, data: "MNIST", ...settings });
    const loaded = await again.load(gpu, compact(saved, {}));
    const scores = await scoresOf(gpu, loaded, mnist.test.images, scoredImages, seed);
    await write(`${name}.safetensors`, compact(saved, { [SETTINGS]: training, [SCORES]: JSON.stringify(scores) }));
    tell(`  ${JSON.stringify(scores)}`);
    return loaded;
  };
  try {
    const { trainImages, vae, gaussian, mixture } = studioSettings;
    await write("digits.png", sheet(mnist, sheetColumns));
    if (models.includes("gaussian")) {
      const fitted = await fitGaussian(gpu, mnist, studioSettings, signal);
      (await save("gaussian", fitted, Gaussian, { trainImages, covariance: "factor", ...gaussian })).dispose();
    }
    if (models.includes("mixture")) {
      const fitted = await fitMixture(gpu, mnist, studioSettings, tell, signal);
      (await save("mixture", fitted, GaussianMixture, { covariance: "factor", ...mixture })).dispose();
    }
    if (models.includes("vae")) {
      const fitted = await fitVae(gpu, mnist, studioSettings, tell, signal);
      const loaded = await save("vae", fitted, VAE, { trainImages, likelihood: "continuousBernoulli", ...vae });
      await write("examples.safetensors", await examplesFile(gpu, loaded, mnist, studioSettings));
      loaded.dispose();
    }
  } finally {
    gpu.dispose();
  }
}
