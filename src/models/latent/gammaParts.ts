import { above, oneOf, whole } from "../../formats/options.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Builder } from "./builder.ts";
import { gamma, gammaPrior, positive } from "./gamma.ts";
import { weight } from "./weight.ts";

/** Options of Gamma codes, their prior and the gradient of their draws. */
export const gammaOptions = {
  beta: weight(1),
  priorShape: above(0, 1),
  priorRate: above(0, 1),
  floor: above(0, 0.01),
  gradient: oneOf("implicit", "augmented"),
  augmentation: whole(1, 4),
};

interface GammaSettings {
  readonly latent: number;
  readonly priorShape: number;
  readonly priorRate: number;
  readonly floor: number;
}

/** Two heads, shape and rate, of positive codes. */
export function gammaParts(build: Builder, { latent, priorShape, priorRate, floor }: GammaSettings) {
  const encoder = build.encoder();
  const [shape, rate] = ["shape", "rate"].map((name) => build.linear(name, encoder.features, latent));
  const prior = gammaPrior(build.gpu, latent, priorShape, priorRate);
  const encode = (x: Tensor) => {
    const features = encoder.forward(x);
    const [a, r] = [shape, rate].map((head) => positive(head!.forward(features), floor));
    return gamma(a!, r!, prior);
  };
  return { encode, decode: build.decoder(), prior };
}
