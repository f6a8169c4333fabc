import { permutation } from "../../data/philox.ts";
import { check, checkOptions, LatentError, show } from "../../device/errors.ts";
import { abortable, checkCall } from "../../formats/call.ts";
import { gather } from "../../graph/ops/gather.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { checkFinite, eachBatch, gpuOf, type Rows, rowsOf, type Samples } from "../../data/rows.ts";
import { streamOf } from "../../data/streams.ts";
import { checkSymmetric } from "../../linalg/symmetric.ts";
import type { Gpu } from "../../program/gpu.ts";
import { covarianceShape, type Kind } from "./components.ts";
import { Em, type EmResult, type Values } from "./em.ts";
import { lloyd, plusPlus } from "./kmeans.ts";
import { numbersOf } from "../../linalg/numbers.ts";

/** Numbers, flat or nested. */
export type Numbers = ArrayLike<number> | readonly ArrayLike<number>[] | readonly (readonly ArrayLike<number>[])[];

/** Parameters to start from: weights [K], means [K, d], covariances [K, d, d], [d, d], [K, d] or [K] by kind; flat or nested. */
export interface MixtureStart {
  /** Weights of the components, [K]. */
  readonly weights: Numbers;
  /** Their means, [K, d]. */
  readonly means: Numbers;
  /** Their covariances, by kind. */
  readonly covariances: Numbers;
}

/** How a mixture is fitted. */
export interface MixtureOptions {
  /** How many components it has. */
  readonly components: number;
  /** "full" */
  readonly covariance?: Kind;
  /** Where EM starts: k-means centres (k-means++, then Lloyd), k-means++ rows, random rows, random shares, or parameters; "kmeans". */
  readonly init?: "kmeans" | "k-means++" | "random" | "random-from-data" | MixtureStart;
  /** Added to every variance in each M step; 1e-6. */
  readonly regularization?: number;
  /** EM stops when the mean log-likelihood changes by less (or by less than two units of rounding); 1e-3 nats. */
  readonly tolerance?: number;
  /** 100 */
  readonly maxIterations?: number;
  /** Starts, of which the best is kept; 1. */
  readonly restarts?: number;
  /** 0 */
  readonly seed?: number;
  /** Aborts the call, which then rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Called as the call gets on, with times in seconds. */
  readonly onProgress?: (progress: { step: number; total: number; loss: number; seconds: number; eta: number }) => void;
}

const names = [
  "components",
  "covariance",
  "init",
  "regularization",
  "tolerance",
  "maxIterations",
  "restarts",
  "seed",
  "signal",
  "onProgress",
];
export const kinds: readonly string[] = ["full", "tied", "diag", "spherical"];
const inits = ["kmeans", "k-means++", "random", "random-from-data"];

/** Elements that one step may hold, and rows at most. */
const ELEMENTS = 2 ** 23;
const MOST_ROWS = 16384;
/** Rows that the starting centres are looked for in; all rows where there are no more. */
const SAMPLE = 4096;

export interface Fitted extends EmResult {
  readonly kind: Kind;
  readonly gpu: Gpu;
  readonly dim: number;
}

