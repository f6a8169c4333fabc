import { type Draw, permutation } from "../data/philox.ts";
import { gpuOf, type Rows } from "../data/rows.ts";
import { stored } from "../data/stored.ts";
import { gather } from "../graph/ops/gather.ts";
import { reshape } from "../graph/ops/shape.ts";
import type { Tensor } from "../graph/tensor.ts";
import { STREAMS } from "./bootstrap.ts";
import { onWholes } from "./sets.ts";

/** `size` rows of a set, drawn without replacement, in their own order: a tensor that the caller disposes. */
export async function subset(rows: Rows, size: number, draw: Draw, signal?: AbortSignal): Promise<Tensor> {
  const order = permutation(rows.count, { ...draw, stream: STREAMS.subset });
  return picked(rows, order.slice(0, size).sort(), { signal });
}

/** Some rows of a set, or samples of the shape given, as a tensor that the caller disposes. */
export async function picked(
  rows: Rows,
  indices: Uint32Array<ArrayBuffer>,
  {
    shape = [rows.dim],
    signal,
  }: { readonly shape?: readonly number[] | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<Tensor> {
  const pick = async (x: Tensor): Promise<Tensor> => {
    const gpu = gpuOf("subset", x);
    const body = () => [reshape(gather(x, gpu.tensor(indices)), [indices.length, ...shape])] as const;
    const [part] = await stored(gpu, body, signal);
    return part;
  };
  return onWholes("subset", [rows], pick, signal);
}
