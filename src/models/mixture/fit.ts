import { streamOf } from "../../data/streams.ts";
import { check, LatentError } from "../../device/errors.ts";
import { abortable, progressOf } from "../../formats/call.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { checkFinite, gpuOf, rowsOf, type Samples } from "../../data/rows.ts";
import type { Gpu } from "../../program/gpu.ts";
import { checkRank, familyOf } from "../covariance/families.ts";
import type { CovarianceFamily } from "../covariance/family.ts";
import { incompleteRowsOfStep, rowsOfStep } from "../covariance/step.ts";
import { Em } from "./em.ts";
import type { EmResult, MixtureValues } from "./emStates.ts";
import { lloyd } from "../kmeans/lloyd.ts";
import { plusPlus, randomOrder, rowsAt } from "../kmeans/seeding.ts";
import { SAMPLE, type StartingRows, subsetOf } from "../kmeans/subset.ts";
import { filledRows, observedMeans } from "../observed.ts";
import { totalOf, weightsOf } from "../weights.ts";
import { checkMixtureOptions, type MixtureOptions, readStart, startValues } from "./options.ts";
import { deadOf, LEAST_ROWS, reseeded } from "./reseed.ts";
import { singular } from "./singular.ts";

export interface FittedMixture extends EmResult {
  readonly family: CovarianceFamily;
  readonly rank: number;
  readonly gpu: Gpu;
  readonly dim: number;
  readonly warnings: readonly string[];
}

type FitOptions = ReturnType<typeof checkMixtureOptions>;

/** Fits by EM, best of the restarts. See GaussianMixture.fit. */
export async function fitMixture(where: string, samples: Samples, given: MixtureOptions): Promise<FittedMixture> {
  const options = checkMixtureOptions(where, given);
  const { components, covariance, rank = 0, signal, miniBatch, seed } = options;
  const { regularization, tolerance, maxIterations, restarts } = options;
  const family = familyOf(where, covariance);
  const rows = rowsOf(where, samples);
  checkRank(where, family, options.rank, rows.dim);
  check(
    rows.count >= components,
    "argument",
    where,
    () => `fewer rows than components. Expected at least ${components} rows; got ${rows.count}.`,
  );
  const weights = await weightsOf(where, options.weights, rows.count);
  const fill = options.missing ? await observedMeans(where, rows, signal) : undefined;
  if (!fill) await checkFinite(where, rows, signal);
  const most = fill
    ? incompleteRowsOfStep(family, components, rows.dim, rank)
    : rowsOfStep(family, components, rows.dim);
  const batch = Math.min(most, miniBatch ?? most);
  const whole = !miniBatch && rows.count <= batch ? await rows.batch(0, rows.count) : null;
  const first = whole ?? (await rows.batch(0, 1));
  const gpu = gpuOf(where, first);
  let em: Em | null = null;
  let sample: StartingRows | null = null;
  try {
    if (whole) await gpu.evaluate([whole], { signal });
    const online = miniBatch ? { seed } : undefined;
    const numbers = { rank, components, regularization, tolerance, maxIterations, batch };
    em = new Em(gpu, rows, whole, { family, ...numbers, weights, fill, online, signal });
    const start = await givenStart(where, options, family, { components, d: rows.dim, rank });
    const wanted = { centres: components, batch, seed, weights };
    if (!start && whole && !fill && rows.count <= SAMPLE) sample = { x: whole, weights };
    else if (!start) sample = await subsetOf(gpu, fill ? filledRows(where, rows, fill, signal) : rows, wanted, signal);
    const total = weights ? totalOf(weights) : rows.count;
    let best: EmResult | null = null;
    let failed: EmResult | null = null;
    for (let restart = 0; restart < restarts; restart++) {
      await abortable(begin(em, start, sample, options, restart), signal);
      const report = reporterOf(options, restart);
      const once = await em.run(signal, report);
      const result = options.reseed
        ? await reseeded(em, once, { where, rows, weights, family, total, fill, signal, report })
        : once;
      if (result.failure) failed = result;
      else if (!best || isBetter(result, best)) best = result;
    }
    if (!best) throw singular(where, family, failed!);
    if (!Number.isFinite(best.history.at(-1)!))
      throw new LatentError(
        "numeric",
        `${where}: the log-likelihood is ${best.history.at(-1)}. Scale the data, or raise regularization.`,
      );
    const warnings = warningsOf(where, best, total, maxIterations);
    return { ...best, family, rank, gpu, dim: rows.dim, warnings };
  } finally {
    em?.dispose();
    if (sample && sample.x !== whole) sample.x.dispose();
    if (rows.keeps !== true) first.dispose();
  }
}

