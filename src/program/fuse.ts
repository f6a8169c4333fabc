import { isFloat, sameShape } from "../graph/dtype.ts";
import { signature } from "../graph/maps.ts";
import { MAX_SCALARS, MAX_VIEWS } from "../kernels/hook.ts";
import type { DeviceTraits, Launches } from "../kernels/launch.ts";
import { launchesOf } from "./launches.ts";
import { orderOf, sizeOf } from "./prepare.ts";
import { computed, type Graph, isUniform, look, straight, type Value } from "./values.ts";

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

export interface Fusion {
  readonly groups: readonly Group[];
  /** Maps that are computed where they are used, never stored. */
  readonly inlined: ReadonlySet<Value>;
}

/** A map used several times is recomputed rather than stored while it costs at most this many calls. */
const CHEAP = 8;
const EXPENSIVE: { readonly [fn: string]: number } = { random_normal: 4, random_uniform: 3, pow_: 2, tanh_: 2 };

/**
 * Chooses which maps disappear into their users, and which kernels and reductions take the maps behind them as epilogue.
 */
export function fuse(graph: Graph, traits: DeviceTraits): Fusion {
  const roots = new Set([...graph.outputs, ...graph.assignments.map((a) => a.next)]);
  const kept = new Set<Value>(roots);
  for (;;) {
    const inlined = inline(graph, kept, traits);
    const fusion = { inlined, groups: group(graph, roots, inlined, traits) };
    const crowded = fusion.groups.find((g) => isCrowded(g, inlined, traits));
    if (!crowded) return fusion;
    kept.add(heaviest(crowded, inlined));
  }
}

/** The users of `value`, with views that only rename axes looked through; null for a use that needs it stored. */
function uses(value: Value): (Value | null)[] {
  return value.users.flatMap((user) => {
    if (user.what.kind !== "view") return [user.what.kind === "kernel" ? null : user];
    return computed(user) === value ? uses(user) : [null];
  });
}

/** Whether `value` would be the epilogue of a kernel that feeds it alone: then it is stored at no cost. */
function isEpilogue(value: Value, traits: DeviceTraits): boolean {
  return (
    isFloat(value.dtype) &&
    value.args
      .map(computed)
      .some(
        (arg) =>
          (arg.what.kind === "reduce" || arg.what.kind === "kernel") &&
          sizeOf(arg) === sizeOf(value) &&
          uses(arg).every((user) => user === value) &&
          takesEpilogue(arg, traits),
      )
  );
}

function inline(graph: Graph, kept: ReadonlySet<Value>, traits: DeviceTraits): Set<Value> {
  const inlined = new Set<Value>();
  // values that some reduction reads in another order than their own
  const permuted = new Set<Value>();
  for (const value of [...graph.values].reverse()) {
    if (value.what.kind !== "map" || kept.has(value)) continue;
    const users = uses(value);
    const { indexed } = signature(value.what.fn);
    const single = isUniform(value);
    const fits = (user: Value | null): boolean => {
      if (!user) return false;
      if (single)
        return (
          user.what.kind === "map" ||
          (user.what.kind === "reduce" && isFloat(value.dtype)) ||
          user.what.kind === "concat"
        );
      const reordered = permuted.has(user) || (user.what.kind === "reduce" && orderOf(user) === "permuted");
      if (reordered && (indexed || !sameShape(value.shape, inputShape(user)) || !user.args.includes(value)))
        return false;
      if (user.what.kind === "map") return sizeOf(user) === sizeOf(value);
      if (user.what.kind === "reduce") return isFloat(value.dtype);
      return user.what.kind === "concat";
    };
    if (users.length === 0 || !users.every(fits)) continue;
    if (users.length > 1 && (cost(value) > CHEAP || isEpilogue(value, traits))) continue;
    inlined.add(value);
    if (users.some((u) => u && (permuted.has(u) || (u.what.kind === "reduce" && orderOf(u) === "permuted"))))
      permuted.add(value);
  }
  return inlined;
}

const inputShape = (user: Value) => (user.what.kind === "reduce" ? user.args[0]!.shape : user.shape);

/** Calls needed to compute a map from stored values, were everything below it inlined. */
function cost(value: Value, limit = CHEAP + 1): number {
  if (value.what.kind === "view") return cost(straight(value) === value ? value.args[0]! : straight(value), limit);
  if (value.what.kind !== "map" || limit <= 0) return 0;
  let total = EXPENSIVE[value.what.fn] ?? 1;
  for (const arg of value.args) total += cost(arg, limit - total);
  return total;
}

