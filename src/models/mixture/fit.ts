import { permutation } from "../../data/philox.ts";
import { streamOf } from "../../data/streams.ts";
import { check, LatentError } from "../../device/errors.ts";
import { abortable, progressOf } from "../../formats/call.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { checkFinite, gpuOf, type Rows, rowsOf, type Samples } from "../../data/rows.ts";
import type { Gpu } from "../../program/gpu.ts";
import { checkRank, familyOf } from "../covariance/families.ts";
import type { CovarianceFamily, CovarianceKind, Values } from "../covariance/family.ts";
import { Em } from "./em.ts";
import type { EmResult, MixtureValues } from "./emStates.ts";
import { lloyd } from "../kmeans/lloyd.ts";
import { plusPlus } from "../kmeans/seeding.ts";
import { SAMPLE, subsetOf } from "../kmeans/subset.ts";
import { checkMixtureOptions, type MixtureOptions, startValues } from "./options.ts";

/** Elements that one step may hold, and rows at most. */
const ELEMENTS = 2 ** 23;
const MOST_ROWS = 16384;

export interface FittedMixture extends EmResult {
  readonly family: CovarianceFamily;
  readonly rank: number;
  readonly gpu: Gpu;
  readonly dim: number;
}

/** Fits by EM, best of the restarts. See GaussianMixture.fit. */
export async function fitMixture(samples: Samples, options: MixtureOptions): Promise<FittedMixture> {
  const where = "GaussianMixture.fit";
  checkMixtureOptions(where, options);
  const {
    components,
    covariance = "full",
    rank = 0,
    regularization = 1e-6,
    tolerance = 1e-3,
    maxIterations = 100,
    restarts = 1,
    signal,
  } = options;
  const family = familyOf(where, covariance);
  const rows = rowsOf(where, samples);
  checkRank(where, family, options.rank, rows.dim);
  check(
    rows.count >= components,
    "argument",
    where,
    () => `fewer rows than components. Expected at least ${components} rows; got ${rows.count}.`,
  );
  await checkFinite(where, rows, signal);
  const batch = rowsOfStep(family, components, rows.dim);
  const whole = rows.count <= batch ? await rows.batch(0, rows.count) : null;
  const first = whole ?? (await rows.batch(0, 1));
  const gpu = gpuOf(where, first);
  let em: Em | null = null;
  let sample: Tensor | null = null;
  try {
    if (whole) await abortable(gpu.evaluate([whole]), signal);
    em = new Em(gpu, rows, whole, { family, rank, components, regularization, tolerance, maxIterations, batch });
    const start =
      typeof options.init === "object"
        ? startValues(where, options.init, family, { components, d: rows.dim, rank })
        : null;
    const subset = { centres: components, batch, seed: options.seed ?? 0 };
    if (!start) sample = whole && rows.count <= SAMPLE ? whole : (await subsetOf(gpu, rows, subset, signal)).x;
    let best: EmResult | null = null;
    let failed: EmResult | null = null;
    for (let restart = 0; restart < restarts; restart++) {
      await abortable(begin(em, start, sample, options, restart), signal);
      const result = await em.run(signal, reporterOf(options, restart));
      if (result.failure) failed = result;
      else if (!best || isBetter(result, best)) best = result;
    }
    if (!best) throw singular(where, family, failed!);
    if (!Number.isFinite(best.history.at(-1)!))
      throw new LatentError(
        "numeric",
        `${where}: the log-likelihood is ${best.history.at(-1)}. Scale the data, or raise regularization.`,
      );
    return { ...best, family, rank, gpu, dim: rows.dim };
  } finally {
    em?.dispose();
    if (sample && sample !== whole) sample.dispose();
    if (rows.keeps !== true) first.dispose();
  }
}

/** Whether a restart ends above another; one that ends at no number is below all. */
function isBetter(result: EmResult, best: EmResult): boolean {
  const [bound, least] = [result, best].map(({ history }) => history.at(-1)!) as [number, number];
  return Number.isFinite(bound) && !(bound <= least);
}

