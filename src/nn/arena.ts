import { check, show } from "../device/errors.ts";
import { contiguous } from "../graph/dtype.ts";
import { describe } from "../graph/operand.ts";
import { expand, reshape } from "../graph/ops/shape.ts";
import { concat } from "../graph/ops/part.ts";
import { constant, layout, recordView, sameDevice } from "../graph/record.ts";
import { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import { aliasOf, basesOf, type Parameters, placeOf } from "./parameters.ts";

/** Parameters start at multiples of this many floats, 256 bytes, so that kernels can bind them where they lie. */
const ALIGNMENT = 64;

const aligned = (floats: number): number => Math.ceil(floats / ALIGNMENT) * ALIGNMENT;

/** Arenas: between their parameters lie zeros that nobody reads. */
const arenas = new WeakSet<Tensor>();

/**
 * Moves parameters side by side into one state, the arena, so that an optimiser updates all of them in one dispatch. The tensors
 * stay what the caller holds, and become views of the arena; what they were stored in is released. Nobody may have used their places yet.
 */
export function arenaOf(gpu: Gpu, parameters: Parameters | readonly Tensor[]): Tensor {
  const tensors = Object.values(parameters);
  const where = "arena";
  const bases = basesOf(tensors);
  let size = 0;
  const offsets = new Map(
    bases.map((base) => {
      const offset = size;
      size += aligned(base.size);
      return [base, offset];
    }),
  );
  const values = gpu.state(new Float32Array(size), [size]);
  const storage = placeOf(where, values);
  gpu.transfer(
    where,
    bases.map((base) => placeOf(where, base)),
    bases.map((base) => ({ ...storage, offset: storage.offset + offsets.get(base)! * 4 })),
  );
  const placed = [...new Set([...tensors, ...bases])].map((tensor) => {
    const { base, offset } = layout(tensor);
    return { tensor, offset: offsets.get(base)! + offset };
  });
  for (const { tensor, offset } of placed) {
    const former = tensor.source;
    // it is no pending reader: the arena lives as long as whoever made it says
    tensor.ran = true;
    tensor.source = { kind: "view", inputs: [values], offset, strides: contiguous(tensor.shape) };
    if (former.kind === "stored") new Tensor(gpu, { shape: tensor.shape, dtype: "f32" }, former).dispose();
  }
  arenas.add(values);
  return values;
}

/** Floats of a state that one dispatch updates, and the parameters in them. */
export interface Range {
  /** f32, the range where it lies. */
  readonly tensor: Tensor;
  /** Where each parameter starts in it, in order of place. */
  readonly parameters: readonly { readonly tensor: Tensor; readonly offset: number }[];
}

/** Throws LatentError: "argument" unless `parameters` are distinct f32 states or parts of such, at least one; "wrong-device". */
export function checkStates(where: string, gpu: Gpu, parameters: readonly Tensor[]): void {
  check(parameters.length > 0, "argument", where, () => "expected at least one parameter, in a list; got none.");
  for (const x of parameters) {
    check(x instanceof Tensor, "argument", where, () => `expected parameters as tensors; got ${describe(x)}`);
    sameDevice(where, gpu, x);
    placeOf(where, x);
    const { source } = layout(x).base;
    check(
      x.dtype === "f32" && source.kind === "stored" && source.state,
      "argument",
      where,
      () => `expected f32 tensors made by gpu.state; got ${String(x)}.`,
    );
  }
  const distinct = new Set(parameters).size === parameters.length;
  check(distinct, "argument", where, () => "expected distinct parameters; got one twice.");
}

/** States that nobody knows the place of yet: they move into an arena, which ends with the last of them. A buffer of the app's stays. */
export function moveFresh(gpu: Gpu, parameters: readonly Tensor[]): void {
  const fresh = parameters.filter(
    (x) => !x.used && x.pendingReaders === 0 && x.source.kind === "stored" && x.source.storage.owner !== null,
  );
  if (fresh.length === 0) return;
  const arena = arenaOf(gpu, fresh);
  // it belongs to its parameters, in whatever scope they are
  arena.scope?.forget(arena);
  let left = fresh.length;
  for (const parameter of fresh)
    parameter.whenDisposed = () => {
      if (--left === 0) arena.dispose();
    };
}

/** The ranges that `parameters` make up between them: neighbours of one state, or of one arena, are updated together. */
export function rangesOf(parameters: readonly Tensor[]): Range[] {
  const places = parameters.map((tensor) => ({ tensor, ...layout(tensor) }));
  return basesOf(parameters).flatMap((base) => {
    const isArena = arenas.has(base);
    const end = (at: number, size: number) => (isArena ? Math.min(base.size, aligned(at + size)) : at + size);
    const inside = places.filter((p) => p.base === base).sort((a, b) => a.offset - b.offset);
    const runs: (typeof inside)[] = [];
    for (const place of inside) {
      const last = runs.at(-1)?.at(-1);
      const touches =
        last && [last.offset + last.tensor.size, end(last.offset, last.tensor.size)].includes(place.offset);
      if (touches) runs.at(-1)!.push(place);
      else runs.push([place]);
    }
    return runs.map((run): Range => {
      const start = run[0]!.offset;
      const last = run.at(-1)!;
      const size = end(last.offset, last.tensor.size) - start;
      const parts = run.map(({ tensor, offset }) => ({ tensor, offset: offset - start }));
      return { tensor: size === base.size ? base : aliasOf(base, start, [size]), parameters: parts };
    });
  });
}

/** One gradient for a range, laid out as it is; kernels write their parts of it in place. */
export function gather({ tensor: range, parameters }: Range, gradients: readonly Tensor[]): Tensor {
  for (const [i, { tensor }] of parameters.entries())
    check(
      show(gradients[i]!.shape) === show(tensor.shape),
      "shape",
      "update",
      () =>
        `a gradient does not fit. Expected ${show(tensor.shape)}, its parameter's shape; got ${show(gradients[i]!.shape)}.`,
    );
  const flat = gradients.map((g) => reshape(g, [g.size]));
  const parts: Tensor[] = [];
  let at = 0;
  for (const [i, { offset }] of parameters.entries()) {
    if (offset > at) parts.push(expand(constant(range.gpu, 0), [offset - at]));
    const before = offset === at ? parts.at(-1) : undefined;
    const both = before && joined(before, flat[i]!);
    if (both) parts[parts.length - 1] = both;
    else parts.push(flat[i]!);
    at = offset + flat[i]!.size;
  }
  if (at < range.size) parts.push(expand(constant(range.gpu, 0), [range.size - at]));
  return reshape(parts.length === 1 ? parts[0]! : concat(parts, 0), range.shape);
}

/** Gradients of neighbours that are parts of one gradient, as two heads' are, as one part of it; null where they are not. */
function joined(a: Tensor, b: Tensor): Tensor | null {
  const [first, second] = [layout(a), layout(b)];
  const follows = first.base === second.base && first.base !== a && second.offset === first.offset + a.size;
  const inOrder = first.strides[0] === 1 && second.strides[0] === 1;
  return follows && inOrder ? recordView("gather", first.base, [a.size + b.size], first.offset, [1], null) : null;
}
