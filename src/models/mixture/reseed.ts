import { eachBatch, gpuOf, type Rows, rowsAtOnce } from "../../data/rows.ts";
import type { CovarianceFamily } from "../covariance/family.ts";
import { nearest } from "../kmeans/nearest.ts";
import { filledRows } from "../observed.ts";
import type { Em } from "./em.ts";
import type { EmResult, MixtureValues } from "./emStates.ts";

/** A component of less than so many rows is dead. */
export const LEAST_ROWS = 0.5;

/** Components of less than half a row. */
export const deadOf = (weights: Float32Array, total: number): number[] =>
  [...weights.keys()].filter((k) => !(weights[k]! * total >= LEAST_ROWS));

interface Reseeding {
  readonly where: string;
  readonly rows: Rows;
  readonly family: CovarianceFamily;
  /** Sum of the weights of all rows. */
  readonly total: number;
  /** How much each row counts. */
  readonly weights: Float32Array | undefined;
  /** Means of the features, where entries are missing. */
  readonly fill: Float32Array<ArrayBuffer> | undefined;
  readonly signal: AbortSignal | undefined;
  readonly report: (iteration: number, bound: number) => void;
}

/**
 * Goes on with EM after components without rows, or one whose covariance became singular, were put on the rows farthest from the other means, with the
 * covariance of the heaviest component; at most as often as there are components, and only where there are rows enough that count.
 */
export async function reseeded(em: Em, first: EmResult, context: Reseeding): Promise<EmResult> {
  const { where, family, fill, signal, report } = context;
  const rows = fill ? filledRows(where, context.rows, fill, signal) : context.rows;
  const components = first.weights.length;
  let result = first;
  for (let round = 0; round < components; round++) {
    const dead = deadOf(result.weights, context.total);
    const broken = result.failure?.component;
    if (broken !== undefined && family.kind !== "tied" && !dead.includes(broken)) dead.push(broken);
    if (dead.length === 0 || dead.length === components) break;
    const alive = [...result.weights.keys()].filter((k) => !dead.includes(k));
    const means = Float32Array.from(alive.flatMap((k) => [...row(result.means, k, rows.dim)]));
    const far = await farthest(where, { ...context, rows }, means, dead.length);
    if (far.length < dead.length) break;
    await em.startFrom(replaced(result, { dead, alive, far, isTied: family.kind === "tied" }));
    const again = await em.run(signal, report);
    const history = Float32Array.of(...result.history, ...again.history);
    result = { ...again, history, iterations: result.iterations + again.iterations };
  }
  return result;
}

const row = (values: Float32Array, k: number, size: number): Float32Array => values.subarray(k * size, k * size + size);

/** Parameters with `dead` components moved to the rows `far`. */
function replaced(
  { weights, means, covariances }: MixtureValues,
  { dead, alive, far, isTied }: { dead: number[]; alive: number[]; far: Float32Array[]; isTied: boolean },
): MixtureValues {
  const k = weights.length;
  const heaviest = alive.reduce((best, at) => (weights[at]! > weights[best]! ? at : best));
  const left = alive.reduce((total, at) => total + weights[at]!, 0);
  const next = weights.map((weight, at) => (dead.includes(at) ? 1 / k : (weight / left) * (1 - dead.length / k)));
  const parameters = {
    means: means.slice(),
    ...Object.fromEntries(Object.entries(covariances).map(([name, v]) => [name, v.slice()])),
  };
  for (const [at, which] of dead.entries())
    for (const [name, values] of Object.entries(parameters)) {
      const size = values.length / k;
      if (name === "means") values.set(far[at]!, which * size);
      else if (!isTied) values.set(row(values, heaviest, size).slice(), which * size);
    }
  const { means: nextMeans, ...nextCovariances } = parameters;
  return { weights: next, means: nextMeans, covariances: nextCovariances };
}

/** The rows that are farthest from the nearest of these means [m·d], of those that count; fewer where there are no more. */
async function farthest(
  where: string,
  { rows, weights, signal }: Pick<Reseeding, "rows" | "weights" | "signal">,
  means: Float32Array<ArrayBuffer>,
  count: number,
) {
  const found: { square: number; values: Float32Array }[] = [];
  const { dim } = rows;
  await eachBatch(
    rows,
    rowsAtOnce(dim),
    async (x, start) => {
      const gpu = gpuOf(where, x);
      const squares = gpu.within(() => nearest(x, gpu.tensor(means, [means.length / dim, dim])).squares);
      const away = await squares.read({ signal }).finally(() => squares.dispose());
      const values = (await x.read({ signal })) as Float32Array;
      const counting = [...away.keys()].filter((i) => weights?.[start + i] !== 0);
      const order = counting.sort((a, b) => away[b]! - away[a]!);
      for (const i of order.slice(0, count)) found.push({ square: away[i]!, values: row(values, i, dim).slice() });
    },
    signal,
  );
  return found
    .sort((a, b) => b.square - a.square)
    .slice(0, count)
    .map(({ values }) => values);
}
