import { check } from "../../device/errors.ts";
import { diagonal } from "./diagonal.ts";
import { factor } from "./factor.ts";
import type { CovarianceFamily, CovarianceKind } from "./family.ts";
import { full } from "./full.ts";
import { lowRank } from "./lowRank.ts";
import { spherical } from "./spherical.ts";
import { tied } from "./tied.ts";

const families: { readonly [kind in CovarianceKind]: CovarianceFamily } = {
  full,
  tied,
  diag: diagonal,
  spherical,
  "low-rank": lowRank,
  factor,
};

/** Names of the families that there are; Gaussians have none that is tied. */
export const kindsOf = (ofGaussian: boolean): readonly CovarianceKind[] =>
  Object.values(families)
    .filter((family) => !ofGaussian || family.estimate)
    .map((family) => family.kind);

/** The family of this name. Throws LatentError("argument") naming those that there are. */
export function familyOf(where: string, kind: CovarianceKind, ofGaussian = false): CovarianceFamily {
  const names = kindsOf(ofGaussian);
  check(
    names.includes(kind),
    "argument",
    where,
    () => `unknown covariance. Expected one of ${names.join(", ")}; got ${String(kind)}.`,
  );
  return families[kind];
}

/** Throws LatentError("argument") unless a whole rank > 0 comes with the kinds that have one, and with no other. */
export function checkRank(
  where: string,
  { kind, ranked }: CovarianceFamily,
  rank: number | undefined,
  d?: number,
): void {
  check(
    ranked ? Number.isInteger(rank) && rank! > 0 : rank === undefined,
    "argument",
    where,
    () =>
      `expected a whole rank > 0 with covariance "low-rank" and "factor", and none without; got ${rank} with "${kind}".`,
  );
  check(
    !ranked || d === undefined || rank! < d,
    "argument",
    where,
    () => `expected a rank below the ${d} features; got ${rank}.`,
  );
}
