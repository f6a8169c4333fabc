import { check, checkOptions, LatentError, present } from "../../device/errors.ts";
import { checkCall, signalOf } from "../../formats/call.ts";
import type { ReadOptions } from "../../graph/options.ts";
import { argmax } from "../../graph/ops/argmax.ts";
import { log } from "../../graph/ops/elementwise.ts";
import type { Draw } from "../../data/streams.ts";
import { logsumexp } from "../../graph/ops/softmax.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { gpuOf, rowsOf, type Samples } from "../../data/rows.ts";
import { checkGpu } from "../../program/checkGpu.ts";
import type { Gpu } from "../../program/gpu.ts";
import { numbersOf } from "../../linalg/numbers.ts";
import { Conditional, type ConditionalOptions } from "../covariance/conditional.ts";
import { checkRank, familyOf } from "../covariance/families.ts";
import type { CovarianceFamily, CovarianceKind, Tensors } from "../covariance/family.ts";
import { imputed, incompleteJoint, inSteps } from "../covariance/step.ts";
import { meanLogProb } from "../logProb.ts";
import { checkMissing, type Missing, type MissingCall } from "../observed.ts";
import { expected, logJoint, prepare, type Prepared } from "./components.ts";
import type { MixtureValues } from "./emStates.ts";
import { type Course, mixtureFile, parseMixture } from "./file.ts";
import { fitMixture } from "./fit.ts";
import { type MixtureOptions, type MixtureStart, readStart, startValues } from "./options.ts";
import { sampleMixture } from "./sample.ts";
import { type Selected, type SelectOptions, selectMixture } from "./select.ts";

/** What calls on rows with missing entries are told. */
export interface MissingOption {
  /** "nan": NaN stands for a missing entry. */
  readonly missing?: Missing;
}

/**
 * A mixture of Gaussians on [d]:  p(x) = Σ_k π_k N(x; μ_k, Σ_k).
 *
 * `weights` [K], `means` [K, d], `covariances` [K, d, d] (full), [d, d] (tied), [K, d] (diag) or [K] (spherical). Low-rank and
 * factor ones are stored and used as loadings W [K, d, rank] and noise [K] or [K, d], Σ = W·Wᵀ + noise.
 *
 *     const model = await GaussianMixture.fit(x, { components: 8, covariance: "diag", seed: 1 });
 *     const classes = await model.predict(x).read();
 */
export class GaussianMixture {
  /** Which kind of covariance it has. */
  readonly kind: CovarianceKind;
  /** Weights of the components, [K]. */
  readonly weights: Tensor;
  /** Their means, [K, d]. */
  readonly means: Tensor;
  /** What its file holds of the covariances: `covariances`, or `loadings` and `noise`. */
  readonly parameters: Tensors;
  /** Whether the last change of the bound was below the tolerance. */
  readonly converged: boolean;
  /** Iterations of the fit. */
  readonly iterations: number;
  /** What the fit has to say: EM that did not converge, components that died. */
  readonly warnings: readonly string[];
  /** Mean log-likelihood of the training rows in nats, before the M step of each iteration. */
  readonly history: readonly number[];
  readonly #family: CovarianceFamily;
  readonly #prepared: Prepared;
  readonly #weights: Float32Array;

  private constructor(
    family: CovarianceFamily,
    tensors: { weights: Tensor; means: Tensor; covariances: Tensors },
    prepared: Prepared,
    weights: Float32Array,
    course: Course,
  ) {
    this.#family = family;
    this.kind = family.kind;
    this.weights = tensors.weights;
    this.means = tensors.means;
    this.parameters = tensors.covariances;
    this.#prepared = prepared;
    this.#weights = weights;
    this.converged = course.converged;
    this.iterations = course.iterations;
    this.history = course.history;
    this.warnings = course.warnings ?? [];
  }

  /**
   * Expectation–maximisation from `init`, for a tensor [n, d], a data set or a source of rows.
   *
   * Rows are taken in batches, so that nothing of size n·K·d exists. Starting centres are looked for among 4096 rows at most.
   * Throws LatentError: "numeric" where a covariance gets singular in every restart, naming the component; "data" on a value
   * that is not finite; "argument" on options, and where there are fewer rows than components; "shape" on other shapes.
   */
  static async fit(samples: Samples, options: MixtureOptions): Promise<GaussianMixture> {
    const { gpu, family, rank, dim, history, ...values } = await fitMixture("GaussianMixture.fit", samples, options);
    const course = { ...values, history: Array.from(history) };
    return GaussianMixture.#build("GaussianMixture.fit", gpu, family, { d: dim, rank }, values, course, options.signal);
  }

