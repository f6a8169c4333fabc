import { eachBatch, gpuOfRows, type Rows } from "../../data/rows.ts";
import { check, LatentError } from "../../device/errors.ts";
import { progressOf } from "../../formats/call.ts";
import { mul, sub } from "../../graph/ops/arithmetic.ts";
import { exp } from "../../graph/ops/elementwise.ts";
import { concat } from "../../graph/ops/part.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { logsumexp } from "../../graph/ops/softmax.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { centredSums } from "../../linalg/centredSums.ts";
import type { Gpu } from "../../program/gpu.ts";
import { Programs } from "../programs.ts";
import { diagonalOf } from "../covariance/diagonal.ts";
import { familyOf } from "../covariance/families.ts";
import type { CovarianceFamily, Statistics } from "../covariance/family.ts";
import { rowsOfStep } from "../covariance/step.ts";
import { lloyd } from "../kmeans/lloyd.ts";
import { nearest } from "../kmeans/nearest.ts";
import { plusPlus } from "../kmeans/seeding.ts";
import { subsetOf } from "../kmeans/subset.ts";
import { logJoint } from "../mixture/components.ts";
import type { BayesianPlan } from "./options.ts";
import { boundOf, type Evidence, offsetsOf, type Posterior, posteriorOf, type Priors } from "./posterior.ts";

/** What a fit found. */
export interface FittedBayesian {
  readonly gpu: Gpu;
  readonly posterior: Posterior;
  readonly bound: number;
  readonly history: readonly number[];
  readonly iterations: number;
  readonly converged: boolean;
}

/** Mean-field variational inference: expectations over the rows on the GPU, the posterior in float64. See BayesianGaussianMixture.fit. */
export async function fitBayesian(where: string, rows: Rows, plan: BayesianPlan): Promise<FittedBayesian> {
  const { components, kind, regularization, tolerance, maxIterations, seed, signal, onProgress } = plan;
  check(rows.count >= Math.max(2, components), "argument", where, () => {
    return `fewer rows than components. Expected at least ${Math.max(2, components)} rows; got ${rows.count}.`;
  });
  // checks every value on the way
  const sums = await centredSums(where, rows, kind === "full" || kind === "tied", { signal });
  const priors = priorsOf(where, plan, rows, sums.products, sums.mean);
  const family = familyOf(where, kind);
  const batch = rowsOfStep(family, components, rows.dim);
  const gpu = await gpuOfRows(where, rows);
  const expectation = new Expectation(gpu, rows, { family, components, batch, signal });
  const began = performance.now();
  try {
    const centres = plan.centres ?? (await startOf(gpu, rows, { components, batch, seed }, signal));
    const hard = await expectation.hard(Float32Array.from(centres), signal);
    let posterior = posteriorOf(priors, evidenceOf(kind, hard, Float64Array.from(centres), regularization));
    const history: number[] = [];
    let converged = false;
    while (history.length < maxIterations && !converged) {
      const expected = await expectation.soft(posterior, signal);
      posterior = posteriorOf(priors, evidenceOf(kind, expected, posterior.means, regularization));
      const bound = boundOf(posterior, expected.entropy, rows.dim);
      if (!Number.isFinite(bound))
        throw new LatentError(
          "numeric",
          `${where}: the bound is ${bound} after ${history.length} iterations. Scale the data, or raise regularization.`,
        );
      converged = Math.abs(bound - (history.at(-1) ?? Number.NEGATIVE_INFINITY)) < tolerance;
      history.push(bound);
      onProgress?.({ ...progressOf(began, history.length, maxIterations), loss: -bound });
    }
    return { gpu, posterior, bound: history.at(-1)!, history, iterations: history.length, converged };
  } finally {
    expectation.dispose();
  }
}

/** What is believed beforehand, with scikit-learn's defaults. */
function priorsOf(
  where: string,
  plan: BayesianPlan,
  { count, dim }: Rows,
  products: Float64Array,
  mean: Float64Array,
): Priors {
  const { kind, components, weights, concentration, meanPrecision, degrees } = plan;
  const covariance = products.map((value) => value / (count - 1));
  const variances = diagonalOf(covariance, dim);
  const level = variances.reduce((a, b) => a + b, 0) / dim;
  check(level > 0, "numeric", where, () => "all rows are one point. Expected rows that differ.");
  const own = kind === "spherical" ? Float64Array.of(level) : kind === "diag" ? variances : covariance;
  const nu = degrees ?? dim;
  check(nu > dim - 1, "argument", where, () => `expected degreesOfFreedom > ${dim - 1}; got ${nu}.`);
  return {
    kind,
    weights,
    concentration: concentration ?? 1 / components,
    meanPrecision,
    mean,
    degrees: nu,
    covariance: own,
  };
}

async function startOf(
  gpu: Gpu,
  rows: Rows,
  { components, batch, seed }: { components: number; batch: number; seed: number },
  signal?: AbortSignal,
): Promise<Float32Array> {
  const { x } = await subsetOf(gpu, rows, { centres: components, batch, seed }, signal);
  try {
    return await lloyd(x, await plusPlus(x, components, seed, 0, signal), 25, signal);
  } finally {
    x.dispose();
  }
}

/** Numbers of a pass over the rows: n [K], first and second moments around the centres, and −Σ r log r. */
interface Seen {
  readonly n: Float64Array;
  readonly first: Float64Array;
  readonly second: Float64Array;
  readonly entropy: number;
}

