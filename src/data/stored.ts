import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";

/** Tensors that `body` returns, computed and the caller's to dispose of; disposed of here where computing them fails. */
export async function stored<Results extends readonly Tensor[]>(
  gpu: Gpu,
  body: () => readonly [...Results],
  signal?: AbortSignal,
): Promise<Results> {
  const tensors = gpu.within(body);
  try {
    await gpu.evaluate(tensors, { signal });
    return tensors as unknown as Results;
  } catch (error) {
    for (const tensor of tensors) tensor.dispose();
    throw error;
  }
}
