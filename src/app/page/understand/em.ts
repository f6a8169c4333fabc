import { GaussianMixture, type Gpu, type Tensor } from "../../../index.ts";

/** A mixture of K Gaussians on the plane: weights [K], means [K, 2], covariances [K, 2, 2]. */
export interface PlaneMixture {
  readonly weights: readonly number[];
  readonly means: readonly number[];
  readonly covariances: readonly number[];
}

/** Where EM begins: equal weights, and round covariances of deviation 1 around these means [K, 2]. */
export const beginning = (means: readonly number[]): PlaneMixture => {
  const components = means.length / 2;
  return {
    weights: Array.from({ length: components }, () => 1 / components),
    means,
    covariances: Array.from({ length: components }, () => [1, 0, 0, 1]).flat(),
  };
};

/** What a mixture says of points: responsibilities [n, K], and the mean log-likelihood of a point in nats. */
export interface Verdict {
  readonly responsibilities: Float32Array;
  readonly logLikelihood: number;
}

/** Asks a mixture for its verdict on points x [n, 2]. */
export async function verdictOf(gpu: Gpu, x: Tensor, mixture: PlaneMixture): Promise<Verdict> {
  using model = await GaussianMixture.from(gpu, { covariance: "full", ...mixture });
  using responsibilities = model.responsibilities(x);
  return {
    responsibilities: (await responsibilities.read()) as Float32Array,
    logLikelihood: await model.score(x),
  };
}

/** The mixture after so many steps of EM on points x [n, 2]. */
export async function afterSteps(x: Tensor, start: PlaneMixture, steps: number): Promise<PlaneMixture> {
  if (steps === 0) return start;
  const init = { weights: [...start.weights], means: [...start.means], covariances: [...start.covariances] };
  const options = { components: start.weights.length, covariance: "full", init, maxIterations: steps, tolerance: 0 } as const; // prettier-ignore
  using model = await GaussianMixture.fit(x, options);
  const [weights, means, covariances] = await Promise.all([
    model.weights.read(),
    model.means.read(),
    model.covariances.read(),
  ]);
  return { weights: normalised(weights), means: [...means], covariances: [...covariances] };
}

/** Weights in float32 add up to 1 but for rounding; each next start wants them to do so in float64. */
function normalised(weights: ArrayLike<number>): number[] {
  const values = Array.from(weights);
  const total = values.reduce((a, b) => a + b, 0);
  return values.map((value) => value / total);
}
