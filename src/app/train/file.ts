import { LatentError } from "../../formats/errors.ts";
import { parseSafetensors } from "../../formats/safetensors.ts";
import { type ModelName, modelNames } from "../familyModels.ts";
import { RUN, type TrainSettings } from "./settings.ts";

const TRAINING = "latentgpu.training";

/** Whether a file holds where a training stood, and what its optimiser remembers, besides the model. */
export const isCheckpoint = (bytes: Uint8Array): boolean =>
  parseSafetensors(bytes, { where: "load" }).metadata.has(TRAINING);

/** What a file that was saved here says of its training. */
export interface Opened {
  readonly settings: TrainSettings;
  readonly image: readonly [number, number, number];
  /** Steps that were made, or null where the file holds the model alone. */
  readonly step: number | null;
}

/** Reads the settings out of a model's file or a checkpoint. Throws LatentError("format") on another file. */
export function opened(bytes: Uint8Array): Opened {
  const { metadata } = parseSafetensors(bytes, { where: "load" });
  const model = metadata.get("latentgpu.model") as ModelName | undefined;
  if (model === undefined || !modelNames.includes(model))
    throw new LatentError(
      "format",
      `load: this file holds no model that can be trained here. Expected one of ${modelNames.join(", ")}; got ${model ?? "none"}.`,
    );
  const { image, levels, seed, ...options } = JSON.parse(metadata.get("latentgpu.options") ?? "{}") as {
    readonly [name: string]: unknown;
  };
  const position = JSON.parse(metadata.get(TRAINING) ?? "null") as { step: number; batch: number; seed: number } | null;
  return {
    settings: {
      ...RUN,
      model,
      options: levels ? { ...options, latent: levels } : options,
      seed: position?.seed ?? (seed as number),
      ...(position ? { batch: position.batch } : {}),
    },
    image: image as Opened["image"],
    step: position?.step ?? null,
  };
}
