import { check, show } from "../device/errors.ts";
import { count } from "../graph/dtype.ts";
import { reshape } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import { stack as stacked } from "../graph/ops/part.ts";
import { checkFloat } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import { defaultsFor } from "../kernels/defaults.ts";
import type { Gpu } from "../program/gpu.ts";
import { gpuOf } from "../data/rows.ts";
import { stored } from "../data/stored.ts";
import { finite } from "./numbers.ts";
import { singularVectors } from "./singularVectors.ts";
import { svdOnGpu } from "./spectrumGpu.ts";

/** What svd gives: u [..., m, k], s [..., k] and vh [..., k, n], k = min(m, n). */
export interface Svd {
  /** Left singular vectors, as columns: orthonormal. */
  readonly u: Tensor;
  /** Singular values, descending, none below 0. */
  readonly s: Tensor;
  /** Right singular vectors, as rows: orthonormal. */
  readonly vh: Tensor;
}

/**
 * The singular value decomposition a = u · diag(s) · vh of matrices a [..., m, n], in the reduced form and by the names of torch.linalg.svd.
 *
 * Residual and orthogonality are within 1e-5 of the largest value and of 1, whatever the rank. Signs of pairs of vectors, and directions in
 * the space of equal values, are as they come. Small matrices, and all on a software adapter, are read back and solved in float64 on
 * the CPU; large ones stay on a GPU, in f32, one after the other. Without a gradient: that of the sum of s is `nuclearNorm`'s.
 * Throws LatentError: "shape", "data" where a value is not finite, "numeric" where the GPU's sweeps do not converge.
 *
 *     const { u, s, vh } = await linalg.svd(gpu.tensor([[3, 0], [0, 4]]));
 *     await s.read(); // 4, 3
 */
export async function svd(a: Tensor): Promise<Svd> {
  const where = "linalg.svd";
  checkFloat(where, a);
  check(a.rank >= 2 && a.size > 0, "shape", where, () => `expected matrices [..., m, n]; got ${show(a.shape)}.`);
  const gpu = gpuOf(where, a);
  const [m, n] = a.shape.slice(-2) as [number, number];
  const isLarge = Math.min(m, n) >= defaultsFor(gpu.traits).linalg.jacobi;
  return isLarge ? eachOnGpu(where, gpu, a) : onCpu(where, gpu, a);
}

async function onCpu(where: string, gpu: Gpu, a: Tensor): Promise<Svd> {
  const stack = a.shape.slice(0, -2);
  const [m, n] = a.shape.slice(-2) as [number, number];
  const k = Math.min(m, n);
  const values = finite(where, await a.read());
  const matrices = count(stack);
  const [u, s, vh] = [m * k, k, k * n].map((size) => new Float64Array(matrices * size)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let at = 0; at < matrices; at++) {
    const one = singularVectors(values.subarray(at * m * n, (at + 1) * m * n), m, n);
    u.set(one.u, at * m * k);
    s.set(one.s, at * k);
    vh.set(one.vh, at * k * n);
  }
  return { u: gpu.tensor(u, [...stack, m, k]), s: gpu.tensor(s, [...stack, k]), vh: gpu.tensor(vh, [...stack, k, n]) };
}

/** @internal Each of a stack, one after the other. */
export async function eachOnGpu(where: string, gpu: Gpu, a: Tensor): Promise<Svd> {
  if (a.rank === 2) return svdOnGpu(where, gpu, a);
  const [m, n] = a.shape.slice(-2) as [number, number];
  const found: Svd[] = [];
  try {
    for (let at = 0; at < a.size / (m * n); at++) {
      using one = gpu.within(() => reshape(slice(reshape(a, [-1, m, n]), 0, at, at + 1), [m, n]));
      found.push(await svdOnGpu(where, gpu, one));
    }
    const together = (of: (one: Svd) => Tensor) => {
      const all = stacked(found.map(of), 0);
      return reshape(all, [...a.shape.slice(0, -2), ...all.shape.slice(1)]);
    };
    const [u, s, vh] = await stored(gpu, () => [
      together((one) => one.u),
      together((one) => one.s),
      together((one) => one.vh),
    ]);
    return { u, s, vh };
  } finally {
    for (const one of found) for (const t of Object.values(one) as Tensor[]) t.dispose();
  }
}
