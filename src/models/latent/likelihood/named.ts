import { check, quote } from "../../../device/errors.ts";
import { above, optional } from "../../../formats/options.ts";
import type { Gpu } from "../../../program/gpu.ts";
import type { Likelihood } from "../distribution.ts";
import { bernoulli } from "./bernoulli.ts";
import { continuousBernoulli } from "./continuousBernoulli.ts";
import { gaussian, type Variance, varianceOption } from "./gaussian.ts";
import { laplace } from "./laplace.ts";
import { logCosh } from "./logCosh.ts";

const NAMES = ["bernoulli", "continuousBernoulli", "gaussian", "laplace", "logCosh"] as const;

/** Likelihoods that have a name. */
export type LikelihoodName = (typeof NAMES)[number];

/** What a likelihood that is given by name may be told. */
export interface LikelihoodOptions {
  /** "bernoulli" (the default), "continuousBernoulli", "gaussian", "laplace", "logCosh", or a likelihood of your own. */
  readonly likelihood?: LikelihoodName | Likelihood;
  /** Of "gaussian": a number, "learned" (the default), "per-pixel" or "optimal". */
  readonly variance?: Variance;
  /** Of "laplace": the mean distance from the output; 1. */
  readonly scale?: number;
}

/** Checks the likelihood and what goes with it. */
export function checkLikelihood(where: string, { likelihood, variance, scale }: LikelihoodOptions): void {
  const isOwn = typeof likelihood === "object" && likelihood !== null && typeof likelihood.at === "function";
  check(
    likelihood === undefined || isOwn || NAMES.includes(likelihood as LikelihoodName),
    "argument",
    where,
    () =>
      `expected likelihood ${NAMES.map(quote).join(", ")}, or one of your own { outputs, at(output) }; got ${JSON.stringify(likelihood)}.`,
  );
  optional(varianceOption).read(where, "variance", variance);
  optional(above(0)).read(where, "scale", scale);
}

/** The likelihood of these options; `alpha` is that of "logCosh". */
export function likelihoodOf(
  gpu: Gpu,
  { likelihood = "bernoulli", variance, scale, alpha }: LikelihoodOptions & { readonly alpha?: number },
): Likelihood {
  if (typeof likelihood === "object") return likelihood;
  switch (likelihood) {
    case "bernoulli":
      return bernoulli();
    case "continuousBernoulli":
      return continuousBernoulli();
    case "gaussian":
      return gaussian(gpu, variance === undefined ? {} : { variance });
    case "laplace":
      return laplace(scale === undefined ? {} : { scale });
    case "logCosh":
      return logCosh(alpha === undefined ? {} : { alpha });
  }
}
