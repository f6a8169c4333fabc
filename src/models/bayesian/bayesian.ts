import { rowsOf, type Samples } from "../../data/rows.ts";
import { GaussianMixture } from "../mixture/mixture.ts";
import { fitBayesian, type FittedBayesian } from "./fit.ts";
import { type BayesianOptions, bayesianPlan } from "./options.ts";
import { expectedWeights } from "./posterior.ts";

/**
 * A mixture of Gaussians whose parameters have a posterior: components that are not needed end with little weight, so that their number is found.
 * Mean-field variational inference with a Dirichlet process or Dirichlet prior of the weights, as scikit-learn's BayesianGaussianMixture, whose lower bound it has.
 *
 *     const model = await BayesianGaussianMixture.fit(x, { components: 4, covariance: "full" });
 *     const labels = await model.mixture.predict(x).read();
 */
export class BayesianGaussianMixture {
  /** The mixture at the posterior's expected weights, means and precisions: density, samples, labels. Its `dispose` is this model's. */
  readonly mixture: GaussianMixture;
  /** Lower bound of log p(all rows) but for constants, in nats; scikit-learn's `lower_bound_`. */
  readonly lowerBound: number;
  /** The bound after each iteration. */
  readonly history: readonly number[];
  /** Iterations of the fit. */
  readonly iterations: number;
  /** Whether the last change of the bound was below the tolerance. */
  readonly converged: boolean;
  /** How many rows' worth of evidence each mean has, prior included: [K]. */
  readonly meanPrecisions: readonly number[];
  /** Degrees of freedom of each precision's Wishart distribution: [K], tied [1]. */
  readonly degreesOfFreedom: readonly number[];
  /** What the fit has to say: iterations that ran out. */
  readonly warnings: readonly string[];

  private constructor(mixture: GaussianMixture, { posterior, bound, history, iterations, converged }: FittedBayesian) {
    this.mixture = mixture;
    this.lowerBound = bound;
    this.history = history;
    this.iterations = iterations;
    this.converged = converged;
    this.meanPrecisions = [...posterior.meanPrecision];
    this.degreesOfFreedom = [...posterior.degrees];
    const text = `BayesianGaussianMixture.fit: the bound still rose after ${iterations} iterations. Raise maxIterations or tolerance.`;
    this.warnings = converged || iterations === 1 ? [] : [text];
  }

  /**
   * Fits a tensor [n, d], a data set or a source of rows, batch by batch; starts from k-means.
   * Throws LatentError: "data" on a value that is not finite; "argument" on options, and where there are fewer rows than components; "numeric" where the bound leaves the finite numbers.
   */
  static async fit(samples: Samples, options: BayesianOptions): Promise<BayesianGaussianMixture> {
    const where = "BayesianGaussianMixture.fit";
    const rows = rowsOf(where, samples);
    const plan = bayesianPlan(where, options, rows.dim);
    const found = await fitBayesian(where, rows, plan);
    const { means, covariances } = found.posterior;
    const weights = expectedWeights(found.posterior);
    const parameters = { covariance: plan.kind, weights, means, covariances };
    const mixture = await GaussianMixture.from(found.gpu, parameters, { signal: plan.signal });
    return new BayesianGaussianMixture(mixture, found);
  }

  /** Frees its memory on the GPU. */
  dispose(): void {
    this.mixture.dispose();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
