import type { LatentModel } from "../../models/latent/model.ts";
import type { Progress } from "../../nn/options.ts";
import { schedule } from "../../nn/schedule.ts";
import type { FamilyContext } from "./context.ts";
import { models } from "../familyModels.ts";
import { type Member, optionsOf } from "./settings.ts";
import type { ModelStore } from "./store.ts";

/** A trained model, and what its training took. */
export interface TrainedMember {
  readonly model: LatentModel;
  readonly seconds: number;
  readonly steps: number;
}

/** Raised when a model's training or its file changes. */
const VERSION = 2;

/** Everything that training depends on, as text: a model that was kept under another key is trained again. */
export const keyOf = (
  member: Member,
  { settings, seed, digits }: Pick<FamilyContext, "settings" | "seed" | "digits">,
): string => {
  const { name, pixels, options } = member;
  const { trainImages, epochs, batch, learningRate, hidden, latent } = settings;
  const features = "features" in options ? digits.checksum : "";
  return JSON.stringify([
    VERSION,
    name,
    pixels,
    options,
    { trainImages, epochs, batch, learningRate, hidden, latent },
    seed,
    features,
  ]);
};

/** Images in [0, 1] as the logarithm of their odds, a little inside of 0 and 1. */
const logOdds = (grey: number): number => {
  const p = Math.min(0.98, Math.max(0.02, grey / 255));
  return Math.log(p / (1 - p));
};

/** The model, trained; or as the store has it, where it was trained with the same settings. */
export async function fittedMember(
  context: Pick<FamilyContext, "gpu" | "settings" | "seed" | "digits" | "train">,
  member: Member,
  store: ModelStore,
  onProgress: (progress: Progress) => void,
  signal?: AbortSignal,
): Promise<TrainedMember> {
  const { gpu, settings, seed, digits, train } = context;
  const options = optionsOf(member, settings, seed, digits);
  const key = keyOf(member, context);
  const stored = store.read(member.name);
  if (stored?.about.key === key) {
    const own = "features" in options ? { features: options.features } : {};
    return { ...stored.about, model: models[member.name].load(gpu, stored.bytes, own) };
  }
  const model = new models[member.name](gpu, options as never);
  try {
    // learnt images that begin as training images are seen by the encoder as such from the first step
    const pseudoInputs = model.parameters["prior.pseudo_inputs"];
    if (pseudoInputs) {
      const bytes = await train.samples.read();
      pseudoInputs.write(Float32Array.from(bytes.subarray(0, pseudoInputs.size), logOdds));
    }
    const { epochs, batch, learningRate } = settings;
    const steps = epochs * Math.ceil(train.count / batch);
    const start = performance.now();
    await model.fit(train, {
      epochs,
      batch,
      learningRate: schedule.cosine({ rate: learningRate, steps }),
      seed,
      binarize: member.pixels === "binary",
      onProgress,
      signal,
    });
    const seconds = (performance.now() - start) / 1000;
    store.write(member.name, await model.save(), { key, seconds, steps });
    return { model, seconds, steps };
  } catch (error) {
    model.dispose();
    throw error;
  }
}
