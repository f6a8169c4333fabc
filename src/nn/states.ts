import { check, LatentError, quote, show } from "../device/errors.ts";
import type { Safetensor } from "../formats/safetensors.ts";
import { count, type Shape, type TypedArray } from "../graph/dtype.ts";
import { part as entries } from "../graph/ops/part.ts";
import { layout } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import { type Arena, storageOf } from "./arena.ts";

/** A state and its names in files. Several names share its first axis in equal parts: one product for two PyTorch layers. */
export interface State {
  /** Its names in files. */
  readonly names: readonly string[];
  /** The state. */
  readonly tensor: Tensor;
}

/** One tensor of a file, and where its elements lie on the GPU. */
export interface Region {
  readonly name: string;
  readonly shape: Shape;
  /** The stored tensor, and the first element in it. */
  readonly base: Tensor;
  readonly offset: number;
}

export function regionsOf(states: readonly State[]): Region[] {
  return states.flatMap(({ names, tensor }) => {
    const { base, offset } = layout(tensor);
    const shape = names.length === 1 ? tensor.shape : [tensor.shape[0]! / names.length, ...tensor.shape.slice(1)];
    return names.map((name, part) => ({ name, shape, base, offset: offset + part * count(shape) }));
  });
}

/** The same regions in a tensor laid out like the arena: an optimiser's moments. */
export function alongside(prefix: string, regions: readonly Region[], arena: Arena, moment: Tensor): Region[] {
  const { base, offset } = layout(arena.values);
  return regions
    .filter((r) => r.base === base && r.offset >= offset && r.offset < offset + arena.values.size)
    .map((r) => ({ ...r, name: `${prefix}.${r.name}`, base: moment, offset: r.offset - offset }));
}

/** The states by their names in files; parts of a shared state are looks at it. */
export function tensorsOf(states: readonly State[]): { [name: string]: Tensor } {
  return Object.fromEntries(
    states.flatMap(({ names, tensor }) => {
      const rows = tensor.shape[0]! / names.length;
      return names.map((name, part) => [name, names.length === 1 ? tensor : entries(tensor, 0, part * rows, rows)]);
    }),
  );
}

/** The stored tensors that regions lie in, each once. */
export const basesOf = (regions: readonly Region[]): Tensor[] => [...new Set(regions.map((r) => r.base))];

/** The regions' values, each stored tensor read once. */
export async function readRegions(regions: readonly Region[]): Promise<[string, Safetensor][]> {
  const bases = basesOf(regions);
  const values = new Map<Tensor, TypedArray>(
    await Promise.all(bases.map(async (base) => [base, await base.read()] as const)),
  );
  return regions.map(({ name, shape, base, offset }) => {
    const data = values.get(base)!.subarray(offset, offset + count(shape));
    return [name, { dtype: base.dtype === "u32" ? "U32" : "F32", shape, data }];
  });
}

/** Checks that `tensors` has every region, with its shape and dtype; throws LatentError("format") naming the first that differs. */
export function checkRegions(
  where: string,
  regions: readonly Region[],
  tensors: ReadonlyMap<string, Safetensor>,
): void {
  for (const { name, shape, base } of regions) {
    const found = tensors.get(name);
    if (!found)
      throw new LatentError(
        "format",
        `${where}: no tensor ${quote(name)}. Expected ${show(shape)}; got ${[...tensors.keys()].slice(0, 12).join(", ")}.`,
      );
    const dtype = base.dtype === "u32" ? "U32" : "F32";
    check(
      found.dtype === dtype && show(found.shape) === show(shape),
      "format",
      where,
      () => `tensor ${quote(name)} differs. Expected ${dtype} ${show(shape)}; got ${found.dtype} ${show(found.shape)}.`,
    );
  }
}

/** Writes the regions from `tensors`, which checkRegions has accepted. */
export function writeRegions(gpu: Gpu, regions: readonly Region[], tensors: ReadonlyMap<string, Safetensor>): void {
  for (const { name, base, offset } of regions) {
    const storage = storageOf("load", base);
    gpu.write({ ...storage, offset: storage.offset + 4 * offset }, tensors.get(name)!.data as TypedArray);
  }
}

/** Copies whole stored tensors on the GPU, from[i] → to[i]; sizes and dtypes are equal. */
export function copyStates(gpu: Gpu, from: readonly Tensor[], to: readonly Tensor[]): void {
  const places = (tensors: readonly Tensor[]) => tensors.map((x) => storageOf("copy", x));
  gpu.transfer("copy states", places(from), places(to));
}