/** Rows of one step: matrices keep every component's differences at once. */
export const rowsOfStep = (family: CovarianceFamily, components: number, dim: number): number =>
  Math.max(
    64,
    Math.min(MOST_ROWS, Math.floor(ELEMENTS / (dim * (family.keepsDifferences ? components : 1)) / 64) * 64),
  );

async function begin(
  em: Em,
  start: MixtureValues | null,
  sample: Tensor | null,
  options: MixtureOptions,
  restart: number,
): Promise<void> {
  const { components, init = "kmeans", seed = 0, signal } = options;
  if (start) return em.startFrom(start);
  const x = sample!;
  const [n, d] = x.shape as [number, number];
  if (init === "kmeans" || init === "k-means++") {
    const centres = await plusPlus(x, components, seed, restart, signal);
    return em.startAt(
      init === "kmeans" ? ((await lloyd(x, centres, 25, signal)) as Float32Array<ArrayBuffer>) : centres,
      signal,
    );
  }
  const values = (await x.read()) as Float32Array;
  const order = permutation(n, { seed, stream: streamOf("mixture centres"), step: restart });
  if (init === "random") return em.startRandom(values.slice(order[0]! * d, order[0]! * d + d), seed, restart, signal);
  const centres = new Float32Array(components * d);
  for (let k = 0; k < components; k++) centres.set(values.subarray(order[k]! * d, order[k]! * d + d), k * d);
  return em.startAt(centres, signal);
}

function reporterOf(
  { onProgress, maxIterations = 100, restarts = 1 }: MixtureOptions,
  restart: number,
): (iteration: number, bound: number) => void {
  const began = performance.now();
  return (iteration, bound) => {
    const step = restart * maxIterations + iteration;
    onProgress?.({ ...progressOf(began, step, maxIterations * restarts, iteration), loss: -bound });
  };
}

function singular(where: string, { kind }: CovarianceFamily, { failure, iterations }: EmResult): LatentError {
  const { component, at } = failure!;
  const which = kind === "tied" ? "the shared covariance" : `the covariance of component ${component}`;
  const place =
    kind === "full" || kind === "tied" ? `pivot ${at} is not above rounding` : `feature ${at} has no variance`;
  return new LatentError(
    "numeric",
    `${where}: ${which} is singular after ${iterations} iterations: ${place}. Decrease components or increase regularization.`,
  );
}

/**
 * The covariance of greatest likelihood of one Gaussian with many features, by EM over its rows: for families whose closed form would take
 * products of all features.
 */
export async function emOfOne(
  where: string,
  rows: Rows,
  options: { kind: CovarianceKind; rank: number; regularization: number; signal: AbortSignal | undefined },
  mean: Float64Array,
  start: Values,
): Promise<Values> {
  const family = familyOf(where, options.kind);
  const batch = rowsOfStep(family, 1, rows.dim);
  const whole = rows.count <= batch ? await rows.batch(0, rows.count) : null;
  const first = whole ?? (await rows.batch(0, 1));
  const { rank, regularization, signal } = options;
  let em: Em | null = null;
  try {
    // nats of all features together
    const tolerance = 1e-6 * rows.dim;
    const fit = { family, rank, components: 1, regularization, tolerance, maxIterations: 200, batch };
    em = new Em(gpuOf(where, first), rows, whole, fit);
    const covariances = Object.fromEntries(
      Object.entries(start).map(([name, values]) => [name, Float32Array.from(values)]),
    );
    const weights = Float32Array.of(1);
    await abortable(em.startFrom({ weights, means: Float32Array.from(mean), covariances }), signal);
    const result = await em.run(signal);
    if (result.failure) throw singular(where, family, result);
    return Object.fromEntries(
      Object.entries(result.covariances).map(([name, values]) => [name, Float64Array.from(values)]),
    );
  } finally {
    em?.dispose();
    if (rows.keeps !== true) first.dispose();
  }
}
