import type { Key } from "../../command/titles.ts";

/** What a measure sees and what it misses, in the words of src/metrics/README.md, where all measures stand. */
export interface Sees {
  readonly sees: string;
  readonly misses: string;
  /** Fidelity and diversity in the sanity table (bench/results/sanity.md): how many of its 30 checks each passed. */
  readonly passed?: string;
}

const frechet: Sees = {
  sees: "mean and covariance of features",
  misses: "anything beyond two moments: garbage with the same moments scores 0; biased upwards in 1/n",
};
const lines: Sees = {
  sees: "any difference along lines",
  misses: "little in high dimensions, where it is averaged away; biased upwards",
};
const twoSample: Sees = {
  sees: "that two laws differ; copies (accuracy below ½)",
  misses: "how they differ; the power depends on the classifier",
};

/** By the measure's short name. */
export const SEES: { readonly [key in Key]: Sees } = {
  fid: frechet,
  sfid: frechet,
  kid: { sees: "moments up to the third, without bias", misses: "beyond the third" },
  pr: {
    sees: "overlap of supports",
    misses: "one outlier's ball ruins it; a repeated point in the bulk has precision 1 (it warns)",
    passed: "11 / 10 of 30",
  },
  is: {
    sees: "confidence of a classifier and balance of classes",
    misses: "variety within a class, copies, what the classifier ignores",
  },
  dc: {
    sees: "how dense the real set is around generated rows; modes left out",
    misses: "density has no upper limit",
    passed: "17 / 13 of 30",
  },
  cdc: {
    sees: "the share of good samples, linearly; resists outliers",
    misses: "with m ≪ n a collapsed point covers all (it warns)",
    passed: "20 / 14 of 30",
  },
  mmd: {
    sees: "any difference at the scale σ",
    misses: "with σ large beside the distances (CMMD): little more than the distance of means; it warns",
  },
  swd: lines,
  mind: lines,
  "fid-infinity": { sees: frechet.sees, misses: "anything beyond two moments; the bias of few samples is taken out" },
  mifid: {
    sees: `${frechet.sees}, and copies`,
    misses: "a copy with another sign counts as one; the threshold decides",
  },
  topological: {
    sees: "supports above a confidence band, despite noise",
    misses: "what lies below the band",
  },
  authenticity: {
    sees: "rows nearer to a training row than its own neighbours",
    misses: "high for copies of nothing and for bad samples alike",
  },
  "1nn": twoSample,
  classifier: twoSample,
  vendi: { sees: "how many unlike samples there are", misses: "quality: there is no reference" },
};
