import { sizeOf } from "./prepare.ts";
import { fusableSource, resolveView, sameOrderBase, type Value } from "./values.ts";

/** What one dispatch or few compute together: a fused group of values. */
export interface Group {
  /** The value that it stores, after its epilogue. */
  readonly result: Value;
  /** The reduction or kernel op whose epilogue ends in `result`; null for maps and concatenations. */
  readonly producer: Value | null;
  /** Side output: a map that the reduction stores, element by element, as it loads. */
  readonly sideStore?: Value;
  /** The side store is a map of the reduction's result, and not of what it loads. */
  readonly followsResult?: boolean;
  /** Side output: a sum of all elements, of which each invocation of the kernel adds up its part. */
  readonly sideSum?: Value;
  /** The group whose side output holds this sum's partial sums. */
  readonly partialSums?: Group;
}

/** Calls `visit` for every argument in the expression under `result` that is not itself inlined. */
export function walk(
  result: Value,
  inlined: ReadonlySet<Value>,
  visit: (arg: Value, user: Value) => void,
  enter: (user: Value) => void = () => {},
): void {
  const visited = new Set<Value>();
  const stack = [result];
  for (let user = stack.pop(); user; user = stack.pop()) {
    if (visited.has(user)) continue;
    visited.add(user);
    enter(user);
    for (const arg of user.args) {
      const target = fusableSource(arg);
      if (inlined.has(target)) stack.push(target);
      else visit(arg, user);
    }
  }
}

/** Whether `result`'s expression reads `producer` only element by element, at its own index. */
export function onlyHere(producer: Value, result: Value, inlined: ReadonlySet<Value>): boolean {
  let same = true;
  walk(result, inlined, (arg, user) => {
    if (resolveView(arg).base === producer && (sameOrderBase(arg) !== producer || sizeOf(user) !== sizeOf(producer)))
      same = false;
  });
  return same;
}

/** The stored values that a group reads; leaves of the graph among them. */
export function readsOf(
  { result, producer, sideStore, sideSum, partialSums }: Group,
  inlined: ReadonlySet<Value>,
): Set<Value> {
  const reads = new Set<Value>();
  // the group of the partial sums has read the sum's own inputs
  const parts = [result, sideStore, sideSum, partialSums ? undefined : (producer ?? undefined)];
  for (const part of parts) if (part) for (const leaf of leavesOf(part, inlined)) reads.add(leaf);
  for (const own of [result, producer, sideStore]) if (own) reads.delete(own);
  if (partialSums) reads.add(partialSums.result);
  return reads;
}

/** The stored values that `result` reads. */
export function leavesOf(result: Value, inlined: ReadonlySet<Value>): Set<Value> {
  const leaves = new Set<Value>();
  walk(result, inlined, (arg) => {
    const { base } = resolveView(arg);
    if (base.what.kind !== "constant") leaves.add(base.what.kind === "pick" ? base.args[0]! : base);
  });
  return leaves;
}