/** Fits by EM, best of the restarts. See GaussianMixture.fit. */
export async function fitMixture(samples: Samples, options: MixtureOptions): Promise<Fitted> {
  const where = "GaussianMixture.fit";
  checkMixtureOptions(where, options);
  const {
    components,
    covariance: kind = "full",
    regularization = 1e-6,
    tolerance = 1e-3,
    maxIterations = 100,
    restarts = 1,
    signal,
  } = options;
  const rows = rowsOf(where, samples);
  check(
    rows.count >= components,
    "argument",
    where,
    () => `fewer rows than components. Expected at least ${components} rows; got ${rows.count}.`,
  );
  await checkFinite(where, rows, signal);
  const batch = rowsOfStep(kind, components, rows.dim);
  const whole = rows.count <= batch ? await rows.batch(0, rows.count) : null;
  const first = whole ?? (await rows.batch(0, 1));
  const gpu = gpuOf(where, first);
  let em: Em | null = null;
  let sample: Tensor | null = null;
  try {
    if (whole) await abortable(gpu.evaluate([whole]), signal);
    em = new Em(gpu, rows, whole, { kind, components, regularization, tolerance, maxIterations, batch });
    const start =
      typeof options.init === "object" ? startValues(where, options.init, kind, components, rows.dim) : null;
    if (!start) sample = whole && rows.count <= SAMPLE ? whole : await drawn(gpu, rows, batch, options, signal);
    let best: EmResult | null = null;
    let failed: EmResult | null = null;
    for (let restart = 0; restart < restarts; restart++) {
      await abortable(begin(em, start, sample, options, restart), signal);
      const result = await em.run(signal, progressOf(options, restart));
      if (result.failure) failed = result;
      else if (!best || (result.history.at(-1) ?? 0) > best.history.at(-1)!) best = result;
    }
    if (!best) throw singular(where, kind, failed!);
    if (!Number.isFinite(best.history.at(-1)!))
      throw new LatentError(
        "numeric",
        `${where}: the log-likelihood is ${best.history.at(-1)}. Scale the data, or raise regularization.`,
      );
    return { ...best, kind, gpu, dim: rows.dim };
  } finally {
    em?.dispose();
    if (sample && sample !== whole) sample.dispose();
    if (rows.keeps !== true) first.dispose();
  }
}

/** Rows of one step: matrices keep every component's differences at once. */
export const rowsOfStep = (kind: Kind, components: number, dim: number): number =>
  Math.max(
    64,
    Math.min(MOST_ROWS, Math.floor(ELEMENTS / (dim * (kind === "full" || kind === "tied" ? components : 1)) / 64) * 64),
  );

