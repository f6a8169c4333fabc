import { check, show } from "../../device/errors.ts";
import { floats } from "../../linalg/numbers.ts";
import { familyOf, kindsOf } from "../covariance/families.ts";
import { modelFile, parseModelFile } from "../covariance/file.ts";
import type { CovarianceFamily, CovarianceKind, Tensors } from "../covariance/family.ts";
import type { MixtureValues } from "./emStates.ts";
import { type MixtureStart, type Numbers, startValues } from "./options.ts";

/** How a fit went. */
export interface Course {
  readonly converged: boolean;
  readonly iterations: number;
  readonly history: readonly number[];
  readonly warnings?: readonly string[];
}

/** A mixture as safetensors. */
export function mixtureFile(
  kind: CovarianceKind,
  tensors: Tensors,
  { converged, iterations, history }: Course,
): Promise<Uint8Array<ArrayBuffer>> {
  const metadata = {
    covariance: kind,
    converged: String(converged),
    iterations: String(iterations),
    history: JSON.stringify(history),
  };
  return modelFile("GaussianMixture", tensors, metadata);
}

/** A mixture's file, every value checked as `from` does. Throws LatentError("format") on another file. */
export function parseMixture(
  where: string,
  bytes: Uint8Array,
): { family: CovarianceFamily; sizes: { d: number; rank: number }; values: MixtureValues; course: Course } {
  const { tensors, metadata } = parseModelFile(where, "GaussianMixture", bytes);
  const kind = metadata.get("covariance") as CovarianceKind;
  check(kindsOf(false).includes(kind), "format", where, () => {
    return `expected a covariance of ${kindsOf(false).join(", ")}; got ${kind}.`;
  });
  const family = familyOf(where, kind);
  const [k = 0, d = 0] = tensors.get("means")?.shape ?? [];
  const rank = tensors.get("loadings")?.shape[2] ?? 0;
  const weights = floats(where, tensors, "weights", [k]);
  const means = floats(where, tensors, "means", [k, d]);
  const covariances = Object.entries(family.shapes(k, d, rank)).map(([name, shape]) => [
    name,
    floats(where, tensors, name, shape),
  ]);
  const given = {
    weights,
    means,
    covariances: (family.ranked
      ? Object.fromEntries(covariances)
      : covariances[0]![1]) as MixtureStart<Numbers>["covariances"],
  };
  check(
    k > 0 && d > 0,
    "format",
    where,
    () => `expected at least one component and feature; got means ${show([k, d])}.`,
  );
  return {
    family,
    sizes: { d, rank },
    values: startValues(where, given, family, { components: k, d, rank }, ""),
    course: {
      converged: metadata.get("converged") === "true",
      iterations: wholeOf(where, metadata.get("iterations")),
      history: historyOf(metadata.get("history")),
    },
  };
}

function wholeOf(where: string, text = "0"): number {
  const value = Number(text);
  check(
    Number.isSafeInteger(value) && value >= 0,
    "format",
    where,
    () => `metadata iterations is no count. Expected a whole number ≥ 0; got ${text.slice(0, 40)}.`,
  );
  return value;
}

function historyOf(text: string | undefined): number[] {
  try {
    const parsed: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(parsed) ? parsed.filter((value) => typeof value === "number") : [];
  } catch {
    return [];
  }
}
