import { gpuOf, type Rows } from "../../data/rows.ts";
import { abortable, type LongCall, progressOf } from "../../formats/call.ts";
import { familyOf } from "../covariance/families.ts";
import type { CovarianceKind, Values } from "../covariance/family.ts";
import { Em } from "./em.ts";
import { rowsOfStep } from "../covariance/step.ts";
import { singular } from "./singular.ts";

/** What one Gaussian is fitted by. */
interface OneOptions extends LongCall {
  readonly kind: CovarianceKind;
  readonly rank: number;
  readonly regularization: number;
  readonly tolerance: number;
  readonly maxIterations: number;
  readonly weights?: Float32Array<ArrayBuffer> | undefined;
  /** Its presence says that NaN is a missing entry. */
  readonly fill?: Float32Array<ArrayBuffer> | undefined;
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
  const batch = rowsOfStep(family, 1, rows.dim, fill ? numbers.rank : undefined);
  const whole = rows.count <= batch ? await rows.batch(0, rows.count) : null;
  const first = whole ?? (await rows.batch(0, 1));
  const began = performance.now();
  let em: Em | null = null;
  try {
    if (whole) await abortable(gpuOf(where, first).evaluate([whole]), signal);
    em = new Em(gpuOf(where, first), rows, whole, { family, components: 1, batch, fill, ...numbers });
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