/** Whether a restart ends above another; one that ends at no number is below all. */
export function isBetter(result: Pick<EmResult, "history">, best: Pick<EmResult, "history">): boolean {
  const [bound, least] = [result, best].map(({ history }) => history.at(-1)!) as [number, number];
  return Number.isFinite(bound) && !(bound <= least);
}

/** Parameters to start from: another mixture's, or those of `init`; null where they are to be found. */
async function givenStart(
  where: string,
  { init, warmStart }: FitOptions,
  family: CovarianceFamily,
  sizes: { components: number; d: number; rank: number },
): Promise<MixtureValues | null> {
  if (warmStart) {
    const { kind, components, dim, parameters } = warmStart;
    const rank = parameters["loadings"]?.shape[2] ?? 0;
    const fits = kind === family.kind && components === sizes.components && dim === sizes.d && rank === sizes.rank;
    check(fits, "argument", where, () => {
      const wanted = `${sizes.components} components of ${sizes.d} features, covariance "${family.kind}"${sizes.rank ? ` of rank ${sizes.rank}` : ""}`;
      return `warmStart is another kind of mixture. Expected ${wanted}; got ${components} of ${dim}, "${kind}"${rank ? ` of rank ${rank}` : ""}.`;
    });
    const read = async (t: Tensor) => (await t.read()) as Float32Array<ArrayBuffer>;
    const covariances: { [name: string]: Float32Array<ArrayBuffer> } = {};
    for (const [name, t] of Object.entries(parameters)) covariances[name] = await read(t);
    return { weights: await read(warmStart.weights), means: await read(warmStart.means), covariances };
  }
  return typeof init === "object" ? startValues(where, await readStart(init), family, sizes) : null;
}

async function begin(
  em: Em,
  start: MixtureValues | null,
  sample: StartingRows | null,
  { components, init, seed, signal }: FitOptions,
  restart: number,
): Promise<void> {
  if (start) return em.startFrom(start);
  const { x, weights } = sample!;
  const [n, d] = x.shape as [number, number];
  if (init === "kmeans" || init === "k-means++") {
    const centres = await plusPlus(x, components, seed, restart, signal, weights);
    const found = init === "kmeans" ? await lloyd(x, centres, 25, signal, weights) : centres;
    return em.startAt(found as Float32Array<ArrayBuffer>, signal);
  }
  const values = (await x.read({ signal })) as Float32Array;
  const order = randomOrder(n, { seed, stream: streamOf("mixture centres"), step: restart }, weights);
  const centres = rowsAt(values, d, order.subarray(0, init === "random" ? 1 : components));
  return init === "random" ? em.startRandom(centres, seed, restart, signal) : em.startAt(centres, signal);
}

function reporterOf(
  { onProgress, maxIterations, restarts }: FitOptions,
  restart: number,
): (iteration: number, bound: number) => void {
  const began = performance.now();
  return (iteration, bound) => {
    const step = restart * maxIterations + iteration;
    onProgress?.({ ...progressOf(began, step, maxIterations * restarts, iteration), loss: -bound });
  };
}

/** What a fit has to say: iterations that ran out, components that died. */
function warningsOf(
  where: string,
  { converged, iterations, weights }: EmResult,
  total: number,
  most: number,
): string[] {
  const warnings: string[] = [];
  if (!converged && most > 1)
    warnings.push(
      `${where}: EM did not converge in ${iterations} iterations. Raise maxIterations or tolerance, or look at the data.`,
    );
  const dead = deadOf(weights, total);
  if (dead.length > 0)
    warnings.push(
      `${where}: components ${dead.join(", ")} have no rows left (less than ${LEAST_ROWS} each). Lower components, or set reseed.`,
    );
  return warnings;
}
