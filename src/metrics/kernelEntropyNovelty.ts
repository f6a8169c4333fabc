import { check } from "../device/errors.ts";
import { above, optional, whole } from "../formats/options.ts";
import { functionOf, product, symmetricEigen } from "../linalg/eigen.ts";
import type { HalvesOptions } from "./halves.ts";
import { defineMeasure } from "./measure.ts";
import { joined, type SampleSet } from "./sets.ts";
import { rbfMatrix } from "./spectra.ts";
import { NOT_NEGATIVE } from "./statistics.ts";

/** What kernelEntropyNovelty may be asked for. */
export interface NoveltyOptions extends HalvesOptions {
  /** Width of the Gaussian kernel in the rows' units; 15. */
  readonly sigma?: number;
  /** How many times rarer in the real set a mode has to be; 1. */
  readonly eta?: number;
}

/** The parts of kernel entropy-based novelty. */
export interface Novelty {
  /** Σ of the positive eigenvalues: the novel share of the generated mass. */
  readonly positiveSum: number;
  /** The largest of them. */
  readonly largest: number;
}

/** Rows of both sets together: eigenvalues take their cube. */
const MOST = 4096;
/** Eigenvalues below are what rounding leaves of 0. */
const ZERO = 1e-7;

/**
 * Kernel entropy-based novelty: Σ λ log(S₊/λ) over the positive eigenvalues λ (sum S₊) of the difference of both sets' kernel covariances, C_G − η C_R.
 *
 * They are those of S^½ J S^½, S the kernel matrix of all rows scaled by 1/√m and √(η/n), J = diag(1, −1): symmetric, float64 on the CPU. Sees modes of the generated set that are rarer in the
 * real one by η; one novel mode alone has entropy 0. Up to 4096 rows in all. Source: Zhang, Li & Farnia 2024 (arXiv 2402.17287).
 *
 *     const { value } = await kernelEntropyNovelty(a, b, { sigma: 1 });
 */
export const kernelEntropyNovelty = /* @__PURE__ */ defineMeasure<
  [real: SampleSet, generated: SampleSet],
  NoveltyOptions,
  Novelty
>({
  name: "kernelEntropyNovelty",
  sets: ["real", "generated"],
  options: { sigma: above(0, 15), eta: above(0, 1), resamples: optional(whole(0)) },
  halves: { value: NOT_NEGATIVE, positiveSum: NOT_NEGATIVE },
  async of(_inputs, { sigma, eta }, { where, pair, long }) {
    const [real, generated] = pair();
    const [n, m] = [real.count, generated.count];
    const size = n + m;
    check(size <= MOST, "limit", where, () => `expected at most ${MOST} rows in both sets together; got ${size}.`);
    const pool = joined([generated, real]);
    const matrix = await rbfMatrix(where, pool, pool, sigma!, long);
    const scale = Float64Array.from({ length: size }, (_, i) => (i < m ? 1 / Math.sqrt(m) : Math.sqrt(eta! / n)));
    for (let at = 0; at < matrix.length; at++) matrix[at]! *= scale[Math.floor(at / size)]! * scale[at % size]!;
    const half = functionOf(matrix, size, (value) => Math.sqrt(Math.max(0, value)));
    const signed = half.map((value, at) => (Math.floor(at / size) < m ? value : -value));
    const { values } = symmetricEigen(product(half, signed, size), size);
    const positive = values.filter((value) => value > ZERO);
    const positiveSum = positive.reduce((total, value) => total + value, 0);
    const value = positive.reduce((total, λ) => total + λ * Math.log(positiveSum / λ), 0);
    return { value, positiveSum, largest: positive.length > 0 ? Math.max(...positive) : 0 };
  },
});