async function begin(
  em: Em,
  start: Values | null,
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

/** Rows drawn without replacement, in their order. */
async function drawn(
  gpu: Gpu,
  rows: Rows,
  batch: number,
  { components, seed = 0 }: MixtureOptions,
  signal?: AbortSignal,
): Promise<Tensor> {
  const size = Math.min(rows.count, Math.max(SAMPLE, 32 * components));
  const chosen = permutation(rows.count, { seed, stream: streamOf("mixture subset") })
    .slice(0, size)
    .sort();
  const values = new Float32Array(size * rows.dim);
  let at = 0;
  await eachBatch(
    rows,
    batch,
    async (x, start) => {
      const here = chosen.subarray(at).findIndex((row) => row >= start + x.shape[0]!);
      const end = here < 0 ? size : at + here;
      if (end === at) return;
      const numbers = chosen.slice(at, end).map((row) => row - start);
      const picked = gpu.within(() => gather(x, gpu.tensor(numbers, [end - at])));
      values.set((await picked.read().finally(() => picked.dispose())) as Float32Array, at * rows.dim);
      at = end;
    },
    signal,
  );
  return gpu.tensor(values, [size, rows.dim]);
}

function progressOf(
  { onProgress, maxIterations = 100, restarts = 1 }: MixtureOptions,
  restart: number,
): (iteration: number, bound: number) => void {
  const began = performance.now();
  return (iteration, bound) => {
    const seconds = (performance.now() - began) / 1000;
    const total = maxIterations * restarts;
    const step = restart * maxIterations + iteration;
    onProgress?.({
      step,
      total,
      loss: -bound,
      seconds,
      eta: (seconds * (maxIterations * (restarts - restart) - iteration)) / Math.max(1, iteration),
    });
  };
}

function singular(where: string, kind: Kind, { failure, iterations }: EmResult): LatentError {
  const { component, at } = failure!;
  const which = kind === "tied" ? "the shared covariance" : `the covariance of component ${component}`;
  const place =
    kind === "diag" || kind === "spherical" ? `feature ${at} has no variance` : `pivot ${at} is not above rounding`;
  return new LatentError(
    "numeric",
    `${where}: ${which} is singular after ${iterations} iterations: ${place}. Decrease components or increase regularization.`,
  );
}

/** Checks given parameters, positive definiteness apart: the first step finds that. `name` stands before theirs in messages. */
export function startValues(
  where: string,
  parameters: MixtureStart,
  kind: Kind,
  components: number,
  d: number,
  name = "init.",
): Values {
  const shapes = { weights: [components], means: [components, d], covariances: covarianceShape(kind, components, d) };
  const given = Object.entries(shapes).map(([key, shape]) => {
    const got = numbersOf(where, `${name}${key}`, parameters[key as keyof MixtureStart]);
    check(
      got.length === shape.reduce((a, b) => a * b, 1),
      "shape",
      where,
      () => `${name}${key} has another size. Expected ${show(shape)}; got ${got.length} values.`,
    );
    return got;
  });
  const [weights, , covariances] = given as [Float64Array, Float64Array, Float64Array];
  const total = weights.reduce((a, b) => a + b, 0);
  check(
    weights.every((w) => w >= 0) && Math.abs(total - 1) < 1e-5,
    "argument",
    where,
    () => `${name}weights are no probabilities. Expected values ≥ 0 with sum 1; got ${show(weights)}.`,
  );
  const matrices = kind === "full" ? components : kind === "tied" ? 1 : 0;
  for (let k = 0; k < matrices; k++)
    checkSymmetric(
      where,
      covariances,
      d,
      k * d * d,
      kind === "tied" ? "the covariance" : `covariance of component ${k}`,
    );
  const values = given.map((list) => Float32Array.from(list));
  const wide = values.findIndex((list) => !list.every(Number.isFinite));
  check(
    wide < 0,
    "data",
    where,
    () => `${name}${Object.keys(shapes)[wide]} holds a number beyond f32. Scale the data.`,
  );
  return { weights: values[0]!, means: values[1]!, covariances: values[2]! };
}

function checkMixtureOptions(where: string, options: MixtureOptions): void {
  check(
    options !== undefined && options !== null,
    "argument",
    where,
    () => "how many components is missing. Expected { components: 3 } or so; got no options.",
  );
  checkOptions(where, options, names);
  checkCall(where, options);
  const {
    components,
    covariance = "full",
    init = "kmeans",
    regularization = 1e-6,
    tolerance = 1e-3,
    maxIterations = 100,
    restarts = 1,
    seed = 0,
  } = options;
  const whole = (name: string, value: number, least: number) =>
    check(
      Number.isSafeInteger(value) && value >= least,
      "argument",
      where,
      () => `${name} is out of range. Expected a whole number ≥ ${least}; got ${value}.`,
    );
  whole("components", components, 1);
  whole("maxIterations", maxIterations, 1);
  whole("restarts", restarts, 1);
  whole("seed", seed, 0);
  checkKind(where, covariance);
  check(
    typeof init === "object" ? init !== null : inits.includes(init),
    "argument",
    where,
    () => `unknown init. Expected one of ${inits.join(", ")}, or { weights, means, covariances }; got ${String(init)}.`,
  );
  for (const [name, value] of Object.entries({ regularization, tolerance }))
    check(
      Number.isFinite(value) && value >= 0,
      "argument",
      where,
      () => `${name} is out of range. Expected a number ≥ 0; got ${value}.`,
    );
}

/** Throws LatentError unless mixtures have this kind of covariance. */
export function checkKind(where: string, covariance: string): asserts covariance is Kind {
  check(
    covariance !== "low-rank",
    "unsupported",
    where,
    () => `covariance "low-rank" is not there for mixtures. Expected one of ${kinds.join(", ")}.`,
  );
  check(
    kinds.includes(covariance),
    "argument",
    where,
    () => `unknown covariance. Expected one of ${kinds.join(", ")}; got ${String(covariance)}.`,
  );
}
