import { LatentError } from "../device/errors.ts";
import { abortable } from "../formats/call.ts";
import { assign } from "../graph/assign.ts";
import type { KernelOp } from "../graph/kernelOp.ts";
import { concat } from "../graph/ops/part.ts";
import { record } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import { jacobi as launch } from "../kernels/jacobi.ts";
import type { Gpu } from "../program/gpu.ts";
import { zeros } from "./matrix.ts";

/** A sweep that met no cosine above this leaves rows orthogonal to rounding: it squares what is left of them. */
const TOLERANCE = 2 ** -18;
/** Sweeps between two looks of the host at `done`. */
const BLOCK = 2;
/** Six to ten are usual. */
const MOST = 40;

const jacobiOp: KernelOp = {
  name: "jacobi",
  inPlace: { 0: 0, 1: 1 },
  launch: ([w]) => launch(w!.shape[0]!, w!.shape[1]!, TOLERANCE),
};

/**
 * Rows x [n, m] times an orthogonal matrix [n, n] from the left that makes them orthogonal to each other: one-sided Jacobi in f32.
 *
 * Their lengths are the singular values of x, in no order. Sweeps are one compiled step; `done` masks those after the last,
 * so that the result does not depend on when the host looks, a block late. x should have norm 1: rows shorter than 2⁻²⁴ count as
 * zero and may stay as they are. `use` gets the rows, which end with it; x is disposed.
 * Throws LatentError("numeric") where 40 sweeps do not do.
 */
export async function withOrthogonalRows<T>(
  where: string,
  gpu: Gpu,
  x: Tensor,
  use: (rows: Tensor) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const [n, m] = x.shape as [number, number];
  // a row of zeros makes the pairs come out even, and meets no other
  const padded = n % 2 === 0 ? x : concat([x, zeros(gpu, [1, m])], 0);
  const w = gpu.state(new Float32Array(padded.size), padded.shape);
  const status = gpu.state(new Uint32Array(2), [2]);
  let statusRead: Promise<ArrayLike<number>> | null = null;
  try {
    await gpu.evaluate([padded], { signal });
    using load = await gpu.compileFor(signal, (rows: Tensor) => assign(w, rows), padded);
    using sweep = await gpu.compileFor(signal, () => {
      const outputs = [
        { shape: w.shape, dtype: "f32" },
        { shape: status.shape, dtype: "u32" },
      ] as const;
      const [next, nextStatus] = record(jacobiOp, [w, status], outputs, {}, null);
      assign(w, next!);
      assign(status, nextStatus!);
    });
    await load.run(padded);
    let done = false;
    for (let sweeps = 0; sweeps < MOST && !done; sweeps += BLOCK) {
      await abortable(sweep.repeat(BLOCK), signal);
      const last: ArrayLike<number> | null = await statusRead;
      done = last?.[0] === 1;
      statusRead = status.read({ signal });
    }
    const last = await statusRead!;
    if (last[0] !== 1)
      throw new LatentError(
        "numeric",
        `${where}: rows are not orthogonal after ${last[1]} sweeps (cosines above ${TOLERANCE}). Are all values finite numbers?`,
      );
    return await use(w);
  } finally {
    // an abort leaves no read behind that could fail later
    (statusRead as Promise<unknown> | null)?.catch(() => {});
    for (const tensor of [w, status, padded, x]) tensor.dispose();
  }
}
