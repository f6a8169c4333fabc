import { inputsOf, type Origin, type Provenance, type Tensor } from "./tensor.ts";

const writes = new WeakMap<GPUBuffer, number>();

/** Counts a write to a state's buffer: tensors computed from it before no longer have a known provenance. */
export const noteWrite = (buffer: GPUBuffer): void => void writes.set(buffer, 1 + (writes.get(buffer) ?? 0));

/**
 * How a stored tensor was computed, for `grad`: known while the stored tensors it was computed from live and are not written to.
 *
 * Each of those is the key of a weak map, one nested in the other, around the origin. So the origin is reachable only through all of
 * them and keeps none alive: a loop that reads its results grows no chain.
 */
export class WeakProvenance implements Provenance {
  readonly #leaves: readonly { readonly ref: WeakRef<Tensor>; readonly writes: number | undefined }[];
  readonly #origin: unknown;

  constructor(tensor: Tensor) {
    const { source, parents, vjp } = tensor;
    const leaves = storedBelow(tensor);
    this.#leaves = leaves.map((leaf) => ({ ref: new WeakRef(leaf), writes: writesOf(leaf) }));
    this.#origin = leaves.reduce<object>((inner, leaf) => new WeakMap([[leaf, inner]]), { source, parents, vjp });
  }

  /** The origin; null once an input is gone or was written to. */
  open(): Origin | null {
    let inner = this.#origin;
    for (const { ref, writes: then } of [...this.#leaves].reverse()) {
      const leaf = ref.deref();
      if (!leaf || leaf.disposed || writesOf(leaf) !== then) return null;
      inner = (inner as WeakMap<Tensor, unknown>).get(leaf);
    }
    return inner as Origin;
  }

  /** Whether it was computed from `leaf`, a stored tensor, directly. */
  uses(leaf: Tensor): boolean {
    return this.#leaves.some(({ ref }) => ref.deref() === leaf);
  }
}

const writesOf = ({ source }: Tensor): number | undefined =>
  source.kind === "stored" && source.state ? writes.get(source.storage.buffer) : undefined;

/** The stored tensors that `tensor`, which is recorded, is computed from. */
function storedBelow(tensor: Tensor): Tensor[] {
  const visited = new Set<Tensor>();
  const stack = [tensor];
  for (let next = stack.pop(); next; next = stack.pop())
    for (const x of [...inputsOf(next), ...next.parents])
      if (!visited.has(x)) {
        visited.add(x);
        if (x.source.kind !== "stored") stack.push(x);
      }
  return [...visited].filter((x) => x.source.kind === "stored");
}
