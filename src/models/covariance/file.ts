import { check, show } from "../../device/errors.ts";
import { parseSafetensors, type Safetensor, writeSafetensors } from "../../formats/safetensors.ts";
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

/** Tensors and metadata of a file that `modelFile` wrote for this model. Throws LatentError("format") on another file. */
export function parseModelFile(where: string, model: string, bytes: Uint8Array) {
  const { tensors, metadata } = parseSafetensors(bytes, { where, widen: true, finite: true });
  const found = metadata.get("model");
  check(found === model, "format", where, () => `expected a file of ${model}.save; got model ${found}.`);
  return { tensors, metadata };
}

/** Rows and columns of a matrix in a file, at least one each. Throws LatentError("format"). */
export function sizesOf(where: string, tensors: ReadonlyMap<string, Safetensor>, name: string): [number, number] {
  const [rows = 0, columns = 0] = tensors.get(name)?.shape ?? [];
  check(rows > 0 && columns > 0, "format", where, () => {
    return `expected ${name} of at least one row and column; got ${show([rows, columns])}.`;
  });
  return [rows, columns];
}
