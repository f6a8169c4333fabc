import type { Samples } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import { Moments } from "../linalg/moments.ts";
import { rootTrace } from "../linalg/rootTrace.ts";
import { frechetDeviation, hasInterval, limitsOf, traceOf } from "./frechetDeviation.ts";
import { defineMeasure } from "./measure.ts";
import type { SampleSet } from "./sets.ts";

/** Nothing of its own. */
export type FrechetOptions = Readonly<Record<never, never>>;

/** The parts of a Fréchet distance. */
export interface FrechetDistance {
  /** |μ₁ − μ₂|² */
  readonly meanTerm: number;
  /** tr Σ₁ + tr Σ₂ − 2 tr (Σ₁Σ₂)^½ */
  readonly traceTerm: number;
  /** Numerical ranks of Σ₁ and Σ₂. */
  readonly ranks: readonly [number, number];
  /** By how much a finite number of rows makes the distance too large, on average; the interval leaves it out. */
  readonly bias?: number | undefined;
}

/** A trace term below −this part of tr Σ₁ + tr Σ₂ is more than rounding. */
const ROUNDING = 1e-6;

/**
 * Fréchet distance of the Gaussians with the moments of a and b:  |μ₁ − μ₂|² + tr (Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½),  Σ with divisor n − 1.
 *
 * tr (Σ₁Σ₂)^½ is the sum of the singular values of L₁ᵀL₂, where Σ = L·Lᵀ: no product of covariances, no complex numbers, and
 * singular covariances (fewer samples than features) have a factor, too: by Cholesky with pivoting. Features that go together in
 * neither covariance are treated apart. Few features, and all on a software adapter, in float64 on the CPU by bidiagonalisation;
 * many on a GPU in f32 by the polar factor of L₁ᵀL₂, |error| ≤ 10⁻⁴ · distance + 10⁻⁶ · (tr Σ₁ + tr Σ₂). The value is the squared
 * 2-Wasserstein distance of the two Gaussians, which is what tables report as FID: call it that only with the Inception features.
 * It sees first and second moments, nothing else. Source: Dowson & Landau 1982; the trace as in Mathiasen & Hvilshøj 2020.
 *
 * real, generated: Moments, tensors [n, d], arrays, data sets or sources of rows. The value is biased upwards in 1/n. The interval is about the distance of
 * the laws, the value less its bias, by the rows' influences (frechetDeviation.ts). It needs rows, not moments, 6 a feature, d³ operations of the CPU and a second pass, and
 * comes unasked up to 256 features. Throws LatentError: "data" with fewer than two samples,
 * "shape" where features differ in number.
 *
 *     const { value } = await frechetDistance(a, b);
 */
export const frechetDistance = /* @__PURE__ */ defineMeasure<
  [real: Moments | SampleSet, generated: Moments | SampleSet],
  FrechetOptions,
  FrechetDistance
>({
  name: "frechetDistance",
  sets: ["real", "generated"],
  options: {},
  accumulator: () => Moments.streaming(),
  async of(inputs, _options, { where, rows, count, level, interval, long, maybeGpu, insists }) {
    const momentsOf = async (set: string): Promise<Moments> => {
      const given = inputs[set];
      const moments = given instanceof Moments ? given : await Moments.of(rows(set) as Samples, long);
      count(set, moments.count);
      return moments;
    };
    const [first, second] = [await momentsOf("real"), await momentsOf("generated")];
    check(first.dim === second.dim, "shape", where, () => {
      return `features differ in number. Expected as many in both; got ${first.dim} and ${second.dim}.`;
    });
    for (const { count: n } of [first, second])
      check(n >= 2, "data", where, () => `too few samples. Expected at least 2 in each set; got ${n}.`);
    const d = first.dim;
    const [s1, s2] = [first.covariance, second.covariance];
    const gap = second.mean.map((value, j) => value - first.mean[j]!);
    const meanTerm = gap.reduce((total, value) => total + value ** 2, 0);
    const traces = traceOf(s1, d) + traceOf(s2, d);
    const root = await rootTrace(s1, s2, d, {
      roundings: [first.precision, second.precision],
      gpu: maybeGpu ?? first.gpu ?? second.gpu,
      insists,
      signal: long.signal,
    });
    const raw = traces - 2 * root.value - Math.min(root.residual, 0);
    const warnings = [first, second].flatMap(({ count: n }, i) =>
      n <= d
        ? [
            `set ${i + 1} has ${n} samples for ${d} features: its covariance has rank ${root.ranks[i]} at most, and the distance is biased upwards.`,
          ]
        : [],
    );
    if (raw < -ROUNDING * traces)
      warnings.push(
        `the trace term came out as ${raw}, which is more than rounding; a covariance is not positive semidefinite.`,
      );
    const traceTerm = Math.max(0, raw);
    const value = meanTerm + traceTerm;
    const parts = { value, meanTerm, traceTerm, ranks: root.ranks, warnings };
    const sets = [inputs.real, inputs.generated];
    const counts = [first.count, second.count];
    if (sets.some((set) => set instanceof Moments) || !hasInterval(interval, d, counts)) return parts;
    const { biases, deviation } = await frechetDeviation([rows("real"), rows("generated")], [first, second], long);
    const bias = biases[0] + biases[1];
    return { ...parts, bias, deviation, interval: limitsOf(value - bias, deviation, level) };
  },
});
