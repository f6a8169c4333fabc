import { LatentError } from "../../device/errors.ts";
import type { CovarianceFamily } from "../covariance/family.ts";
import type { EmResult } from "./emStates.ts";

/** What a fit throws whose covariance became singular. */
export function singular(where: string, { kind }: CovarianceFamily, { failure, iterations }: EmResult): LatentError {
  const { component, at } = failure!;
  const which = kind === "tied" ? "the shared covariance" : `the covariance of component ${component}`;
  const place =
    kind === "full" || kind === "tied" ? `pivot ${at} is not above rounding` : `feature ${at} has no variance`;
  return new LatentError(
    "numeric",
    `${where}: ${which} is singular after ${iterations} iterations: ${place}. Decrease components or increase regularization.`,
  );
}
