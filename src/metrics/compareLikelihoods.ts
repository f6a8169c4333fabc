import { check } from "../device/errors.ts";
import { type Density, logProbs } from "./logLikelihood.ts";
import { defineMeasure } from "./measure.ts";
import { numbersOf } from "../linalg/numbers.ts";
import type { SampleSet } from "./sets.ts";
import { meanAndVariance, normalInterval, normalQuantile, normalTail, studentQuantile } from "./statistics.ts";

/** Nothing of its own. */
export type CompareLikelihoodsOptions = Readonly<Record<never, never>>;

/** The parts of a comparison of likelihoods. */
export interface CompareLikelihoods {
  /** s/√n, s with divisor n − 1. */
  readonly standardError: number;
  /** By Student's t. */
  readonly intervalT: readonly [number, number];
  /** With the one-term Edgeworth correction for skewness, for small n. */
  readonly intervalEdgeworth: readonly [number, number];
  /** Of the differences, divisor n. */
  readonly skewness: number;
  /** Two-sided, by the normal law. */
  readonly p: number;
}

/**
 * Which of two models with likelihoods is nearer to the data:  δ = mean_i (log p_A(x_i) − log p_B(x_i)) on held-out x, which is KL(data ‖ B) − KL(data ‖ A), exactly, as the data's entropy cancels. Above 0: A is nearer.
 * Bounds (a VAE's ELBO) do not differ by δ. Log-densities that are known do as well: `compareLikelihoods({ logDensityA, logDensityB })`. Source: arXiv 2501.18897.
 *
 *     const { value, interval } = await compareLikelihoods(await Gaussian.fit(a), await Gaussian.fit(b), a);
 */
export const compareLikelihoods = /* @__PURE__ */ defineMeasure<
  [modelA: Density, modelB: Density, x: SampleSet],
  CompareLikelihoodsOptions,
  CompareLikelihoods
>({
  name: "compareLikelihoods",
  sets: ["modelA", "modelB", "x"],
  instead: ["logDensityA", "logDensityB"],
  options: {},
  async of(inputs, _options, context) {
    const { where, level } = context;
    const of = async (model: "modelA" | "modelB", given: "logDensityA" | "logDensityB"): Promise<Float64Array> => {
      if (inputs[given] !== undefined) return numbersOf(where, given, inputs[given]);
      const { logProb } = (inputs[model] ?? {}) as Density;
      check(typeof logProb === "function", "argument", where, () => {
        return `expected ${model} with logProb(x): a Gaussian, a GaussianMixture or a VAE; got ${typeof inputs[model]}.`;
      });
      return logProbs((x) => logProb.call(inputs[model], x), context, "x");
    };
    const [a, b] = [await of("modelA", "logDensityA"), await of("modelB", "logDensityB")];
    const n = a.length;
    check(n === b.length && n >= 2, "shape", where, () => {
      return `expected as many log-densities of both models, at least 2; got ${n} and ${b.length}.`;
    });
    context.count("x", n);
    const v = a.map((value, i) => value - b[i]!);
    const { mean: value, variance } = meanAndVariance(v);
    const error = Math.sqrt(variance / n);
    const second = (variance * (n - 1)) / n;
    const third = v.reduce((total, x) => total + (x - value) ** 3, 0) / n;
    const skewness = second > 0 ? third / second ** 1.5 : 0;
    const z = normalQuantile(0.5 + level / 2);
    const t = studentQuantile(0.5 + level / 2, n - 1);
    const shift = (skewness * (2 * z * z + 1)) / (6 * Math.sqrt(n));
    return {
      value,
      deviation: error,
      standardError: error,
      interval: normalInterval(value, error, level),
      intervalT: [value - t * error, value + t * error] as const,
      intervalEdgeworth: [value - (z - shift) * error, value + (z + shift) * error] as const,
      skewness,
      p: error > 0 ? 2 * normalTail(Math.abs(value) / error) : Number(value === 0),
    };
  },
});