  /**
   * Fits a mixture for each of several numbers of components. `best` is the one that the criterion prefers; `table` has a row for each, in
   * the order of `components`.
   *
   *     const { best, table } = await GaussianMixture.select(x, { components: [1, 2, 3], criterion: "bic" });
   */
  static select(samples: Samples, options: SelectOptions): Promise<{ best: GaussianMixture; table: Selected[] }> {
    const where = "GaussianMixture.select";
    return selectMixture(where, samples, options, (x, each) => GaussianMixture.fit(x, each));
  }

  /** A mixture of given parameters. Throws LatentError("numeric") where a covariance is not positive definite. */
  static async from(
    gpu: Gpu,
    parameters: MixtureStart & { readonly covariance?: CovarianceKind; readonly rank?: number },
    options: ReadOptions = {},
  ): Promise<GaussianMixture> {
    const where = "GaussianMixture.from";
    checkGpu(where, gpu);
    const signal = signalOf(where, options);
    checkOptions(where, parameters, ["covariance", "rank", "weights", "means", "covariances"]);
    const { covariance: kind = "full", rank, ...start } = parameters;
    const given = await readStart(start);
    const family = familyOf(where, kind);
    const components = numbersOf(where, "weights", given.weights).length;
    const d = numbersOf(where, "means", given.means).length / components;
    check(
      Number.isInteger(d) && d > 0,
      "shape",
      where,
      () => `expected means [${components}, d]; got ${d} values for each.`,
    );
    checkRank(where, family, rank, d);
    const values = startValues(where, given, family, { components, d, rank: rank ?? 0 }, "");
    const course = { converged: false, iterations: 0, history: [] };
    return GaussianMixture.#build(where, gpu, family, { d, rank: rank ?? 0 }, values, course, signal);
  }

