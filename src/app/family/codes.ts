import type { Dataset } from "../../data/dataset.ts";
import { Tensor } from "../../graph/tensor.ts";
import { concatenated } from "../../formats/concatenated.ts";
import type { LatentModel } from "../../models/latent/model.ts";
import { GaussianMixture } from "../../models/mixture/mixture.ts";
import type { FamilyContext } from "./context.ts";
import { labelsFor } from "./bounds.ts";
import type { Member } from "./settings.ts";

/** Images of one pass through an encoder. */
const BLOCK = 500;

/** Components of the mixtures that are fitted to codes. */
export const COMPONENTS = 10;

/**
 * Codes of the first `count` images, [count, latent] row by row: the posteriors' means, or one draw of each.
 * Where a model has classes it is told those of `labels`.
 */
export async function codesOf(
  { gpu, seed }: FamilyContext,
  member: Member,
  model: LatentModel,
  images: Dataset,
  labels: Uint8Array,
  count: number,
  kind: "means" | "draws",
): Promise<Float32Array<ArrayBuffer>> {
  const given = labelsFor(member, labels);
  const parts: Float32Array[] = [];
  for (let start = 0; start < count; start += BLOCK) {
    const stop = Math.min(count, start + BLOCK);
    const part = await gpu.scope(async () => {
      const q = model.encode(images.slice(start, stop), given(start, stop));
      const codes =
        q instanceof Tensor ? q : kind === "means" ? q.mean : q.sample({ seed, step: start, name: "codes" });
      return (await codes.read()) as Float32Array;
    });
    parts.push(part);
  }
  return concatenated(Float32Array, parts);
}

/** Of each number of codes [n, width], its variance over them. */
function variances(codes: Float32Array, width: number): Float64Array {
  const n = codes.length / width;
  return Float64Array.from({ length: width }, (_, j) => {
    let mean = 0;
    for (let at = j; at < codes.length; at += width) mean += codes[at]! / n;
    let variance = 0;
    for (let at = j; at < codes.length; at += width) variance += (codes[at]! - mean) ** 2 / n;
    return variance;
  });
}

/** A mixture of Gaussians fitted to draws of training images' codes: a density that `withPrior` takes. */
export async function mixtureOf(
  context: FamilyContext,
  member: Member,
  model: LatentModel,
  data: Dataset,
): Promise<GaussianMixture> {
  const { gpu, seed, settings, trainLabels } = context;
  const codes = await codesOf(context, member, model, data, trainLabels, settings.codes, "draws");
  const width = codes.length / settings.codes;
  const x = gpu.tensor(codes, [settings.codes, width]);
  try {
    const regularization = (1e-6 * variances(codes, width).reduce((a, b) => a + b)) / width;
    return await GaussianMixture.fit(x, { components: COMPONENTS, covariance: "full", seed, regularization });
  } finally {
    x.dispose();
  }
}

/** Latent dimensions whose mean varies over images by more than 0.01. Source: Burda, Grosse & Salakhutdinov 2016. */
export function activeUnits(means: Float32Array, width: number): { value: number; of: number } {
  return { value: variances(means, width).filter((variance) => variance > 0.01).length, of: width };
}
