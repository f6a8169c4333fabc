import { eachBatch, gpuOf, type Rows, rowsAtOnce } from "../../data/rows.ts";
import { min } from "../../graph/ops/sum.ts";
import { distances } from "../../linalg/clusters.ts";
import { ones } from "../../linalg/matrix.ts";
import type { CovarianceFamily } from "../covariance/family.ts";
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
  /** Means of the features, where entries are missing. */
  readonly fill: Float32Array<ArrayBuffer> | undefined;
  readonly signal: AbortSignal | undefined;
  readonly report: (iteration: number, bound: number) => void;
}

/**
 * Goes on with EM after components without rows, or one whose covariance became singular, were put on the rows farthest from the other means, with the
 * covariance of the heaviest component; at most as often as there are components.
 */
export async function reseeded(em: Em, first: EmResult, context: Reseeding): Promise<EmResult> {
  const { where, rows, family, fill, signal, report } = context;
  const components = first.weights.length;
  let result = first;
  for (let round = 0; round < components; round++) {
    const dead = deadOf(result.weights, context.total);
    const broken = result.failure?.component;
    if (broken !== undefined && family.kind !== "tied" && !dead.includes(broken)) dead.push(broken);
    if (dead.length === 0 || dead.length === components) break;
    const alive = [...result.weights.keys()].filter((k) => !dead.includes(k));
    const means = Float32Array.from(alive.flatMap((k) => [...row(result.means, k, rows.dim)]));
    const far = await farthest(where, fill ? filledRows(where, rows, fill) : rows, means, dead.length, signal);
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

/** The rows that are farthest from the nearest of these means [m·d]. */
async function farthest(
  where: string,
  rows: Rows,
  means: Float32Array<ArrayBuffer>,
  count: number,
  signal?: AbortSignal,
) {
  const found: { square: number; values: Float32Array }[] = [];
  const { dim } = rows;
  await eachBatch(
    rows,
    rowsAtOnce(dim),
    async (x) => {
      const gpu = gpuOf(where, x);
      const squares = gpu.within(() => {
        const centres = gpu.tensor(means, [means.length / dim, dim]);
        return min(distances(x, centres, ones(gpu, centres.shape)), 1);
      });
      const away = await squares.read().finally(() => squares.dispose());
      const values = (await x.read()) as Float32Array;
      const order = [...away.keys()].sort((a, b) => away[b]! - away[a]!).slice(0, count);
      for (const i of order) found.push({ square: away[i]!, values: row(values, i, dim).slice() });
    },
    signal,
  );
  return found
    .sort((a, b) => b.square - a.square)
    .slice(0, count)
    .map(({ values }) => values);
}
