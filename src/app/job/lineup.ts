import { autoEncoder } from "./autoEncoder.ts";
import type { Contender } from "./contender.ts";
import { gaussian } from "./gaussian.ts";
import { diagonalMixture, fullMixture } from "./mixture.ts";
import type { Settings } from "./settings.ts";
import { convVae, vae } from "./vae.ts";

/** The models of a preset, in the order in which they run. */
export const lineup = ({ more }: Settings): Contender[] =>
  more
    ? [gaussian, diagonalMixture, fullMixture, autoEncoder, vae, convVae]
    : [gaussian, diagonalMixture, autoEncoder, vae];
