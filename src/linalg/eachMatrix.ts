import { nextTask } from "../formats/call.ts";
import { reshape } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import { stack as stacked } from "../graph/ops/part.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import { stored } from "../data/stored.ts";

/**
 * What `of` gives for each matrix of a [..., m, n], one after the other, as stacks of the same leading axes. What an abort or a refusal
 * leaves is disposed of.
 */
export async function eachMatrix<R extends object>(
  gpu: Gpu,
  a: Tensor,
  of: (one: Tensor) => Promise<R>,
  signal?: AbortSignal,
): Promise<R> {
  if (a.rank === 2) return of(a);
  const [m, n] = a.shape.slice(-2) as [number, number];
  const found: R[] = [];
  try {
    for (let at = 0; at < a.size / (m * n); at++) {
      signal?.throwIfAborted();
      using one = gpu.within(() => reshape(slice(reshape(a, [-1, m, n]), 0, at, at + 1), [m, n]));
      found.push(await of(one));
    }
    const names = Object.keys(found[0]!);
    const tensorsOf = (name: string) => found.map((one) => (one as { readonly [name: string]: Tensor })[name]!);
    const all = await stored(
      gpu,
      () =>
        names.map((name) => {
          const together = stacked(tensorsOf(name), 0);
          return reshape(together, [...a.shape.slice(0, -2), ...together.shape.slice(1)]);
        }),
      signal,
    );
    return Object.fromEntries(names.map((name, i) => [name, all[i]!])) as R;
  } finally {
    for (const one of found) for (const tensor of Object.values(one) as Tensor[]) tensor.dispose();
  }
}

/** `of` for each matrix [size] of `values`, by its number. A signal is heard between two of them. */
export async function eachOnCpu(
  values: Float64Array,
  size: number,
  signal: AbortSignal | undefined,
  of: (matrix: Float64Array, at: number) => void,
): Promise<void> {
  for (let at = 0; at * size < values.length; at++) {
    if (signal && at > 0) await nextTask();
    signal?.throwIfAborted();
    of(values.subarray(at * size, (at + 1) * size), at);
  }
}
