import { check, show } from "../device/errors.ts";
import { contiguous } from "../graph/dtype.ts";
import type { Storage } from "../graph/runner.ts";
import { concat, expand, reshape } from "../graph/ops/shape.ts";
import { describe } from "../graph/operand.ts";
import { constant, layout, sameDevice, storageOf as stored } from "../graph/record.ts";
import { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";

/** Slices start at multiples of this many floats, 256 bytes, so that kernels can bind them where they lie. */
const ALIGNMENT = 64;

/** Parameters side by side in one state, so that an optimiser updates all of them in one dispatch. */
export interface Arena {
  /** f32 [size]; between the slices lie zeros that nobody reads. */
  readonly values: Tensor;
  /** Where each parameter lies in `values`. */
  readonly slots: readonly { readonly tensor: Tensor; readonly offset: number }[];
  /** `values` is a single parameter, which stays where it is. */
  readonly apart: boolean;
}

const known = new WeakMap<Tensor, Arena>();

/** Where `tensor` is stored: a state, or a parameter in an arena. */
export function storageOf(where: string, tensor: Tensor): Storage {
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

/**
 * The arenas that hold `parameters` between them, for one optimiser: the one that consists of just these; else a new one for those
 * that nobody has used yet, and each of the others stays where it is, an arena of its own, since models, programs and other
 * optimisers count on its place.
 *
 * Throws LatentError: "argument" unless all are distinct f32 states, "wrong-device".
 */
export function arenasOf(where: string, gpu: Gpu, parameters: readonly Tensor[]): Arena[] {
  check(
    Array.isArray(parameters) && parameters.length > 0,
    "argument",
    where,
    () =>
      `expected at least one parameter, in a list; got ${Array.isArray(parameters) ? "none." : describe(parameters)}`,
  );
  for (const x of parameters) {
    sameDevice(where, gpu, x);
    storageOf(where, x);
    const { source } = layout(x).base;
    check(
      x.dtype === "f32" && source.kind === "stored" && source.state,
      "argument",
      where,
      () => `expected f32 tensors made by gpu.state; got ${String(x)}.`,
    );
  }
  check(
    new Set(parameters).size === parameters.length,
    "argument",
    where,
    () => "expected distinct parameters; got one twice.",
  );
  if (homeOf(parameters)) return [arenaOf(gpu, parameters)];
  const fresh = parameters.filter(
    (x) => !x.used && x.pendingReaders === 0 && x.source.kind === "stored" && isOwn(x.source.storage),
  );
  const apart = parameters.filter((x) => !fresh.includes(x));
  return [
    ...(fresh.length ? [arenaOf(gpu, fresh)] : []),
    ...apart.map((tensor): Arena => ({ values: tensor, slots: [{ tensor, offset: 0 }], apart: true })),
  ];
}

/** Not a buffer of the app's. */
const isOwn = (storage: Storage): boolean => storage.owner !== null;

/**
 * The arena of exactly `parameters`: the one they are in, or a new one into which unused states move.
 *
 * The caller's Tensor objects stay valid as views of the arena; their former storage is released.
 */
export function arenaOf(gpu: Gpu, parameters: readonly Tensor[]): Arena {
  const present = homeOf(parameters);
  if (present) return present;
  const where = "arena";
  let size = 0;
  const slots = parameters.map((tensor) => {
    const offset = size;
    size += Math.ceil(tensor.size / ALIGNMENT) * ALIGNMENT;
    return { tensor, offset };
  });
  const values = gpu.state(new Float32Array(size), [size]);
  const storage = storageOf(where, values);
  gpu.transfer(
    where,
    slots.map(({ tensor }) => storageOf(where, tensor)),
    slots.map(({ offset }) => ({ ...storage, offset: storage.offset + offset * 4 })),
  );
  for (const { tensor, offset } of slots) {
    const former = tensor.source;
    // it is no pending reader: the arena lives as long as whoever made it says
    tensor.ran = true;
    tensor.source = { kind: "view", inputs: [values], offset, strides: contiguous(tensor.shape) };
    if (former.kind === "stored") new Tensor(gpu, { shape: tensor.shape, dtype: "f32" }, former).dispose();
  }
  const arena = { values, slots, apart: false };
  known.set(values, arena);
  return arena;
}

/** The arena that consists of `parameters`, in this order. */
function homeOf(parameters: readonly Tensor[]): Arena | null {
  const [first] = parameters;
  if (first?.source.kind !== "view") return null;
  const arena = known.get(first.source.inputs[0]);
  const same = arena?.slots.length === parameters.length && arena.slots.every((s, i) => s.tensor === parameters[i]);
  return same ? arena : null;
}

/** One gradient per slot, laid out as the arena is; kernels write their parts of it in place. */
export function gather({ values, slots, apart }: Arena, gradients: readonly Tensor[]): Tensor {
  for (const [i, { tensor }] of slots.entries())
    check(
      show(gradients[i]!.shape) === show(tensor.shape),
      "shape",
      "update",
      () =>
        `a gradient does not fit. Expected ${show(tensor.shape)}, its parameter's shape; got ${show(gradients[i]!.shape)}.`,
    );
  if (apart) return gradients[0]!;
  const parts = slots.flatMap(({ tensor, offset }, i) => {
    const gap = (slots[i + 1]?.offset ?? values.size) - offset - tensor.size;
    const flat = reshape(gradients[i]!, [tensor.size]);
    return gap ? [flat, expand(constant(values.gpu, 0), [gap])] : [flat];
  });
  return concat(parts, 0);
}
