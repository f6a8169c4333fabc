import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";

/** Tensors that `record` returns, computed and the caller's to dispose of; disposed of here where computing them fails. */
export async function stored<Made extends readonly Tensor[]>(gpu: Gpu, body: () => readonly [...Made]): Promise<Made> {
  const made = gpu.within(body);
  try {
    await gpu.evaluate(made);
    return made as unknown as Made;
  } catch (error) {
    for (const tensor of made) tensor.dispose();
    throw error;
  }
}
