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
import { type Key, KEYS, TITLES } from "./titles.ts";

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
  readonly key: Key;
  /** What it is computed of. */
  readonly needs: keyof Wanted;
  /** Whether it compares with real samples. */
  readonly isPair: boolean;
  of(generated: never, real: never, options: Conditions): Promise<Score>;
}

/** A measure of the two sets' rows. */
const pair = (key: Key, of: (real: Rows, generated: Rows, options: Conditions) => Promise<Score>): Entry => ({
  key,
  needs: "rows",
  isPair: true,
  of: (generated: Rows, real: Rows, options) => of(real, generated, options),
});

const ENTRIES: readonly Entry[] = [
  {
    key: "fid",
    needs: "moments",
    isPair: true,
    of: (generated: Moments, real: Moments, options) => frechetDistance(real, generated, options),
  },
  {
    key: "sfid",
    needs: "spatial",
    isPair: true,
    of: (generated: Moments, real: Moments, options) =>
      frechetDistance(real, generated, { ...options, features: `${options.features}, spatial` }),
  },
  pair("kid", (a, b, options) => kernelDistance(a, b, options)),
  pair("pr", (a, b, options) => precisionRecall(a, b, options)),
  {
    key: "is",
    needs: "probabilities",
    isPair: false,
    async of(generated: Rows | Moments, _real, options) {
      if (generated instanceof Moments) return classScore({ moments: generated }, options);
      const all = generated.batch(0, generated.count);
      return classScore(all, options).finally(() => all.dispose());
    },
  },
  pair("dc", (a, b, options) => densityCoverage(a, b, options)),
  pair("cdc", (a, b, options) => clippedDensityCoverage(a, b, options)),
  pair("mmd", (a, b, options) => kernelDistance(a, b, { ...options, kernel: "rbf" })),
  pair("swd", (a, b, options) => slicedWasserstein(a, b, options)),
  pair("mind", (a, b, options) => mind(a, b, { ...options, subsample: true })),
  pair("fid-infinity", (a, b, options) => frechetDistanceInfinity(a, b, options)),
  pair("mifid", (a, b, options) => mifid(a, b, options)),
  pair("topological", (a, b, options) => topologicalPrecisionRecall(a, b, options)),
  pair("authenticity", (a, b, options) => authenticity(a, b, options)),
  pair("1nn", (a, b, options) => nearestNeighbourTest(a, b, options)),
  pair("classifier", (a, b, options) => classifierTest(a, b, options)),
  {
    key: "vendi",
    needs: "rows",
    isPair: false,
    of: (generated: Rows, _real, options) => vendiScore(generated, options),
  },
];

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
export function titleOf({ key }: Entry, features: { readonly name: string; readonly isInception: boolean }): string {
  const [title, inception] = TITLES[key] as readonly [string, string?];
  return features.isInception && inception !== undefined ? inception : `${title}, ${features.name}`;
}
