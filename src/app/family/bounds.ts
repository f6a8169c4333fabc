import type { Dataset } from "../../data/dataset.ts";
import { Tensor } from "../../graph/tensor.ts";
import type { LatentModel } from "../../models/latent/model.ts";
import { NEEDS_CLASSES } from "../familyModels.ts";
import type { FamilyContext } from "./context.ts";
import type { FamilyRow } from "./row.ts";
import type { Member } from "./settings.ts";

/** Test images of one pass. */
const BLOCK = 500;

/** What a call on images of a model with classes is told. */
export type LabelsOf = (start: number, stop: number) => { readonly labels?: Uint8Array };

/** The labels of test images, where the model has classes. */
export const labelsFor =
  ({ name }: Member, labels: Uint8Array): LabelsOf =>
  (start, stop) =>
    NEEDS_CLASSES.has(name) ? { labels: labels.slice(start, stop) } : {};

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Values of test images, block by block: `of` gives tensors by name, each [n] or []; the latter count once for each image. */
async function overBlocks(
  { gpu }: FamilyContext,
  images: Dataset,
  count: number,
  size: number,
  of: (x: Tensor, start: number, stop: number) => { readonly [name: string]: Tensor },
): Promise<{ [name: string]: number[] }> {
  const found: { [name: string]: number[] } = {};
  for (let start = 0; start < count; start += size) {
    const stop = Math.min(count, start + size);
    await gpu.scope(async () => {
      const tensors = of(images.slice(start, stop), start, stop);
      await gpu.evaluate(Object.values(tensors));
      for (const [name, tensor] of Object.entries(tensors)) {
        const values = [...((await tensor.read()) as Float32Array)];
        (found[name] ??= []).push(...(values.length === 1 ? new Array<number>(stop - start).fill(values[0]!) : values));
      }
    });
  }
  return found;
}

/** Reconstruction, divergence and their bounds on log p(x), and all terms of the loss, on test images. */
export async function boundsOf(
  context: FamilyContext,
  member: Member,
  model: LatentModel,
): Promise<Pick<FamilyRow, "reconstruction" | "kl" | "elbo" | "terms" | "logProb">> {
  const { settings, seed, test, testLabels, train } = context;
  const images = test[member.pixels];
  const labels = labelsFor(member, testLabels);
  const step = settings.epochs * Math.ceil(train.count / settings.batch);
  const [terms, bounds] = [
    await overBlocks(context, images, images.count, BLOCK, (x, start, stop) =>
      model.terms(x, { seed: seed + start, step, count: train.count, ...labels(start, stop) }),
    ),
    await overBlocks(context, images, images.count, BLOCK, (x, start, stop): { [name: string]: Tensor } => {
      const given = labels(start, stop);
      if (model.encode(x, given) instanceof Tensor) return { reconstruction: model.logProb(x) };
      const { reconstruction, kl } = model.elbo(x, { seed: seed + start, ...given });
      return { reconstruction, kl };
    }),
  ];
  const reconstruction = average(bounds["reconstruction"]!);
  const means = Object.fromEntries(Object.entries(terms).map(([name, values]) => [name, average(values)]));
  if (!bounds["kl"]) return { reconstruction, terms: means };
  const kl = average(bounds["kl"]);
  if (!member.bounded) return { reconstruction, kl, terms: means };
  const samples = settings.boundSamples;
  const { logProb } = await overBlocks(context, images, settings.boundImages, 100, (x, start, stop) => ({
    logProb: model.logProb(x, { samples, seed: seed + start, ...labels(start, stop) }),
  }));
  const value = average(logProb!);
  const deviation = Math.sqrt(average(logProb!.map((one) => (one - value) ** 2)) / logProb!.length);
  return {
    reconstruction,
    kl,
    elbo: reconstruction - kl,
    terms: means,
    logProb: { value, deviation, n: logProb!.length, samples },
  };
}
