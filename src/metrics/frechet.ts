import { check, checkOptions } from "../device/errors.ts";
import { checkCall } from "../formats/call.ts";
import { Moments } from "../linalg/moments.ts";
import { rootTrace } from "../linalg/rootTrace.ts";
import type { Samples } from "../data/rows.ts";
import { checkGpu } from "../program/checkGpu.ts";
import type { Gpu } from "../program/gpu.ts";

/** A Fréchet distance, its parts, and what it rests on. */
export interface FrechetDistance {
  /** meanTerm + traceTerm: the squared 2-Wasserstein distance of the two Gaussians, which is what tables report as FID. */
  readonly distance: number;
  /** |μ₁ − μ₂|² */
  readonly meanTerm: number;
  /** tr Σ₁ + tr Σ₂ − 2 tr (Σ₁Σ₂)^½ */
  readonly traceTerm: number;
  /** Numerical ranks of Σ₁ and Σ₂. */
  readonly ranks: readonly [number, number];
  /** What a reader of the numbers should know, in sentences. */
  readonly warnings: readonly string[];
}

/** What frechetDistance may be asked for. */
export interface FrechetOptions {
  /** Aborts the call, which then rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Where many features are worked on; by default the GPU that the samples came from, and the CPU for moments from elsewhere. */
  readonly gpu?: Gpu;
}

/** A trace term below −this part of tr Σ₁ + tr Σ₂ is more than rounding. */
const ROUNDING = 1e-6;

/**
 * Fréchet distance of the Gaussians with the moments of a and b:  |μ₁ − μ₂|² + tr (Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½),  Σ with divisor n − 1.
 *
 * tr (Σ₁Σ₂)^½ is the sum of the singular values of L₁ᵀL₂, where Σ = L·Lᵀ: no product of covariances, no complex numbers, and
 * singular covariances (fewer samples than features) have a factor, too: by Cholesky with pivoting. Features that go together in
 * neither covariance are treated apart. Few features, and all on a software adapter, in float64 on the CPU by bidiagonalisation;
 * many on a GPU in f32 by the polar factor of L₁ᵀL₂, |error| ≤ 10⁻⁴ · distance + 10⁻⁶ · (tr Σ₁ + tr Σ₂). Call it FID only with
 * Inception-v3 features. Source: Dowson & Landau 1982; the trace as in Mathiasen & Hvilshøj 2020.
 *
 * a, b: Moments, tensors [n, d], data sets or sources of rows. Throws LatentError: "data" with fewer than two samples,
 * "shape" where features differ in number.
 *
 *     const { distance } = await frechetDistance(await Moments.of(a), await Moments.of(b));
 */
export async function frechetDistance(
  a: Moments | Samples,
  b: Moments | Samples,
  options: FrechetOptions = {},
): Promise<FrechetDistance> {
  const where = "frechetDistance";
  checkOptions(where, options, ["signal", "gpu"]);
  checkCall(where, options);
  const { signal, gpu } = options;
  if (gpu !== undefined) checkGpu(where, gpu);
  const long = signal ? { signal } : {};
  const [first, second] = [await momentsOf(a, long), await momentsOf(b, long)];
  check(
    first.dim === second.dim,
    "shape",
    where,
    () => `features differ in number. Expected as many in both; got ${first.dim} and ${second.dim}.`,
  );
  for (const { count } of [first, second])
    check(count >= 2, "data", where, () => `too few samples. Expected at least 2 in each set; got ${count}.`);
  const d = first.dim;
  const [s1, s2] = [first.covariance, second.covariance];
  const [m1, m2] = [first.mean, second.mean];
  const meanTerm = m1.reduce((total, value, j) => total + (value - m2[j]!) ** 2, 0);
  const traces = trace(s1, d) + trace(s2, d);
  const root = await rootTrace(s1, s2, d, {
    precisions: [first.precision, second.precision],
    gpu: gpu ?? first.gpu ?? second.gpu,
    insists: gpu !== undefined,
    signal,
  });
  const raw = traces - 2 * root.value - Math.min(root.residual, 0);
  const warnings = [first, second].flatMap(({ count }, i) =>
    count <= d
      ? [
          `set ${i + 1} has ${count} samples for ${d} features: its covariance has rank ${root.ranks[i]} at most, and the distance is biased upwards.`,
        ]
      : [],
  );
  if (raw < -ROUNDING * traces)
    warnings.push(
      `the trace term came out as ${raw}, which is more than rounding; a covariance is not positive semidefinite.`,
    );
  const traceTerm = Math.max(0, raw);
  return { distance: meanTerm + traceTerm, meanTerm, traceTerm, ranks: root.ranks, warnings };
}

const momentsOf = async (x: Moments | Samples, options: { readonly signal?: AbortSignal }): Promise<Moments> =>
  x instanceof Moments ? x : Moments.of(x, options);

const trace = (a: Float64Array, d: number): number =>
  Array.from({ length: d }, (_, i) => a[i * d + i]!).reduce((sum, value) => sum + value, 0);
