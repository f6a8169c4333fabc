import { LatentError, quote } from "../device/errors.ts";
import { checkBytes } from "../formats/elements.ts";
import { checkGpu } from "../program/checkGpu.ts";
import type { Gpu } from "../program/gpu.ts";
import { PCA } from "./components/pca.ts";
import * as family from "./family/index.ts";
import { Gaussian } from "./gaussian/gaussian.ts";
import { KernelDensity } from "./kernelDensity/kernelDensity.ts";
import { KMeans } from "./kmeans/kmeans.ts";
import { modelOf, priorFile } from "./latent/file.ts";
import type { LatentModel } from "./latent/model.ts";
import type { NetworkOptions } from "./latent/network.ts";
import { GaussianMixture } from "./mixture/mixture.ts";

/** A density or a clustering that a file may hold. */
export type LoadedDensity = Gaussian | GaussianMixture | KernelDensity | KMeans | PCA;

/**
 * The model that any `save` wrote: the file says which one. Layers and likelihoods of one's own, and priors that are no Gaussian or
 * mixture, are not in the file and are given again, in `own`. A model of `defineModel` is loaded by its own class.
 *
 * Throws LatentError("format") on another file, and where a tensor is missing or differs.
 *
 *     const again = await load(gpu, await model.save());
 *     console.log(model instanceof VAE);
 */
export async function load(
  gpu: Gpu,
  bytes: Uint8Array,
  own?: Partial<NetworkOptions>,
): Promise<LatentModel | LoadedDensity> {
  checkGpu("load", gpu);
  checkBytes("load", bytes);
  const name = modelOf("load", bytes);
  const densities: { readonly [name: string]: { load(gpu: Gpu, bytes: Uint8Array): Promise<LoadedDensity> } } = {
    Gaussian,
    GaussianMixture,
    KernelDensity,
    KMeans,
    PCA,
  };
  const models = family as unknown as {
    readonly [name: string]: { load(gpu: Gpu, bytes: Uint8Array, own?: object): LatentModel };
  };
  if (name !== undefined && Object.hasOwn(densities, name)) return densities[name]!.load(gpu, bytes);
  if (name !== undefined && Object.hasOwn(models, name)) {
    const inside = own?.prior ? null : priorFile("load", bytes);
    if (!inside) return models[name]!.load(gpu, bytes, own);
    const prior = (await load(gpu, inside)) as Gaussian | GaussianMixture;
    try {
      const model = models[name]!.load(gpu, bytes, { ...own, prior });
      model.owned = prior;
      return model;
    } catch (error) {
      prior.dispose();
      throw error;
    }
  }
  throw new LatentError(
    "format",
    `load: this file holds no model of this package. Expected ${[...Object.keys(densities), ...Object.keys(models)].join(", ")}; got ${name === undefined ? "none" : quote(name)}.`,
  );
}
