import { LatentError } from "../device/errors.ts";
import { stored } from "../data/stored.ts";
import { add, div, less, maximum, mul, sqrt, square, sub } from "../graph/ops/arithmetic.ts";
import { abs, exp, log } from "../graph/ops/elementwise.ts";
import { gather } from "../graph/ops/gather.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { reshape } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import { max, sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import { withOrthogonalRows } from "./jacobi.ts";
import { diagonal, identity, swap } from "./matrix.ts";
import { qr } from "./qr.ts";
import { allFinite } from "../data/rows.ts";

/** The smallest normal f32. */
const TINY = 2 ** -126;

/** a over its Frobenius norm, and that. Throws LatentError("data") on a value that is not finite. */
async function normalise(
  where: string,
  gpu: Gpu,
  a: Tensor,
  signal: AbortSignal | undefined,
): Promise<{ normalised: Tensor; scale: number }> {
  const most = maximum(max(abs(a)), TINY);
  const near = div(a, most); // so that no square leaves f32
  const length = maximum(sqrt(sum(square(near))), TINY);
  const normalised = div(near, length);
  const finite = allFinite(a);
  try {
    await gpu.evaluate([most, length, finite, normalised], { signal });
    if ((await finite.item({ signal })) !== 1)
      throw new LatentError("data", `${where}: expected finite numbers; got others.`);
    return { normalised, scale: (await most.item({ signal })) * (await length.item({ signal })) };
  } catch (error) {
    normalised.dispose();
    throw error;
  } finally {
    for (const tensor of [most, length, finite]) tensor.dispose();
  }
}

/** Squarings behind a bound: it is at most n^(1/64) above the norm, a tenth at 512 rows. */
const SQUARINGS = 5;

/** An upper bound of the largest |λ| of symmetric a [n, n], near it:  ‖a^(2^k)‖^(1/2^k) of Frobenius' norm, k squarings. */
function spectralBound(a: Tensor): Tensor {
  const lengthOf = (x: Tensor) => maximum(sqrt(sum(square(x))), TINY);
  let power = a;
  let length = lengthOf(power);
  let bound = log(length);
  for (let k = 1; k <= SQUARINGS; k++) {
    const unit = div(power, length);
    power = matmul(unit, unit);
    length = lengthOf(power);
    bound = add(bound, mul(log(length), 2 ** -k));
  }
  return exp(bound);
}

/**
 * Eigenvalues and vectors of symmetric a [n, n] by one-sided Jacobi on a + shift·I, whose rows become (λ + shift)·v: it is definite, so
 * that λ and −λ do not mix, and no row is short. The rounding of the rotations is in proportion to these rows, so the shift is little
 * above what the least eigenvalue needs. The values are vᵀ·a·v, which is free of the shift's rounding.
 */
export async function eighOnGpu(
  where: string,
  gpu: Gpu,
  a: Tensor,
  signal?: AbortSignal,
): Promise<{ values: Tensor; vectors: Tensor }> {
  const n = a.shape[0]!;
  const { normalised, scale } = await normalise(where, gpu, a, signal);
  const one = identity(gpu, n);
  const bound = spectralBound(normalised);
  // bound − λ of the least λ, so that their difference is no smaller than −λ
  const span = spectralBound(sub(mul(one, bound), normalised));
  const shift = add(sub(span, bound), maximum(mul(bound, 1 / 16), 2 ** -10));
  const shifted = add(normalised, mul(one, shift));
  try {
    return await withOrthogonalRows(
      where,
      gpu,
      shifted,
      async (w) => {
        const rows = slice(w, 0, 0, n);
        const v = div(rows, maximum(sqrt(sum(square(rows), 1, { keepDims: true })), TINY));
        const lambda = sum(mul(matmul(v, normalised), v), 1);
        const owned = [v, lambda];
        try {
          await gpu.evaluate(owned, { signal });
          const found = Float64Array.from(await lambda.read({ signal }));
          const order = Int32Array.from(found.keys()).sort((i, j) => found[i]! - found[j]!);
          using places = gpu.tensor(order);
          const [vectors] = await stored(gpu, () => [swap(gather(v, places))], signal);
          const values = Float64Array.from(order, (i) => found[i]! * scale);
          return { values: gpu.tensor(values, [n]), vectors };
        } finally {
          for (const tensor of owned) tensor.dispose();
        }
      },
      signal,
    );
  } finally {
    normalised.dispose();
  }
}

/** Lengths of the rows of w, read back. */
async function lengthsOf(w: Tensor, signal: AbortSignal | undefined): Promise<Float64Array> {
  const squares = sum(square(w), 1);
  return Float64Array.from(await squares.read({ signal }).finally(() => squares.dispose()), Math.sqrt);
}

/** Singular values of a [m, n], descending: the lengths of its rows or columns, whichever are fewer, made orthogonal. */
export async function svdvalsOnGpu(where: string, gpu: Gpu, a: Tensor, signal?: AbortSignal): Promise<Tensor> {
  const [m, n] = a.shape as [number, number];
  const { normalised, scale } = await normalise(where, gpu, a, signal);
  try {
    return await withOrthogonalRows(
      where,
      gpu,
      m < n ? normalised : swap(normalised),
      async (w) => {
        const lengths = (await lengthsOf(w, signal)).sort().reverse();
        return gpu.tensor(lengths.subarray(0, Math.min(m, n)).map((length) => length * scale));
      },
      signal,
    );
  } finally {
    normalised.dispose();
  }
}

/** Columns of unit length in the directions of those of x, orthonormal whatever x is: its Householder factor, with the signs of x. */
function orthonormalised(x: Tensor): Tensor {
  const { q, r } = qr(x);
  return mul(q, sub(1, mul(2, less(reshape(diagonal(r), [1, x.shape[1]!]), 0))));
}

/**
 * a [m, n] = u · diag(s) · vh by one-sided Jacobi on the fewer of rows and columns, which become s times the vectors of the longer side. The
 * others are a's images of these, made orthogonal the longest first, so that short ones cannot spoil what is longer.
 */
export async function svdOnGpu(
  where: string,
  gpu: Gpu,
  a: Tensor,
  signal?: AbortSignal,
): Promise<{ u: Tensor; s: Tensor; vh: Tensor }> {
  const [m, n] = a.shape as [number, number];
  const k = Math.min(m, n);
  const { normalised, scale } = await normalise(where, gpu, a, signal);
  const wide = m < n ? normalised : swap(normalised);
  try {
    return await withOrthogonalRows(
      where,
      gpu,
      add(wide, 0),
      async (w) => {
        const lengths = await lengthsOf(slice(w, 0, 0, k), signal);
        const order = Int32Array.from(lengths.keys()).sort((i, j) => lengths[j]! - lengths[i]!);
        using places = gpu.tensor(order);
        const [u, vh] = await stored(
          gpu,
          () => {
            const long = orthonormalised(swap(gather(w, places)));
            const short = orthonormalised(matmul(wide, long));
            return m < n ? ([short, swap(long)] as const) : ([long, swap(short)] as const);
          },
          signal,
        );
        const s = gpu.tensor(Float64Array.from(order, (i) => lengths[i]! * scale), [k]); // prettier-ignore
        return { u, s, vh };
      },
      signal,
    );
  } finally {
    normalised.dispose();
  }
}
