import type { Refusal } from "../device/device.ts";
import { check, show } from "../device/errors.ts";
import { layout, sameDevice, storageOf } from "../graph/record.ts";
import { type Runner, type Owned, inputsOf, type Tensor } from "../graph/tensor.ts";
import type { Storage } from "../graph/storage.ts";
import { absent } from "./constants.ts";

/** Throws LatentError("disposed") unless the tensor's value is there; pending readers keep it after dispose(), but not past a program's next run. */
export function checkAlive(where: string, { disposed, ended, shape }: Tensor, pendingReaders = 0): void {
  check(!ended, "disposed", where, () => {
    return `needs a result ${show(shape)} of an earlier run, which a later one has overwritten. Keep it with copy().`;
  });
  check(!disposed || pendingReaders > 0, "disposed", where, () => `needs a tensor ${show(shape)} that is disposed.`);
}

/** Throws LatentError unless a run on `gpu` may read `leaf`: its value is there, on this device. */
export function checkLeaf(where: string, gpu: Runner, leaf: Tensor): void {
  sameDevice(where, gpu, leaf);
  if (leaf.gpu !== gpu) leaf.gpu.checkOpen(where);
  const { refusal } = storageUnder(leaf) ?? {};
  if (refusal) throw refusal;
  checkAlive(where, leaf, leaf.pendingReaders);
}

const storageUnder = (x: Tensor): Storage | undefined => {
  const { source } = layout(x).base;
  return source.kind === "stored" ? source.storage : undefined;
};

/** `storage` holds its values unless `refusal` says otherwise. */
export function pending(storage: Storage, refusal: Promise<Refusal>): Storage {
  storage.checked = refusal.then((error) => {
    delete storage.checked;
    delete storage.unwritten;
    if (error) storage.refusal = error;
  });
  return storage;
}

/** Waits for what the device says of borrowed buffers, and of the runs that wrote others; throws what it refuses. */
export async function sure(tensors: readonly Tensor[]): Promise<void> {
  for (const x of tensors) {
    const storage = storageUnder(x);
    if (storage?.checked) await storage.checked;
    if (storage?.refusal) throw storage.refusal;
  }
}

/** Whether what computes the stored values of `x` is submitted. */
export const isWritten = (x: Tensor): boolean => !storageUnder(x)?.unwritten;

/** Whether `x` is stored, and the device has said all that it will of that. */
export const isSure = (x: Tensor): boolean => storageOf(x) !== null && !storageUnder(x)?.checked;

/** Ends one pending read of `tensor`. */
function dropReader(tensor: Tensor): void {
  tensor.pendingReaders--;
  release(tensor);
}

/**
 * Counts as a reader of `tensors` until the returned function is called: a dispose() during what is awaited meanwhile must not hand their
 * buffers to others.
 */
export function addReaders(tensors: readonly Tensor[]): () => void {
  for (const tensor of tensors) tensor.pendingReaders++;
  return () => {
    for (const tensor of tensors) dropReader(tensor);
  };
}

/** Frees what a disposed tensor owns, and ends its pending reads, as far as nobody else needs it. A loop, not recursion: chains get long. */
export function release(tensor: Tensor): void {
  const stack = [tensor];
  for (let next = stack.pop(); next; next = stack.pop()) {
    if (next.disposed && next.source.kind === "stored") next.owned.storage = next.source.storage;
    if (next.pendingReaders > 0) continue;
    if (!(next.disposed || next.upload)) {
      // a view that had been in a run became a reader again for the nodes that are gone
      if (next.ran && next.source.kind !== "stored") stack.push(...releaseInputs(next));
      continue;
    }
    if (next.source.kind === "stored") {
      give(next.source.storage);
      // an op's own constants are written again when they are needed again
      if (next.upload) next.source = { ...next.source, storage: absent };
    } else stack.push(...releaseInputs(next));
  }
}

/**
 * Gives back what unreachable tensors own: the pending reads of recorded nodes that were never run, which no call could
 * end, and the storage of disposed ones that only such nodes needed. What was never disposed stays: that is for its owner to do.
 */
const unreachable = new FinalizationRegistry<Owned>(({ pendingInputs, storage }) => {
  for (const input of pendingInputs) {
    const alive = input.deref();
    if (alive) dropReader(alive);
  }
  if (storage) give(storage);
});

export const watch = (tensor: Tensor): void => unreachable.register(tensor, tensor.owned);

/** Ends the pending reads of `tensor`, and returns its inputs. */
export function releaseInputs(tensor: Tensor): readonly Tensor[] {
  if (!tensor.isPendingReader) return [];
  tensor.isPendingReader = false;
  for (const input of inputsOf(tensor)) input.pendingReaders--;
  return inputsOf(tensor);
}

/**
 * Ends the pending reads of a trace, and those of inputs that became readers again for this trace alone. Frees nothing: what a plan of
 * the trace needs is claimed only now.
 */
export function unwind(traced: readonly Tensor[]): void {
  const stack = [...traced];
  for (let next = stack.pop(); next; next = stack.pop())
    for (const input of releaseInputs(next)) if (input.ran && input.pendingReaders <= 0) stack.push(input);
}

function give(storage: Storage): void {
  const { owner } = storage;
  storage.owner = null;
  owner?.give(storage.buffer);
}
