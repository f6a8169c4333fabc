import { gpuOf } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import { above, numbers, optional, whole } from "../formats/options.ts";
import { div, mul } from "../graph/ops/arithmetic.ts";
import { cos, sin } from "../graph/ops/elementwise.ts";
import { gram } from "../graph/ops/gram.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { random } from "../graph/ops/random.ts";
import { concat } from "../graph/ops/part.ts";
import type { Tensor } from "../graph/tensor.ts";
import { numbersOf } from "../linalg/numbers.ts";
import type { Gpu } from "../program/gpu.ts";
import { STREAMS } from "./bootstrap.ts";
import type { HalvesOptions } from "./halves.ts";
import { defineMeasure } from "./measure.ts";
import { type SampleSet, onWholes } from "./sets.ts";
import { eigenvaluesOf, entropyScore } from "./spectra.ts";
import { AT_LEAST_ONE } from "./statistics.ts";

/** What fourierVendi may be asked for. */
export interface FourierVendiOptions extends HalvesOptions {
  /** Width of the Gaussian kernel that is approximated; 15. */
  readonly sigma?: number;
  /** Random frequencies r; 512. */
  readonly count?: number;
  /** Frequencies [d, r] instead. */
  readonly frequencies?: readonly ArrayLike<number>[];
}

/** The parts of a Fourier-based Vendi score. */
export interface FourierVendi {
  /** Order 1. */
  readonly vendi: number;
  /** Order 2. */
  readonly rke: number;
  /** Of the features' covariance: 1, but for rounding. */
  readonly trace: number;
}

/**
 * Vendi and RKE scores of the Gaussian kernel by random Fourier features (FKEA): eigenvalues of the uncentred covariance [2r, 2r] of (cos ωᵀx, sin ωᵀx)/√r,
 * O(n r²) instead of O(n³). The value is Vendi of order 1, at most 2r; it depends on the frequencies. Source: Ospanov, Zhang, Jalali et al. 2024 (arXiv 2407.02961).
 *
 *     const { value } = await fourierVendi(b, { sigma: 1, count: 16 });
 */
export const fourierVendi = /* @__PURE__ */ defineMeasure<[generated: SampleSet], FourierVendiOptions, FourierVendi>({
  name: "fourierVendi",
  sets: ["generated"],
  options: { sigma: above(0, 15), count: whole(1, 512), frequencies: numbers(), resamples: optional(whole(0)) },
  apart: { frequencies: ["count", "sigma"] },
  halves: { value: AT_LEAST_ONE, vendi: AT_LEAST_ONE, rke: AT_LEAST_ONE },
  async of(_inputs, { sigma, count, frequencies }, { where, rows, seed, long }) {
    const set = rows("generated");
    const given = frequencies === undefined ? undefined : numbersOf(where, "frequencies", frequencies);
    check(given === undefined || given.length % set.dim === 0, "shape", where, () => {
      return `expected frequencies [${set.dim}, r]; got ${given!.length} numbers.`;
    });
    const r = given ? given.length / set.dim : count!;
    const covarianceOf = async (x: Tensor): Promise<[Gpu, Float64Array]> => {
      const gpu = gpuOf(where, x);
      const covariance = gpu.within(() => {
        const omega = given
          ? gpu.tensor(given, [set.dim, r])
          : mul(random.normal(gpu, [set.dim, r], { seed: seed(), stream: STREAMS.frequency }), 1 / sigma!);
        const angles = matmul(x, omega);
        return div(gram(concat([cos(angles), sin(angles)], 1)), r * set.count);
      });
      return [
        gpu,
        Float64Array.from(await covariance.read({ signal: long.signal }).finally(() => covariance.dispose())),
      ];
    };
    const [gpu, matrix] = await onWholes(where, [set], covarianceOf, long.signal);
    const eigenvalues = await eigenvaluesOf(gpu, matrix, 2 * r, long.signal);
    const trace = eigenvalues.reduce((total, value) => total + value, 0);
    const vendi = entropyScore(eigenvalues, 1);
    return { value: vendi, vendi, rke: entropyScore(eigenvalues, 2), trace };
  },
});
