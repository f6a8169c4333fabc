import {
  authenticity,
  classifierTest,
  classScore,
  clippedDensityCoverage,
  densityCoverage,
  frechetDistance,
  frechetDistanceInfinity,
  kernelDistance,
  mifid,
  mind,
  nearestNeighbourTest,
  precisionRecall,
  type Score,
  slicedWasserstein,
  topologicalPrecisionRecall,
  vendiScore,
  type Gpu,
  Moments,
} from "../../index.ts";
import type { CallProgress } from "../../formats/call.ts";
import { checkUsage } from "./words.ts";
import type { HostRows, Wanted } from "./gather.ts";

/** What all measures of a run are given. */
export interface Conditions {
  readonly gpu: Gpu;
  readonly seed: number;
  readonly features: string;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: CallProgress) => void;
}

type Rows = HostRows;

/** A measure by its short name. */
export interface Entry {
  readonly key: string;
  /** With features of the FID Inception network, and with all others. */
  readonly title: readonly [inception: string, other: string];
  /** What it is computed of. */
  readonly needs: keyof Wanted;
  /** Whether it compares with real samples. */
  readonly isPair: boolean;
  of(generated: never, real: never, options: Conditions): Promise<Score>;
}

/** A measure of the two sets' rows. */
const pair = (
  key: string,
  title: string,
  of: (real: Rows, generated: Rows, options: Conditions) => Promise<Score>,
): Entry => ({
  key,
  title: [title, title],
  needs: "rows",
  isPair: true,
  of: (generated: Rows, real: Rows, options) => of(real, generated, options),
});

/** All measures. */
export const ENTRIES: readonly Entry[] = [
  {
    key: "fid",
    title: ["FID", "Fréchet distance"],
    needs: "moments",
    isPair: true,
    of: (generated: Moments, real: Moments, options) => frechetDistance(real, generated, options),
  },
  {
    key: "sfid",
    title: ["sFID", "Fréchet distance of spatial features"],
    needs: "spatial",
    isPair: true,
    of: (generated: Moments, real: Moments, options) =>
      frechetDistance(real, generated, { ...options, features: `${options.features}, spatial` }),
  },
  {
    ...pair("kid", "", (a, b, options) => kernelDistance(a, b, options)),
    title: ["KID", "kernel distance, polynomial"],
  },
  pair("pr", "precision and recall", (a, b, options) => precisionRecall(a, b, options)),
  {
    key: "is",
    title: ["Inception Score", "class score"],
    needs: "probabilities",
    isPair: false,
    async of(generated: Rows | Moments, _real, options) {
      if (generated instanceof Moments) return classScore({ moments: generated }, options);
      const all = generated.batch(0, generated.count);
      return classScore(all, options).finally(() => all.dispose());
    },
  },
  pair("dc", "density and coverage", (a, b, options) => densityCoverage(a, b, options)),
  pair("cdc", "clipped density and coverage", (a, b, options) => clippedDensityCoverage(a, b, options)),
  pair("mmd", "kernel distance, rbf", (a, b, options) => kernelDistance(a, b, { ...options, kernel: "rbf" })),
  pair("swd", "sliced Wasserstein distance", (a, b, options) => slicedWasserstein(a, b, options)),
  pair("mind", "MIND", (a, b, options) => mind(a, b, { ...options, subsample: true })),
  {
    ...pair("fid-infinity", "", (a, b, options) => frechetDistanceInfinity(a, b, options)),
    title: ["FID∞", "Fréchet distance at n → ∞"],
  },
  {
    ...pair("mifid", "", (a, b, options) => mifid(a, b, options)),
    title: ["MiFID", "memorisation-informed Fréchet distance"],
  },
  pair("topological", "topological precision and recall", (a, b, options) => topologicalPrecisionRecall(a, b, options)),
  pair("authenticity", "authenticity", (a, b, options) => authenticity(a, b, options)),
  pair("1nn", "1-NN two-sample test", (a, b, options) => nearestNeighbourTest(a, b, options)),
  pair("classifier", "classifier two-sample test", (a, b, options) => classifierTest(a, b, options)),
  {
    key: "vendi",
    title: ["Vendi score", "Vendi score"],
    needs: "rows",
    isPair: false,
    of: (generated: Rows, _real, options) => vendiScore(generated, options),
  },
];

/** The short names of all measures. */
export const KEYS: readonly string[] = ENTRIES.map(({ key }) => key);

/** The measures of a list as it stood on the command line. Throws an error of the command line on an unknown or repeated name. */
export function measuresOf(where: string, list: string): readonly Entry[] {
  const keys = list.split(",").map((key) => key.trim().toLowerCase());
  return keys.map((key, i) => {
    const entry = ENTRIES.find((one) => one.key === key);
    checkUsage(entry !== undefined && keys.indexOf(key) === i, where, () => {
      return `--measures is unusable. Expected some of ${KEYS.join(", ")}, each once; got ${JSON.stringify(list)}.`;
    });
    return entry;
  });
}

/** "FID" only with the FID Inception network; else, and where a measure has one name, the name and the features'. */
export const titleOf = (
  { title: [inception, other] }: Entry,
  features: { readonly name: string; readonly isInception: boolean },
): string => (features.isInception && inception !== other ? inception : `${other}, ${features.name}`);
