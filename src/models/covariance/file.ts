import { type Safetensor, writeSafetensors } from "../../formats/safetensors.ts";
import type { Tensors } from "./family.ts";

/** f32 tensors by their names as safetensors, each read once. `model` stands in the metadata, and before errors. */
export async function modelFile(
  model: string,
  tensors: Tensors,
  metadata: { readonly [name: string]: string },
): Promise<Uint8Array<ArrayBuffer>> {
  const entries = Object.entries(tensors).map(async ([name, t]): Promise<[string, Safetensor]> => {
    return [name, { dtype: "F32", shape: t.shape, data: (await t.read()) as Float32Array }];
  });
  return writeSafetensors(await Promise.all(entries), { model, ...metadata }, `${model}.save`);
}
