import { mul } from "../graph/ops/arithmetic.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { reshape } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import { sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import { swap } from "./matrix.ts";
import { towardsUnitary } from "./polar.ts";
import type { RootTrace } from "./rootTraceCpu.ts";
import { roundingOfPivots, semidefiniteRows } from "./semidefinite.ts";

/** Steps of the polar iteration in one submit: 10 ms of a large GPU at 2048 features. */
const STEPS = 4;
/**
 * tr (Σ₁Σ₂)^½ of positive semidefinite `parts` [n, n] in f32:  Σ_ij u_ij · m_ij,  m = L₁ᵀL₂ and u its polar factor.
 *
 * Pivots up to `limits`, or to what f32 leaves of a zero, are left out of a factor. What is left over is as good as diagonal, r₁ and r₂, and
 * counts as Σ_i √(r₁ᵢ r₂ᵢ), so that equal matrices keep their whole trace. Sums of rows are added up in float64.
 * Everything is recorded in advance; one readback at the end. Two uploads of 4n² bytes, 48n³ floating-point operations.
 */
export async function rootTraceOnGpu(
  gpu: Gpu,
  parts: readonly [Float64Array, Float64Array],
  n: number,
  limits: readonly [number, number],
  signal?: AbortSignal,
): Promise<RootTrace> {
  const sizes = parts.map((part) => largestPivot(part, n));
  // sizes near 1 keep f32 from its ends
  const scaled = new Float32Array(2 * n * n);
  for (const [which, part] of parts.entries()) {
    const [scale, start] = [1 / sizes[which]!, which * n * n];
    for (let i = 0; i < n * n; i++) scaled[start + i] = part[i]! * scale;
  }
  const least = Float32Array.from({ length: 2 * n }, (_, at) => {
    const [which, i] = [at < n ? 0 : 1, at % n];
    // the largest diagonal entry is 1
    const own = Math.max(0, scaled[which * n * n + i * n + i]!);
    return Math.max(limits[which]! / sizes[which]!, roundingOfPivots(n) * Math.sqrt(own));
  });
  const owned: Tensor[] = [];
  const own = (...tensors: Tensor[]) => owned.push(...tensors);
  try {
    const [both, smallest] = [gpu.tensor(scaled, [2, n, n]), gpu.tensor(least, [2, n])];
    own(both, smallest);
    const [crossed, rest, rank] = gpu.within(() => {
      const { factor, ...others } = semidefiniteRows(both, smallest);
      const [l1, l2] = [0, 1].map((which) => reshape(slice(factor, 0, which, which + 1), [n, n])) as [Tensor, Tensor];
      return [matmul(l1, swap(l2)), others.rest, others.rank] as const;
    });
    own(crossed, rest, rank);
    await gpu.evaluate([crossed, rest, rank], { signal });
    signal?.throwIfAborted();
    let [unitary, step]: [Tensor, number] = [crossed, 0];
    for (const x of towardsUnitary(crossed)) {
      unitary = x;
      if (++step % STEPS > 0) continue;
      own(x);
      await gpu.evaluate([x], { signal });
      // here, where nothing is recorded that has not run, and so holds on to memory
      signal?.throwIfAborted();
    }
    const terms = sum(mul(unitary, crossed), 1);
    own(terms);
    const [sums, left, ranks] = await Promise.all([
      terms.read({ signal }),
      rest.read({ signal }),
      rank.read({ signal }),
    ]);
    let value = 0;
    for (const term of sums) value += term;
    let residual = 0;
    for (let i = 0; i < n; i++) {
      const [r1, r2] = [0, 1].map((which) => {
        const r = left[which * n + i]!;
        // below zero by more than rounding: the matrix is not semidefinite
        return r < -1e30 || (r < 0 && r > -least[which * n + i]!) ? 0 : r;
      }) as [number, number];
      residual += r1 * sizes[0]! + r2 * sizes[1]!;
      value += Math.sqrt(Math.max(0, r1) * Math.max(0, r2));
    }
    return { value: value * Math.sqrt(sizes[0]! * sizes[1]!), ranks: [ranks[0]!, ranks[1]!], residual };
  } finally {
    for (const tensor of owned) tensor.dispose();
  }
}

/** The largest entry of the diagonal, or 1 where none is positive. */
function largestPivot(a: Float64Array, n: number): number {
  let most = 0;
  for (let i = 0; i < n; i++) most = Math.max(most, a[i * n + i]!);
  return most > 0 ? most : 1;
}
