import { gpuOfRows } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import { above, oneOf, optional, whole } from "../formats/options.ts";
import { kernelSums, typical } from "./kernelSums.ts";
import type { HalvesOptions } from "./halves.ts";
import { defineMeasure } from "./measure.ts";
import type { SampleSet } from "./sets.ts";
import { eigenvaluesOf, entropyScore, rbfMatrix } from "./spectra.ts";
import { AT_LEAST_ONE, NOT_NEGATIVE } from "./statistics.ts";

/** What renyiKernelEntropy may be asked for. */
export interface RenyiOptions extends HalvesOptions {
  /** The kernel: "rbf". */
  readonly kernel?: "rbf";
  /** Its width in the rows' units; has to be chosen (15 in demos on DINOv2 features). */
  readonly sigma?: number;
}

/** The parts of a Rényi kernel entropy. */
export interface RenyiKernelEntropy {
  /** exp H₂. */
  readonly rke: number;
  /** H₂ in nats. */
  readonly logRke: number;
  /** The Vendi score of order 1 under this kernel, up to 2048 rows. */
  readonly vendi?: number | undefined;
}

/** Rows up to which eigenvalues are taken as well. */
const EIGENVALUES = 2048;

/**
 * Rényi kernel entropy of order 2: how many modes a set holds,  1 / ‖K/n‖²_F with the Gaussian kernel exp(−|x − y|²/2σ²). Sums over pairs, no eigenvalues. The value is exp H₂.
 * Source: Jalali, Li & Farnia 2023. Throws LatentError("argument") without sigma.
 *
 *     const { value } = await renyiKernelEntropy(b, { sigma: 1 });
 */
export const renyiKernelEntropy = /* @__PURE__ */ defineMeasure<
  [generated: SampleSet],
  RenyiOptions,
  RenyiKernelEntropy
>({
  name: "renyiKernelEntropy",
  sets: ["generated"],
  options: { kernel: oneOf("rbf"), sigma: optional(above(0)), resamples: optional(whole(0)) },
  halves: { value: AT_LEAST_ONE, logRke: NOT_NEGATIVE, vendi: AT_LEAST_ONE },
  async of(_inputs, { sigma }, { where, rows, long }) {
    check(
      sigma !== undefined,
      "argument",
      where,
      () => "expected sigma, the kernel's width, in the rows' units; got none.",
    );
    const set = rows("generated");
    const kernel = { kernel: "rbf", sigma } as const;
    const found = await kernelSums(where, set, set, kernel, await typical(set, set, kernel, long.signal), true, long);
    const rke = set.count ** 2 / (found.squares + found.diagonalSquares);
    let vendi: number | undefined;
    if (set.count <= EIGENVALUES) {
      const matrix = (await rbfMatrix(where, set, set, sigma, long)).map((value) => value / set.count);
      vendi = entropyScore(await eigenvaluesOf(await gpuOfRows(where, set), matrix, set.count, long.signal), 1);
    }
    return { value: rke, rke, logRke: Math.log(rke), vendi };
  },
});
