// Loops in a compiled kernel, found by its backward branches.

/** A range of lines [from, to). */
export interface Loop {
  readonly from: number;
  readonly to: number;
}

const within = (inner: Loop, outer: Loop): boolean =>
  inner !== outer && inner.from >= outer.from && inner.to <= outer.to;

/** The heaviest loop that has no loop inside, and the smallest one around it; neither where the kernel has no loop. */
export function hottest(
  loops: readonly Loop[],
  weight: (loop: Loop) => number,
): { readonly inner?: Loop; readonly around?: Loop } {
  const innermost = loops.filter((loop) => !loops.some((other) => within(other, loop)));
  const inner = innermost.toSorted((a, b) => weight(b) - weight(a))[0];
  if (!inner) return {};
  const outer = loops.filter((loop) => within(inner, loop)).toSorted((a, b) => a.to - a.from - (b.to - b.from))[0];
  return outer ? { inner, around: outer } : { inner };
}
