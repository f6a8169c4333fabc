import { inputsOf, type Vjp, type Source, type Tensor } from "./tensor.ts";

/** How a tensor came about, as `grad` needs it. */
export interface Made {
  readonly source: Source;
  readonly parents: readonly Tensor[];
  readonly vjp: Vjp | null;
}

const changes = new WeakMap<GPUBuffer, number>();

/** Notes that a state's buffer has been written: what was computed from it before is not what it would give now. */
export const changed = (buffer: GPUBuffer): void => void changes.set(buffer, 1 + (changes.get(buffer) ?? 0));

/**
 * How a stored tensor was computed, known as long as everything stored that it was computed from lives and is unchanged.
 *
 * Those tensors are keys of weak maps, one inside the other, around what is known: it is reachable only through all of them, and
 * keeps none of them alive. So a loop that reads and forgets grows no chain.
 */
export class Recipe {
  readonly #leaves: readonly { readonly ref: WeakRef<Tensor>; readonly changes: number | undefined }[];
  readonly #made: unknown;

  constructor(tensor: Tensor) {
    const { source, parents, vjp } = tensor;
    const leaves = storedBelow(tensor);
    this.#leaves = leaves.map((leaf) => ({ ref: new WeakRef(leaf), changes: changesOf(leaf) }));
    this.#made = leaves.reduce<object>((known, leaf) => new WeakMap([[leaf, known]]), { source, parents, vjp });
  }

  /** What is known; null once an input is gone or changed. */
  open(): Made | null {
    let known = this.#made;
    for (const { ref, changes: then } of [...this.#leaves].reverse()) {
      const leaf = ref.deref();
      if (!leaf || leaf.disposed || changesOf(leaf) !== then) return null;
      known = (known as WeakMap<Tensor, unknown>).get(leaf);
    }
    return known as Made;
  }

  /** Whether it was computed from `leaf`, a stored tensor, directly. */
  uses(leaf: Tensor): boolean {
    return this.#leaves.some(({ ref }) => ref.deref() === leaf);
  }
}

const changesOf = ({ source }: Tensor): number | undefined =>
  source.kind === "stored" && source.state ? changes.get(source.storage.buffer) : undefined;

/** The stored tensors that `tensor`, which is recorded, is computed from. */
function storedBelow(tensor: Tensor): Tensor[] {
  const seen = new Set<Tensor>();
  const stack = [tensor];
  for (let next = stack.pop(); next; next = stack.pop())
    for (const x of [...inputsOf(next), ...next.parents])
      if (!seen.has(x)) {
        seen.add(x);
        if (x.source.kind !== "stored") stack.push(x);
      }
  return [...seen].filter((x) => x.source.kind === "stored");
}
