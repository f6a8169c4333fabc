/** Fits of mixtures to rows that give trouble, each drawn from a seed, and what one may end with. */
import { normalOf, uniforms } from "../bench/random.ts";
import { GaussianMixture, type Gpu, LatentError, type MixtureOptions } from "../src/index.ts";

type Next = ReturnType<typeof uniforms>;
const pick = <T>(next: Next, ...values: readonly T[]): T => values[Math.floor(next() * values.length)]!;

/** Rows that give trouble: duplicated, collinear, constant, far, tiny, huge, with an outlier, on a grid. */
function rowsOf(next: Next, n: number, d: number) {
  const kind = pick(
    next,
    "normal",
    "duplicated",
    "collinear",
    "constant",
    "far",
    "grid",
    "outlier",
    "constant feature",
  );
  const scale = pick(next, 1, 1, 1, 1e-12, 1e12, 1e-6, 1e6);
  const x = new Float32Array(n * d);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < d; j++) {
      let value = normalOf(next);
      if (kind === "duplicated") value = i > 1 ? x[(i % 2) * d + j]! / scale : value;
      if (kind === "collinear") value = j === 0 ? value : (j + 1) * (x[i * d]! / scale);
      if (kind === "constant") value = 3;
      if (kind === "constant feature" && j === d - 1) value = 0.1;
      if (kind === "far") value += 1e4;
      if (kind === "grid") value = Math.round(value);
      if (kind === "outlier" && i === 0) value = 1e5;
      x[i * d + j] = scale * value;
    }
  return { kind, scale, values: x };
}

/**
 * Kinds of fits that seeds take in turn: sizes, options, and what is absent. Within a kind no kernel is compiled anew, which takes a software
 * adapter seconds, and everything else still differs.
 */
const KINDS = 120;

/** What compiled steps depend on. */
function kindOf(next: Next) {
  const [n, d] = [pick(next, 2, 3, 8, 40), pick(next, 1, 2, 3)];
  const covariance = pick(
    next,
    "full",
    "tied",
    "diag",
    "spherical",
    ...(d > 1 ? (["low-rank", "factor"] as const) : []),
  );
  const isRanked = covariance === "low-rank" || covariance === "factor";
  const options: MixtureOptions = {
    components: pick(next, 1, Math.min(2, n), Math.min(3, n), Math.min(8, n)),
    covariance,
    ...(isRanked ? { rank: 1 } : {}),
    init: pick(next, "kmeans", "k-means++", "random", "random-from-data"),
    maxIterations: pick(next, 1, 8),
    tolerance: 1e-3,
    reseed: pick(next, false, false, true),
    ...(next() < 0.1 ? { miniBatch: pick(next, 2, 8) } : {}),
    ...(next() < 0.2 ? { missing: "nan" } : {}),
  };
  return { n, d, options, isWeighted: next() < 0.2 };
}

const REMEDY = /Decrease|Scale|Set|Raise|raise|Lower|increase|Expected|Remove|Leave/;

/** How a fit ended, and which kinds of trouble its rows were. */
export interface Outcome {
  /** "fitted", or the code of the refusal. */
  readonly outcome: string;
  /** Of a refusal. */
  readonly message: string;
  readonly troubles: readonly string[];
}

/** The fit of a seed. Throws where a value is no number, or the refusal does not say its cause and a remedy. */
export async function fit(gpu: Gpu, seed: number): Promise<Outcome> {
  const { n, d, options, isWeighted } = kindOf(uniforms(1e6 + (seed % KINDS)));
  const next = uniforms(seed);
  const { kind, scale, values } = rowsOf(next, n, d);
  const isIncomplete = options.missing === "nan";
  if (isIncomplete) for (let at = 0; at < values.length; at++) if (next() < 0.15) values[at] = Number.NaN;
  const given: MixtureOptions = {
    ...options,
    regularization: pick(next, 0, 1e-6, 1e-6, 1e-3),
    seed: Math.floor(next() * 1000),
    ...(isWeighted ? { weights: Array.from({ length: n }, (_, i) => Number(i === 0) + Math.floor(next() * 3)) } : {}),
  };
  const what = `fit ${seed} of ${n} rows, ${d} features, ${kind}, times ${scale}, ${JSON.stringify(given)}`;
  const troubles = [
    kind,
    `times ${scale}`,
    ...(n === options.components ? ["as many components as rows"] : []),
    ...(isIncomplete ? ["entries missing"] : []),
  ];
  const x = gpu.tensor(values, [n, d]);
  try {
    using model = await GaussianMixture.fit(x, given);
    const missing = isIncomplete ? ({ missing: "nan" } as const) : {};
    const made = [model.logProb(x, missing), model.responsibilities(x, missing), model.sample(3, { seed })];
    try {
      const isBad = (list: Iterable<number>) => [...list].some((value) => !Number.isFinite(value));
      if (isBad(model.history)) throw new Error(`${what}: a log-likelihood is no number`);
      for (const t of [model.weights, model.means, ...Object.values(model.parameters), ...made])
        if (isBad(await t.read())) throw new Error(`${what}: a value is no number`);
      const weights = (await model.weights.read()) as Float32Array;
      const total = weights.reduce((a, b) => a + b, 0);
      if (!(Math.abs(total - 1) < 1e-5)) throw new Error(`${what}: weights add up to ${total}`);
      return { outcome: "fitted", message: "", troubles };
    } finally {
      for (const t of made) t.dispose();
    }
  } catch (error) {
    if (!(error instanceof LatentError)) throw error;
    const { code, message } = error;
    if (!["numeric", "argument", "data"].includes(code) || !REMEDY.test(message))
      throw new Error(`${what}: ${code}: ${message}`, { cause: error });
    return { outcome: code, message, troubles };
  } finally {
    x.dispose();
  }
}
