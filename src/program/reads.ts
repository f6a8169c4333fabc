import { sizeOf } from "./prepare.ts";
import { computed, look, straight, type Value } from "./values.ts";

/** What one node of the plan computes: the value it stores, and the kernel or reduction whose epilogue ends in it. */
export interface Group {
  readonly root: Value;
  /** The reduction or kernel op at its heart; null for maps and concatenations. */
  readonly anchor: Value | null;
  /** A map that a reduction stores, element by element, as it loads. */
  readonly stored?: Value;
  /** A sum of everything, whose terms a kernel's epilogue adds up, each invocation its own. */
  readonly added?: Value;
  /** The group that leaves the terms of this sum. */
  readonly terms?: Group;
}

/** Calls `visit` for every argument in the expression under `root` that is not itself inlined. */
export function walk(
  root: Value,
  inlined: ReadonlySet<Value>,
  visit: (arg: Value, user: Value) => void,
  enter: (user: Value) => void = () => {},
): void {
  const seen = new Set<Value>();
  const stack = [root];
  for (let user = stack.pop(); user; user = stack.pop()) {
    if (seen.has(user)) continue;
    seen.add(user);
    enter(user);
    for (const arg of user.args) {
      const target = computed(arg);
      if (inlined.has(target)) stack.push(target);
      else visit(arg, user);
    }
  }
}

/** Whether `root`'s expression reads `anchor` only element by element, at its own index. */
export function onlyHere(anchor: Value, root: Value, inlined: ReadonlySet<Value>): boolean {
  let same = true;
  walk(root, inlined, (arg, user) => {
    if (look(arg).base === anchor && (straight(arg) !== anchor || sizeOf(user) !== sizeOf(anchor))) same = false;
  });
  return same;
}

/** The stored values that a group reads; leaves of the graph among them. */
export function readsOf({ root, anchor, stored, added, terms }: Group, inlined: ReadonlySet<Value>): Set<Value> {
  const reads = new Set<Value>();
  // what leaves the terms has read the sum's own inputs
  const parts = [root, stored, added, terms ? undefined : (anchor ?? undefined)];
  for (const part of parts) if (part) for (const leaf of leavesOf(part, inlined)) reads.add(leaf);
  for (const own of [root, anchor, stored]) if (own) reads.delete(own);
  if (terms) reads.add(terms.root);
  return reads;
}

/** The stored values that `root` reads. */
export function leavesOf(root: Value, inlined: ReadonlySet<Value>): Set<Value> {
  const leaves = new Set<Value>();
  walk(root, inlined, (arg) => {
    const { base } = look(arg);
    if (base.what.kind !== "constant") leaves.add(base.what.kind === "pick" ? base.args[0]! : base);
  });
  return leaves;
}
