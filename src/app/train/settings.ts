import { checkNonNegative } from "../../nn/optimiser.ts";
import { checkTrainOptions } from "../../nn/options.ts";
import { type ModelName, models } from "../familyModels.ts";
import { type Image, networkOptionNames } from "../../models/latent/network.ts";

/** What is trained, and how. */
export interface TrainSettings {
  readonly model: ModelName;
  /** Options of the model that differ from its own. */
  readonly options: { readonly [name: string]: unknown };
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  /** Of weights, of the order of samples and of all noise. */
  readonly seed: number;
}

/** Options that every run has, and what they are where nothing is said. */
export const RUN = { epochs: 10, batch: 128, learningRate: 1e-3, seed: 1 } as const;

/** The options of a model with its defaults, without a GPU. Throws LatentError("argument") on one that it refuses. */
export const optionsOf = (model: ModelName, image: Image, options: TrainSettings["options"] = {}) =>
  models[model].settings({ image, ...options } as never) as unknown as { readonly [name: string]: unknown };

/** A model's own options that one can type, with their defaults: numbers, words, true or false, lists of numbers. */
export function ownOptions(model: ModelName, image: Image): [name: string, standard: unknown][] {
  const network: ReadonlySet<string> = new Set([...networkOptionNames, "levels"]);
  return Object.entries(optionsOf(model, image)).filter(([name]) => !network.has(name));
}

/** Whether the divergence's weight may change while the model trains. */
export const isSteered = (options: { readonly [name: string]: unknown }): boolean =>
  options["beta"] !== undefined && options["type"] !== "B";

/** What is refused of some settings, by the name of the option that is at fault; "" where it is none alone. */
export function refusals({ model, options, ...run }: TrainSettings, image: Image): { readonly [name: string]: string } {
  const found: { [name: string]: string } = {};
  const tried = (work: () => unknown): string | undefined => {
    try {
      work();
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };
  const refusal = tried(() => optionsOf(model, image, options));
  if (refusal !== undefined) {
    // the one without which the others pass
    const others = (name: string) => Object.fromEntries(Object.entries(options).filter(([other]) => other !== name));
    const fault = Object.keys(options).find((name) => tried(() => optionsOf(model, image, others(name))) === undefined);
    found[fault ?? ""] = refusal;
  }
  for (const name of ["epochs", "batch", "seed"] as const) {
    const words = tried(() => checkTrainOptions("fit", { [name]: run[name] }));
    if (words !== undefined) found[name] = words;
  }
  const rate = tried(() => checkNonNegative("fit", "learningRate", run.learningRate));
  if (rate !== undefined) found["learningRate"] = rate;
  return found;
}