function group(graph: Graph, roots: ReadonlySet<Value>, inlined: ReadonlySet<Value>, traits: DeviceTraits): Group[] {
  const stored = graph.values.filter(
    (v) => ["map", "reduce", "kernel", "concat"].includes(v.what.kind) && !inlined.has(v),
  );
  // which stored values read each other's results, through inlined maps
  const readers = new Map<Value, Set<Value>>();
  for (const root of stored)
    for (const leaf of leavesOf(root, inlined)) {
      const set = readers.get(leaf) ?? new Set();
      readers.set(leaf, set.add(root));
    }
  const absorbed = new Map<Value, Value>();
  for (const root of stored) {
    if (root.what.kind !== "map" || !isFloat(root.dtype)) continue;
    const candidates = [...leavesOf(root, inlined)].filter(
      (a) =>
        (a.what.kind === "reduce" || a.what.kind === "kernel") &&
        !roots.has(a) &&
        readers.get(a)!.size === 1 &&
        sizeOf(a) === sizeOf(root) &&
        onlyHere(a, root, inlined) &&
        takesEpilogue(a, traits),
    );
    candidates.sort((a, b) => Number(a.what.kind === "kernel") - Number(b.what.kind === "kernel") || a.id - b.id);
    for (const anchor of candidates.reverse())
      if (!isCrowded({ root, anchor }, inlined, traits)) {
        absorbed.set(root, anchor);
        break;
      }
  }
  const anchors = new Set(absorbed.values());
  return stored
    .filter((v) => !anchors.has(v))
    .map((root) => ({
      root,
      anchor: absorbed.get(root) ?? (root.what.kind === "reduce" || root.what.kind === "kernel" ? root : null),
    }));
}

/** Whether `root`'s expression reads `anchor` only element by element, at its own index. */
export function onlyHere(anchor: Value, root: Value, inlined: ReadonlySet<Value>): boolean {
  let same = true;
  walk(root, inlined, (arg, user) => {
    if (look(arg).base === anchor && (straight(arg) !== anchor || sizeOf(user) !== sizeOf(anchor))) same = false;
  });
  return same;
}

/** Calls `visit` for every argument in the expression under `root` that is not itself inlined. */
export function walk(root: Value, inlined: ReadonlySet<Value>, visit: (arg: Value, user: Value) => void): void {
  const seen = new Set<Value>();
  const stack = [root];
  for (let user = stack.pop(); user; user = stack.pop()) {
    if (seen.has(user)) continue;
    seen.add(user);
    for (const arg of user.args) {
      const target = computed(arg);
      if (inlined.has(target)) stack.push(target);
      else visit(arg, user);
    }
  }
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

/** Views and scalars that the expressions of `group` bring along. */
function load(
  { root, anchor, stored, added, terms }: Group,
  inlined: ReadonlySet<Value>,
): { views: number; scalars: number } {
  const views = new Set<Value>();
  const scalars = new Set<Value>();
  const visit = (arg: Value) => {
    const { base } = look(arg);
    if (base.what.kind === "constant") scalars.add(base);
    else if (base !== anchor) views.add(base);
  };
  for (const value of [root, stored, added]) if (value && value !== anchor) walk(value, inlined, visit);
  if (anchor?.what.kind === "reduce" && !terms) walk(anchor, inlined, visit);
  return { views: views.size, scalars: scalars.size };
}

/** Whether the hooks of the group's dispatch would need more views, scalars or buffers than there are. */
export function isCrowded(group: Group, inlined: ReadonlySet<Value>, traits: DeviceTraits): boolean {
  if (group.root.what.kind === "concat") return concatIsCrowded(group.root, inlined, traits);
  const { views, scalars } = load(group, inlined);
  const beside = Number(group.stored !== undefined) + Number(group.added !== undefined);
  const own = (group.anchor?.what.kind === "kernel" ? ownBuffers(launchesOf(group.anchor, traits)) : 1) + beside;
  const epilogue = group.anchor?.what.kind === "kernel" && group.anchor === group.root && !beside ? 0 : views;
  return epilogue > MAX_VIEWS || scalars > MAX_SCALARS || own + epilogue > traits.maxStorageBuffers;
}

/** Each part of a concatenation is a launch of its own. */
function concatIsCrowded(root: Value, inlined: ReadonlySet<Value>, traits: DeviceTraits): boolean {
  return root.args.some(
    (arg) => inlined.has(computed(arg)) && isCrowded({ root: computed(arg), anchor: null }, inlined, traits),
  );
}

const ownBuffers = ({ launches }: Launches): number =>
  Object.keys(launches.find((l) => l.takesEpilogue)?.kernel.buffers ?? {}).length;

function takesEpilogue(anchor: Value, traits: DeviceTraits): boolean {
  if (anchor.what.kind === "reduce") return true;
  return (
    anchor.what.kind === "kernel" &&
    anchor.what.outputs.length === 1 &&
    isFloat(anchor.dtype) &&
    launchesOf(anchor, traits).launches.some((l) => l.takesEpilogue)
  );
}

/** The inlined map under a crowded group that would relieve it most. */
function heaviest({ root, anchor }: Group, inlined: ReadonlySet<Value>): Value {
  const seen = new Set<Value>();
  const stack = [root, ...(anchor ? [anchor] : [])];
  let best: Value | null = null;
  let most = 0;
  for (let value = stack.pop(); value; value = stack.pop()) {
    for (const arg of value.args.map(computed)) {
      if (!inlined.has(arg) || seen.has(arg)) continue;
      seen.add(arg);
      stack.push(arg);
      const { views, scalars } = load({ root: arg, anchor: null }, inlined);
      // as much as possible, but not so much that the new group is crowded too
      const relief = views > MAX_VIEWS - 1 || scalars > MAX_SCALARS ? 0.5 : views + scalars;
      if (relief > most) [best, most] = [arg, relief];
    }
  }
  if (!best) throw new Error(`nothing to split in a group of ${root.what.kind}`);
  return best;
}
