import type { Dispatch, Place, Scratch } from "./dispatch.ts";
import type { Value } from "./values.ts";

/** Buffers that the dispatches share: a number for every place that is not a leaf. */
export interface MemoryPlan {
  /** Bytes of each buffer. */
  readonly buffers: readonly number[];
  readonly indexOf: (place: Place) => number;
}

/**
 * Gives every value and scratch a buffer from its first use to its last; later ones of exactly the same size reuse it.
 * Values in `persistent` keep theirs to the end; what the prelude writes is never shared. Within one dispatch no buffer is both read and written.
 */
export function planMemory(
  prelude: readonly Dispatch[],
  dispatches: readonly Dispatch[],
  bytesOf: (value: Value) => number,
  persistent: ReadonlySet<Value>,
): MemoryPlan {
  const keyOf = (place: Place): Value | Scratch | null =>
    "value" in place ? place.value : "scratch" in place ? place.scratch : null;
  const last = new Map<Value | Scratch, number>();
  for (const [at, { buffers }] of dispatches.entries())
    for (const { ref } of buffers) {
      const key = keyOf(ref.place);
      if (key) last.set(key, at);
    }
  const sizes: number[] = [];
  const free = new Map<number, number[]>();
  const chosen = new Map<Value | Scratch, number>();
  // what the prelude wrote must survive every replay: these buffers are never shared
  const pinned = new Set(
    prelude.flatMap(({ buffers }) => buffers.filter((b) => b.writes).map((b) => keyOf(b.ref.place))),
  );
  for (const key of pinned) if (key) chosen.set(key, sizes.push("bytes" in key ? key.bytes : bytesOf(key)) - 1);
  for (const [at, { buffers }] of dispatches.entries()) {
    for (const { ref } of buffers) {
      const key = keyOf(ref.place);
      if (!key || chosen.has(key)) continue;
      const bytes = "bytes" in key ? key.bytes : bytesOf(key);
      chosen.set(key, free.get(bytes)?.pop() ?? sizes.push(bytes) - 1);
    }
    for (const key of new Set(buffers.map(({ ref }) => keyOf(ref.place)))) {
      if (!key || last.get(key) !== at || persistent.has(key as Value) || pinned.has(key)) continue;
      const index = chosen.get(key)!;
      const bytes = sizes[index]!;
      const list = free.get(bytes);
      if (list) list.push(index);
      else free.set(bytes, [index]);
    }
  }
  return {
    buffers: sizes,
    indexOf: (place) => {
      const index = chosen.get(keyOf(place)!);
      if (index === undefined) throw new Error("a place without memory");
      return index;
    },
  };
}
