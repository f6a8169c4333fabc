import { check, show } from "../device/errors.ts";
import { contiguous } from "../graph/dtype.ts";
import type { Storage } from "../graph/runner.ts";
import { concat, expand, reshape } from "../graph/ops/shape.ts";
import { constant, storageOf as stored } from "../graph/record.ts";
import { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";

/** Slices start at multiples of this many floats, 256 bytes, so that kernels can bind them where they lie. */
const ALIGNMENT = 64;

/** Parameters side by side in one state, so that an optimiser updates all of them in one dispatch. */
export interface Arena {
  /** f32 [size]; between the slices lie zeros that nobody reads. */
  readonly values: Tensor;
  readonly slots: readonly { readonly tensor: Tensor; readonly offset: number }[];
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
 * The arena that holds exactly `parameters`: the one they lie in, or a new one into which they move. The Tensor objects stay
 * what the caller holds, and become views of the arena; what they were stored in is released.
 *
 * Throws LatentError("argument") unless all are distinct f32 states that no compiled program has captured yet.
 */
export function arenaOf(gpu: Gpu, parameters: readonly Tensor[]): Arena {
  const where = "arena";
  check(parameters.length > 0, "argument", where, () => "expected at least one parameter; got none.");
  check(
    new Set(parameters).size === parameters.length,
    "argument",
    where,
    () => "expected distinct parameters; got one twice.",
  );
  const present = homeOf(parameters);
  if (present) return present;
  let size = 0;
  const slots = parameters.map((tensor) => {
    check(
      tensor.dtype === "f32",
      "argument",
      where,
      () => `expected f32 states; got ${tensor.dtype} ${show(tensor.shape)}.`,
    );
    check(
      tensor.claims === 0,
      "argument",
      where,
      () =>
        `parameter ${show(tensor.shape)} is in use by a compiled step or an unread tensor. Make the optimiser first.`,
    );
    const offset = size;
    size += Math.ceil(tensor.size / ALIGNMENT) * ALIGNMENT;
    return { tensor, offset };
  });
  const values = gpu.state(new Float32Array(size), [size]);
  const storage = storageOf(where, values);
  const encoder = gpu.device.createCommandEncoder({ label: where });
  for (const { tensor, offset } of slots) {
    const from = storageOf(where, tensor);
    encoder.copyBufferToBuffer(from.buffer, from.offset, storage.buffer, storage.offset + offset * 4, tensor.size * 4);
  }
  gpu.device.queue.submit([encoder.finish()]);
  for (const { tensor, offset } of slots) {
    const former = tensor.source;
    // it claims nothing: the arena lives as long as whoever made it says
    tensor.ran = true;
    tensor.source = { kind: "view", inputs: [values], offset, strides: contiguous(tensor.shape) };
    if (former.kind === "stored") new Tensor(gpu, { shape: tensor.shape, dtype: "f32" }, former).dispose();
  }
  const arena = { values, slots };
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
export function gather({ values, slots }: Arena, gradients: readonly Tensor[]): Tensor {
  check(
    gradients.length === slots.length,
    "argument",
    "update",
    () => `expected ${slots.length} gradients; got ${gradients.length}.`,
  );
  const parts = slots.flatMap(({ tensor, offset }, i) => {
    const gradient = gradients[i]!;
    check(
      show(gradient.shape) === show(tensor.shape),
      "shape",
      "update",
      () =>
        `gradient ${i} does not fit. Expected ${show(tensor.shape)}, its parameter's shape; got ${show(gradient.shape)}.`,
    );
    const gap = (slots[i + 1]?.offset ?? values.size) - offset - tensor.size;
    const flat = reshape(gradient, [tensor.size]);
    return gap ? [flat, expand(constant(values.gpu, 0), [gap])] : [flat];
  });
  return concat(parts, 0);
}