/** Counts, means and covariances out of moments around `centres` [K·d]. */
function evidenceOf(
  kind: BayesianPlan["kind"],
  { n, first, second }: Seen,
  centres: Float64Array,
  regularization: number,
): Evidence {
  const k = n.length;
  const d = first.length / k;
  const counts = n.map((value) => value + 10 * 2 ** -52);
  const total = counts.reduce((a, b) => a + b, 0);
  const shift = first.map((value, at) => value / counts[Math.floor(at / d)]!);
  // the GPU held the centres in f32
  const means = centres.map((value, at) => Math.fround(value) + shift[at]!);
  const isMatrix = kind === "full" || kind === "tied";
  const size = isMatrix ? d * d : d;
  const scatter = new Float64Array(second.length);
  for (let c = 0; c < k; c++)
    for (let at = 0; at < size; at++) {
      const [i, j] = isMatrix ? [Math.floor(at / d), at % d] : [at, at];
      const missed = shift[c * d + i]! * shift[c * d + j]!;
      if (kind === "tied") scatter[at]! -= (counts[c]! / total) * missed;
      else scatter[c * size + at] = second[c * size + at]! / counts[c]! - missed;
    }
  if (kind === "tied") for (let at = 0; at < size; at++) scatter[at]! += second[at]! / total;
  const step = isMatrix ? d + 1 : 1;
  for (let from = 0; from < scatter.length; from += size)
    for (let at = 0; at < size; at += step) scatter[from + at] = Math.max(0, scatter[from + at]!) + regularization;
  if (kind !== "spherical") return { counts, means, scatter };
  const averages = counts.map((_, c) => scatter.subarray(c * d, c * d + d).reduce((a, b) => a + b, 0) / d);
  return { counts, means, scatter: averages };
}

interface ExpectationOptions {
  readonly family: CovarianceFamily;
  readonly components: number;
  readonly batch: number;
  readonly signal: AbortSignal | undefined;
}

/** Passes over the rows: parameters are states, a batch is one compiled step. */
class Expectation {
  readonly #rows: Rows;
  readonly #options: ExpectationOptions;
  readonly #states: { readonly means: Tensor; readonly covariances: Tensor; readonly offsets: Tensor };
  readonly #programs: Programs;

  constructor(gpu: Gpu, rows: Rows, options: ExpectationOptions) {
    const { family, components: k } = options;
    this.#programs = new Programs(gpu, options.signal);
    this.#rows = rows;
    this.#options = options;
    const state = (shape: readonly number[]) =>
      gpu.state(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);
    const covariances = state(family.shapes(k, rows.dim, 0)["covariances"]!);
    this.#states = { means: state([k, rows.dim]), covariances, offsets: state([k]) };
  }

  /** Rows belong to their nearest centre. */
  hard(centres: Float32Array<ArrayBuffer>, signal?: AbortSignal): Promise<Seen> {
    this.#states.means.write(centres);
    return this.#pass("hard", (x) => nearest(x, this.#states.means).responsibilities, signal);
  }

  /** Rows belong to components as the posterior expects. */
  soft(posterior: Posterior, signal?: AbortSignal): Promise<Seen> {
    const { means, covariances, offsets } = this.#states;
    means.write(Float32Array.from(posterior.means));
    covariances.write(Float32Array.from(posterior.covariances));
    offsets.write(Float32Array.from(offsetsOf(posterior, this.#rows.dim)));
    const { family } = this.#options;
    return this.#pass(
      "soft",
      (x) => {
        const own = { covariances };
        const joint = logJoint(family, x, {
          means,
          covariances: own,
          whitening: family.whitening(own, means).tensors,
          offsets,
        });
        return sub(joint, logsumexp(joint, 1, { keepDims: true }));
      },
      signal,
    );
  }

  async #pass(name: "hard" | "soft", of: (x: Tensor) => Tensor, signal?: AbortSignal): Promise<Seen> {
    const { family, components: k, batch } = this.#options;
    const { means, covariances } = this.#states;
    const d = this.#rows.dim;
    const size = family.secondShape(k, d, 0).reduce((a, b) => a * b, 1);
    const totals = new Float64Array(k + k * d + size + 1);
    const body = (x: Tensor): Tensor => {
      const found = of(x);
      const r = name === "soft" ? exp(found) : found;
      const state = { means, covariances: { covariances }, whitening: {} };
      const { n, first, second }: Statistics = family.statistics(x, r, state);
      // r log r of 0 is 0, and log r stays finite in f32
      const entropy = name === "soft" ? mul(sum(mul(r, found)), -1) : sum(mul(r, 0));
      return concat([n, reshape(first, [k * d]), reshape(second, [size]), reshape(entropy, [1])], 0);
    };
    await eachBatch(
      this.#rows,
      batch,
      async (x) => {
        const program = await this.#programs.get(name, (rows) => body(rows!), [x]);
        const out = await program.run(x);
        for (const [at, value] of (await out.read({ signal })).entries()) totals[at]! += value;
      },
      signal,
    );
    return {
      n: totals.slice(0, k),
      first: totals.slice(k, k + k * d),
      second: totals.slice(k + k * d, -1),
      entropy: totals.at(-1)!,
    };
  }

  dispose(): void {
    this.#programs.dispose();
    for (const state of Object.values(this.#states)) state.dispose();
  }
}