  static #build(
    where: string,
    gpu: Gpu,
    family: CovarianceFamily,
    { d, rank }: { d: number; rank: number },
    values: MixtureValues,
    course: Course,
    signal?: AbortSignal,
  ): Promise<GaussianMixture> {
    // its tensors are the model's, whatever scope is open
    return gpu.outside(async () => {
      const k = values.weights.length;
      const [weights, means] = [gpu.tensor(values.weights, [k]), gpu.tensor(values.means, [k, d])];
      const shapes = Object.entries(family.shapes(k, d, rank));
      const covariances = Object.fromEntries(
        shapes.map(([name, shape]) => [name, gpu.tensor(values.covariances[name]!, shape)]),
      ) as Tensors;
      const tensors = { weights, means, covariances };
      const prepared = gpu.within(() => prepare(family, tensors));
      const model = new GaussianMixture(family, tensors, prepared, values.weights, course);
      try {
        await gpu.evaluate(model.#owned().slice(2), { signal });
        const failed = await prepared.failed.read({ signal });
        const bad = failed.findIndex((at: number) => at >= 0);
        if (bad < 0) return model;
        const remedy = where.endsWith("fit")
          ? "Decrease components or increase regularization."
          : "Give covariances whose eigenvalues are all above rounding.";
        throw new LatentError(
          "numeric",
          `${where}: the covariance of component ${bad} is not positive definite (at ${failed[bad]}). ${remedy}`,
        );
      } catch (error) {
        model.dispose();
        throw error;
      }
    });
  }

  /** How many components there are. */
  get components(): number {
    return this.means.shape[0]!;
  }
  /** Elements of one sample. */
  get dim(): number {
    return this.means.shape[1]!;
  }
  /** Free parameters. */
  get parameterCount(): number {
    const { components: k, dim: d } = this;
    return this.#family.parameterCount(k, d, this.#rank) + k * d + k - 1;
  }
  get #rank(): number {
    return this.parameters["loadings"]?.shape[2] ?? 0;
  }
  /** Their covariances: [K, d, d] full (of low-rank and factor ones made anew when asked for, and the caller's), [d, d] tied, [K, d] diagonal, [K] spherical. */
  get covariances(): Tensor {
    return this.parameters["covariances"] ?? this.#family.dense(this.parameters, this.dim);
  }
  get #state() {
    const { offsets, whitening } = this.#prepared;
    return { means: this.means, covariances: this.parameters, offsets, whitening };
  }

  /** `of` applied to log π_k + log p(x | k) [n, K], for as many rows at a time as one step holds, put together again. */
  #inParts(where: string, x: Tensor, { missing }: MissingOption, of: (joint: Tensor) => Tensor): Tensor {
    checkMissing(where, missing);
    const parts = { means: this.means, covariances: this.parameters };
    return inSteps(where, x, this.#family, parts, missing !== undefined, (rows) =>
      of(
        missing
          ? incompleteJoint(this.#family, rows, { ...parts, logWeights: log(this.weights) })
          : logJoint(this.#family, rows, this.#state),
      ),
    );
  }

  /** log p(x) of each row of x [n, d], in nats: [n]. With { missing: "nan" }, of what is not NaN; likewise below. */
  logProb(x: Tensor, options: MissingOption = {}): Tensor {
    return this.#inParts("GaussianMixture.logProb", x, options, (joint) => logsumexp(joint, 1));
  }

  /** The probability of each component for each row of x [n, d]: [n, K]. */
  responsibilities(x: Tensor, options: MissingOption = {}): Tensor {
    const where = "GaussianMixture.responsibilities";
    return this.#inParts(where, x, options, (joint) => expected(joint).responsibilities);
  }

  /** The most probable component of each row of x [n, d]: [n]. */
  predict(x: Tensor, options: MissingOption = {}): Tensor {
    return this.#inParts("GaussianMixture.predict", x, options, (joint) => argmax(joint, 1));
  }

  /** Rows x [n, d] with the expectation of what is NaN given the rest of the row, over all components: [n, d]. */
  impute(x: Tensor): Tensor {
    const where = "GaussianMixture.impute";
    const parts = { means: this.means, covariances: this.parameters };
    return inSteps(where, x, this.#family, parts, true, (rows) =>
      imputed(
        this.#family,
        rows,
        { ...parts, logWeights: log(this.weights) },
        (joint) => expected(joint).responsibilities,
      ),
    );
  }

  /** Mean log-likelihood of the samples in nats, finished in float64. */
  async score(samples: Samples, options: MissingCall = {}): Promise<number> {
    const where = "GaussianMixture.score";
    checkOptions(where, options, ["missing", "signal", "onProgress"]);
    checkCall(where, options);
    const copies = this.#family.keepsDifferences ? this.components : 1;
    const { missing } = options;
    const rows = rowsOf(where, samples, this.dim, gpuOf(where, this.means));
    return meanLogProb(where, (x) => this.logProb(x, missing ? { missing } : {}), rows, copies, options);
  }

  /** Akaike's criterion, −2 log L + 2 p: lower is better. */
  async aic(samples: Samples): Promise<number> {
    const { count } = rowsOf("GaussianMixture.aic", samples, this.dim, gpuOf("GaussianMixture.aic", this.means));
    return -2 * count * (await this.score(samples)) + 2 * this.parameterCount;
  }

  /** The Bayesian criterion, −2 log L + p log n: lower is better. */
  async bic(samples: Samples): Promise<number> {
    const { count } = rowsOf("GaussianMixture.bic", samples, this.dim, gpuOf("GaussianMixture.bic", this.means));
    return -2 * count * (await this.score(samples)) + this.parameterCount * Math.log(count);
  }

  /** n draws [n, d], in random order of components. Equal seeds give equal bits on one device. */
  sample(n: number, options: Partial<Draw> = {}): Tensor {
    const where = "GaussianMixture.sample";
    checkOptions(where, options, ["seed", "step"]);
    check(Number.isInteger(n) && n > 0, "argument", where, () => `expected a whole number of samples > 0; got ${n}.`);
    const { weights, means, parameters: covariances } = this;
    const parts = { weights: this.#weights, means, covariances };
    return sampleMixture(this.#family, parts, n, { seed: 0, ...present(options) }, weights.gpu);
  }

  /**
   * The distribution of the other features, given some: of one row `values` [observed] or of each of many [n, observed]. Every component is
   * conditioned, and weighted by how well it explains the values.
   *
   *     const rest = (await GaussianMixture.fit(x, { components: 3 })).conditional({ observed: [0, 1], values: [[5.1, 3.5]] });
   *     const others = rest.mean; // the other features, in order
   *
   * Throws LatentError: "argument" where `observed` names a feature twice, or none or all of them; "shape" on values.
   */
  conditional(options: ConditionalOptions): Conditional {
    const { means, parameters: covariances } = this;
    const parts = { weights: log(this.weights), means, covariances };
    return Conditional.of("GaussianMixture.conditional", this.#family, parts, options);
  }

  /** A safetensors file with `weights`, `means` and `covariances` (or `loadings` and `noise`). */
  save(): Promise<Uint8Array<ArrayBuffer>> {
    const { kind, converged, iterations, history, weights, means, parameters } = this;
    return mixtureFile(kind, { weights, means, ...parameters }, { converged, iterations, history });
  }

  /** Reads what `save` wrote. Throws LatentError("format") on another file. */
  static async load(gpu: Gpu, bytes: Uint8Array): Promise<GaussianMixture> {
    const where = "GaussianMixture.load";
    checkGpu(where, gpu);
    const { family, sizes, values, course } = parseMixture(where, bytes);
    return GaussianMixture.#build(where, gpu, family, sizes, values, course);
  }

  #owned(): Tensor[] {
    const { offsets, failed, whitening } = this.#prepared;
    const { weights, means, parameters } = this;
    return [weights, means, offsets, failed, ...Object.values(whitening), ...Object.values(parameters)];
  }

  /** Frees its memory on the GPU. */
  dispose(): void {
    for (const t of this.#owned()) t.dispose();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
