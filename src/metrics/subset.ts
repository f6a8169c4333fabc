import { permutation } from "../data/philox.ts";
import { gpuOf, type Rows } from "../data/rows.ts";
import { stored } from "../data/stored.ts";
import { gather } from "../graph/ops/gather.ts";
import { reshape } from "../graph/ops/shape.ts";
import type { Tensor } from "../graph/tensor.ts";
import { STREAMS } from "./bootstrap.ts";
import { onWholes } from "./sets.ts";

/** `size` rows of a set, drawn without replacement, in their own order: a tensor that the caller disposes. */
export async function subset(rows: Rows, size: number, seed: number, step: number): Promise<Tensor> {
  return picked(rows, permutation(rows.count, { seed, stream: STREAMS.subset, step }).slice(0, size).sort());
}

/** Some rows of a set, or samples of the shape given, as a tensor that the caller disposes. */
export async function picked(
  rows: Rows,
  indices: Uint32Array<ArrayBuffer>,
  shape: readonly number[] = [rows.dim],
): Promise<Tensor> {
  return onWholes("subset", [rows], async (x) => {
    const gpu = gpuOf("subset", x);
    const [part] = await stored(gpu, () => [reshape(gather(x, gpu.tensor(indices)), [indices.length, ...shape])]);
    return part;
  });
}
