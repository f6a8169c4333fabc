import { gpuOf, type Rows } from "../../data/rows.ts";
import { abortable, type LongCall, progressOf } from "../../formats/call.ts";
import { familyOf } from "../covariance/families.ts";
import type { CovarianceKind, Values } from "../covariance/family.ts";
import { incompleteRowsOfStep, rowsOfStep } from "../covariance/step.ts";
import { Em } from "./em.ts";
import type { EmOptions } from "./emStates.ts";
import { singular } from "./singular.ts";

/** What one Gaussian is fitted by. */
interface OneOptions
  extends LongCall, Pick<EmOptions, "rank" | "regularization" | "tolerance" | "maxIterations" | "weights" | "fill"> {
  readonly kind: CovarianceKind;
}

/**
 * Mean and covariance of greatest likelihood of one Gaussian by EM over its rows, from a start: where products of all features are too many, and where
 * entries are missing.
 */
export async function emOfOne(
  where: string,
  rows: Rows,
  options: OneOptions,
  mean: Float64Array,
  start: Values,
): Promise<{ mean: Float64Array; covariance: Values; converged: boolean; iterations: number }> {
  const { kind, fill, signal, onProgress, ...numbers } = options;
  const family = familyOf(where, kind);
  const batch = fill ? incompleteRowsOfStep(family, 1, rows.dim, numbers.rank) : rowsOfStep(family, 1, rows.dim);
  const whole = rows.count <= batch ? await rows.batch(0, rows.count) : null;
  const first = whole ?? (await rows.batch(0, 1));
  const began = performance.now();
  let em: Em | null = null;
  try {
    if (whole) await gpuOf(where, first).evaluate([whole], { signal });
    em = new Em(gpuOf(where, first), rows, whole, { family, components: 1, batch, fill, signal, ...numbers });
    const covariances = Object.fromEntries(
      Object.entries(start).map(([name, values]) => [name, Float32Array.from(values)]),
    );
    const weights = Float32Array.of(1);
    await abortable(em.startFrom({ weights, means: Float32Array.from(mean), covariances }), signal);
    const result = await em.run(signal, (iteration) =>
      onProgress?.(progressOf(began, iteration, numbers.maxIterations)),
    );
    if (result.failure) throw singular(where, family, result);
    const covariance = Object.fromEntries(
      Object.entries(result.covariances).map(([name, values]) => [name, Float64Array.from(values)]),
    );
    const { converged, iterations } = result;
    return { mean: Float64Array.from(result.means), covariance, converged, iterations };
  } finally {
    em?.dispose();
    if (rows.keeps !== true) first.dispose();
  }
}
