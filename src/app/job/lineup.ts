import { autoEncoder } from "./autoEncoder.ts";
import type { Contender } from "./contender.ts";
import { gaussian } from "./gaussian.ts";
import { diagonalMixture, fullMixture } from "./mixture.ts";
import type { ModelKey, Settings } from "./settings.ts";
import { convVae, vae } from "./vae.ts";

const contenders: { readonly [key in ModelKey]: Contender } = {
  gaussian,
  mixture: diagonalMixture,
  "full-mixture": fullMixture,
  autoencoder: autoEncoder,
  vae,
  "conv-vae": convVae,
};

/** The models of the settings, in the order in which they are named. */
export const lineup = ({ models }: Settings): Contender[] => models.map((key) => contenders[key]);
