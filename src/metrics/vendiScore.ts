import { gpuOfRows } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import { above, oneOf, optional, whole } from "../formats/options.ts";
import { medianDistance } from "./kernelSums.ts";
import type { HalvesOptions } from "./halves.ts";
import { defineMeasure } from "./measure.ts";
import type { SampleSet } from "./sets.ts";
import { cosineSpectrum, eigenvaluesOf, entropyScore, rbfMatrix } from "./spectra.ts";
import { AT_LEAST_ONE } from "./statistics.ts";

/** What vendiScore may be asked for. */
export interface VendiOptions extends HalvesOptions {
  /** Similarity of two rows, 1 of a row with itself; "cosine". */
  readonly kernel?: "cosine" | "rbf";
  /** Of the rbf kernel; the median distance. */
  readonly sigma?: number;
  /** Order of the entropy, > 0; 1. */
  readonly q?: number;
}

/** The parts of a Vendi score: orders ½, 1, 2 and ∞. */
export interface Vendi {
  /** Order ½. */
  readonly "0.5": number;
  /** Order 1. */
  readonly "1": number;
  /** Order 2. */
  readonly "2": number;
  /** Order ∞: 1 over the largest eigenvalue. */
  readonly inf: number;
  /** Eigenvalues of K/n, which sum to 1. */
  readonly eigenvalues: Float64Array;
}

/**
 * Vendi score: how many unlike rows a set holds, exp of Rényi's entropy of order q of the eigenvalues of K/n. From 1 (all alike) to n. No reference: blind to quality; grows with n.
 * Source: Friedman & Dieng 2023 (arXiv 2210.02410).
 *
 *     const { value } = await vendiScore(b);
 */
export const vendiScore = /* @__PURE__ */ defineMeasure<[generated: SampleSet], VendiOptions, Vendi>({
  name: "vendiScore",
  sets: ["generated"],
  options: {
    kernel: oneOf("cosine", "rbf"),
    sigma: optional(above(0)),
    q: above(0, 1),
    resamples: optional(whole(0)),
  },
  halves: { value: AT_LEAST_ONE, "0.5": AT_LEAST_ONE, "1": AT_LEAST_ONE, "2": AT_LEAST_ONE, inf: AT_LEAST_ONE },
  async of(_inputs, { kernel, sigma, q }, { where, rows, long }) {
    const set = rows("generated");
    check(sigma === undefined || kernel === "rbf", "argument", where, () => 'sigma belongs to kernel "rbf".');
    let eigenvalues: Float64Array;
    if (kernel === "cosine") eigenvalues = await cosineSpectrum(where, set, long.signal);
    else {
      const width = sigma ?? (await medianDistance(set, long.signal));
      const matrix = await rbfMatrix(where, set, set, width, long);
      for (let at = 0; at < matrix.length; at++) matrix[at]! /= set.count;
      eigenvalues = await eigenvaluesOf(await gpuOfRows(where, set), matrix, set.count, long.signal);
    }
    const of = (order: number) => entropyScore(eigenvalues, order);
    return { value: of(q!), "0.5": of(0.5), "1": of(1), "2": of(2), inf: of(Infinity), eigenvalues };
  },
});
