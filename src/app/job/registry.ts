import { autoEncoder } from "./autoEncoder.ts";
import type { ModelEntry } from "./modelEntry.ts";
import { gaussian } from "./gaussian.ts";
import { diagonalMixture, fullMixture } from "./mixture.ts";
import type { ModelKey, Settings } from "./settings.ts";
import { convVae, vae } from "./vae.ts";

const entries: { readonly [key in ModelKey]: ModelEntry } = {
  gaussian,
  mixture: diagonalMixture,
  "full-mixture": fullMixture,
  autoencoder: autoEncoder,
  vae,
  "conv-vae": convVae,
};

/** The models of the settings, in the order in which they are named. */
export const registry = ({ models }: Settings): ModelEntry[] => models.map((key) => entries[key]);
