import { check } from "../../device/errors.ts";
import { floats } from "../../linalg/numbers.ts";
import { checkSymmetric } from "../../linalg/symmetric.ts";
import { familyOf, kindsOf } from "../covariance/families.ts";
import type { CovarianceFamily, Values } from "../covariance/family.ts";
import { parseModelFile } from "../covariance/file.ts";
import { checkFactor, FEATURES_ON_CPU } from "../covariance/roots.ts";
import type { Estimate } from "./fit.ts";
import type { GaussianKind } from "./options.ts";

/** Names and shapes of one covariance in files, and its name in a stack: `covariance` is the one of `covariances`. */
export function shapesOf(family: CovarianceFamily, d: number, rank: number) {
  const entries = Object.entries(family.shapes(1, d, rank)).map(([stacked, [, ...shape]]) => [
    stacked === "covariances" ? "covariance" : stacked,
    { stacked, shape },
  ]);
  return Object.fromEntries(entries) as { [name: string]: { stacked: string; shape: number[] } };
}

/** A Gaussian's file, with the factor of a full covariance where that serves. Throws LatentError("format") on another file. */
export function parseGaussian(where: string, bytes: Uint8Array): Estimate {
  const { tensors, metadata } = parseModelFile(where, "Gaussian", bytes);
  const kind = metadata.get("covariance") as GaussianKind;
  check(kindsOf(true).includes(kind), "format", where, () => {
    return `expected a covariance of ${kindsOf(true).join(", ")}; got ${kind}.`;
  });
  const family = familyOf(where, kind, true);
  const [d = 0] = tensors.get("mean")?.shape ?? [];
  const rank = tensors.get("loadings")?.shape[1] ?? 1;
  const mean = floats(where, tensors, "mean", [d]);
  const values = Object.entries(shapesOf(family, d, rank)).map(([name, { stacked, shape }]) => [
    stacked,
    floats(where, tensors, name, shape),
  ]);
  const covariance = Object.fromEntries(values) as Values;
  if (kind === "full") checkSymmetric(where, covariance["covariances"]!, d);
  // older files have none
  const given = kind === "full" && tensors.has("factor") ? floats(where, tensors, "factor", [d, d]) : null;
  const factor = given && Float32Array.from(given);
  if (factor) checkFactor(where, factor, covariance["covariances"]!, d);
  const origin = { kind: "numbers", precision: 2 ** -24 } as const;
  const stored = d <= FEATURES_ON_CPU ? factor : null;
  return { family, mean, covariance, factor: stored, shrinkage: 0, origin, warnings: [] };
}
