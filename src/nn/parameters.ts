import { check, LatentError, quote, show } from "../device/errors.ts";
import type { Safetensor } from "../formats/safetensors.ts";
import { contiguous, count, type Shape, type TypedArray } from "../graph/dtype.ts";
import { embed } from "../graph/ops/part.ts";
import { layout, storageOf as stored } from "../graph/record.ts";
import type { Storage } from "../graph/storage.ts";
import { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";

/** Tensors by PyTorch's names: a model's state dictionary. Two heads out of one product are two views of one base. */
export interface Parameters {
  readonly [name: string]: Tensor;
}

/**
 * Rows from … of a parameter as a parameter of its own: a view that is no pending reader, and moves where its base moves.
 * base: a state [rows, …]; returns [rows of the part, …].
 */
export function rowsOf(base: Tensor, from: number, rows: number): Tensor {
  const extent = base.shape[0]!;
  const shape = base.shape.with(0, rows);
  return aliasOf(base, from * count(shape.slice(1)), shape, ([g]) => [embed(g!, 0, from, extent - from - rows)]);
}

/** `shape` elements of a stored `base`, in order from `offset` on. */
export function aliasOf(base: Tensor, offset: number, shape: Shape, vjp: Tensor["vjp"] = null): Tensor {
  const { base: whole, offset: start } = layout(base);
  const source = { kind: "view", inputs: [whole], offset: start + offset, strides: contiguous(shape) } as const;
  const alias = new Tensor(base.gpu, { shape, dtype: base.dtype }, source, [base], vjp);
  // whoever owns the base says how long both live
  alias.ran = true;
  base.used = true;
  return alias;
}

/** Where a parameter lies: a state, or a part of one. Throws LatentError: "disposed", "argument" where it is computed. */
export function placeOf(where: string, tensor: Tensor): Storage {
  check(!tensor.disposed, "disposed", where, () => `tensor ${show(tensor.shape)} is disposed.`);
  const storage = stored(tensor);
  check(
    storage !== null,
    "argument",
    where,
    () => `expected a tensor made by gpu.state; got one that is computed, ${show(tensor.shape)}.`,
  );
  return storage;
}

/** The states that parameters lie in, each once. */
export const basesOf = (parameters: Iterable<Tensor>): Tensor[] => [
  ...new Set(Array.from(parameters, (x) => layout(x).base)),
];

/** Numbers in all parameters. */
export const sizeOf = (parameters: Parameters): number =>
  Object.values(parameters).reduce((total, { size }) => total + size, 0);

/** Parameters under names that begin with `prefix`. */
export const prefixed = (prefix: string, parameters: Parameters): Parameters =>
  Object.fromEntries(Object.entries(parameters).map(([name, tensor]) => [`${prefix}${name}`, tensor]));

/** The values of parameters, each state read once. */
export async function readParameters(parameters: Parameters): Promise<[string, Safetensor][]> {
  const bases = basesOf(Object.values(parameters));
  const values = new Map<Tensor, TypedArray>(
    await Promise.all(bases.map(async (base) => [base, await base.read()] as const)),
  );
  return Object.entries(parameters).map(([name, tensor]) => {
    const { base, offset } = layout(tensor);
    const data = values.get(base)!.subarray(offset, offset + tensor.size);
    return [name, { dtype: fileType(tensor), shape: tensor.shape, data }];
  });
}

const fileType = ({ dtype }: Tensor) => (dtype === "u32" ? "U32" : "F32");

/** Checks that a file has every parameter with its shape and dtype. Throws LatentError("format") naming the first that differs. */
export function checkParameters(where: string, parameters: Parameters, file: ReadonlyMap<string, Safetensor>): void {
  for (const [name, tensor] of Object.entries(parameters)) {
    const found = file.get(name);
    const { shape } = tensor;
    if (!found)
      throw new LatentError(
        "format",
        `${where}: no tensor ${quote(name)}. Expected ${show(shape)}; got ${[...file.keys()].slice(0, 12).join(", ")}.`,
      );
    const dtype = fileType(tensor);
    check(
      found.dtype === dtype && show(found.shape) === show(shape),
      "format",
      where,
      () => `tensor ${quote(name)} differs. Expected ${dtype} ${show(shape)}; got ${found.dtype} ${show(found.shape)}.`,
    );
  }
}

/** Writes a file's tensors over parameters; checks all of them first, so that a file that does not fit changes nothing. */
export function writeParameters(
  gpu: Gpu,
  where: string,
  parameters: Parameters,
  file: ReadonlyMap<string, Safetensor>,
): void {
  checkParameters(where, parameters, file);
  for (const [name, tensor] of Object.entries(parameters))
    gpu.write(placeOf(where, tensor), file.get(name)!.data as TypedArray);
}

/** Copies whole states on the GPU, from[i] → to[i]; sizes and dtypes are equal. */
export function copyStates(gpu: Gpu, from: readonly Tensor[], to: readonly Tensor[]): void {
  const places = (tensors: readonly Tensor[]) => tensors.map((x) => placeOf("copy", x));
  gpu.transfer("copy states", places(from), places(to));
}

/** Frees parameters and the states that they lie in. */
export function disposeParameters(parameters: Parameters): void {
  const bases = basesOf(Object.values(parameters));
  for (const tensor of [...Object.values(parameters), ...bases]) tensor.dispose();
}
