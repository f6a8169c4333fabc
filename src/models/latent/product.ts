import { atLeast, whole } from "../../formats/options.ts";
import { add } from "../../graph/ops/arithmetic.ts";
import { part, concat } from "../../graph/ops/part.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Builder } from "./builder.ts";
import { categorical, categoricalOptions, uniformCategories } from "./categorical.ts";
import type { Posterior, Prior } from "./distribution.ts";
import { sampledKl, StandardNormal } from "./normal.ts";

/** A code's two parts: [..., first] and [..., rest]. */
const halves = (z: Tensor, first: number): [Tensor, Tensor] => {
  const axis = z.rank - 1;
  return [part(z, axis, 0, first), part(z, axis, first, z.shape[axis]! - first)];
};

/** Two independent priors, whose codes stand side by side. */
export function productPrior(a: Prior, b: Prior): Prior {
  const first = a.shape[0]!;
  return {
    shape: [first + b.shape[0]!],
    parameters: { ...a.parameters, ...b.parameters },
    logProb(z) {
      const [x, y] = halves(z, first);
      return add(a.logProb(x), b.logProb(y));
    },
    sample(n, draw) {
      return concat([a.sample(n, draw), b.sample(n, { ...draw, name: `${draw.name ?? "prior"} second` })], 1);
    },
  };
}

/**
 * Two posteriors that are independent given the image, whose codes stand side by side; `priors` are those of each, and `own` is their
 * product, from which the divergence has a closed form.
 */
export function productPosterior(a: Posterior, b: Posterior, priors: readonly [Prior, Prior], own: Prior): Posterior {
  const first = a.mean.shape[1]!;
  const logProb = (z: Tensor): Tensor => {
    const [x, y] = halves(z, first);
    return add(a.logProb(x), b.logProb(y));
  };
  return {
    mean: concat([a.mean, b.mean], 1),
    logProb,
    sample(draw, draws) {
      const x = a.sample(draw, draws);
      return concat([x, b.sample({ ...draw, name: `${draw.name ?? "z"} second` }, draws)], x.rank - 1);
    },
    klTo(prior, z) {
      if (prior !== own) return sampledKl({ logProb }, prior, z);
      const [x, y] = halves(z, first);
      return add(a.klTo(priors[0], x), b.klTo(priors[1], y));
    },
  };
}

/** Options of codes of numbers and classes, each with a capacity. */
export const jointOptions = {
  ...categoricalOptions,
  variables: whole(1, 1),
  gamma: atLeast(0, 30),
  categoricalGamma: atLeast(0, 30),
  maxCapacity: atLeast(0, 5),
  maxCategoricalCapacity: atLeast(0, 5),
  capacitySteps: whole(1, 25_000),
};

/** Networks of codes [z | y] of `latent` numbers and `variables` classes; `both` gives the two posteriors of images apart. */
export function jointParts(
  build: Builder,
  { latent, variables, classes }: { readonly latent: number; readonly variables: number; readonly classes: number },
) {
  const encoder = build.encoder();
  const heads = build.normal(encoder.features, latent);
  const logits = build.linear("logits", encoder.features, variables * classes);
  const priors = [new StandardNormal(build.gpu, latent), uniformCategories(build.gpu, variables, classes)] as const;
  const both = (x: Tensor) => {
    const features = encoder.forward(x);
    return [heads(features), categorical(logits.forward(features), variables, classes, priors[1])] as const;
  };
  const prior = productPrior(...priors);
  const encode = (x: Tensor) => productPosterior(...both(x), priors, prior);
  const decode = build.decoder(latent + variables * classes);
  return { both, encode, decode, prior, priors };
}
