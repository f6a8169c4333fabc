import { isFloat } from "../graph/dtype.ts";
import type { DeviceTraits } from "../kernels/launch.ts";
import { isCrowded } from "./crowding.ts";
import type { Fusion } from "./fuse.ts";
import { launchesOf } from "./launches.ts";
import { orderOf, sizeOf } from "./prepare.ts";
import { type Group, leavesOf, onlyHere, readsOf } from "./reads.ts";
import type { Graph, Value } from "./values.ts";

/**
 * Lets dispatches do the work of others beside their own, where both go over the same elements:
 *
 *  - the epilogue of a product adds up the terms of a sum of everything; where nobody but that sum and one map reads the
 *    product, the map takes its place, and the product is never stored (a loss and its gradient out of the last layer);
 *  - a reduction stores a map of the elements that it loads (a sample beside its divergence).
 */
export function beside(graph: Graph, fusion: Fusion, traits: DeviceTraits): Fusion {
  const plan = new Joined(graph, fusion, traits);
  for (const group of fusion.groups) if (isTotal(group)) plan.addUp(group);
  for (const group of fusion.groups) if (group.anchor?.what.kind === "reduce") plan.store(group);
  return plan.fusion;
}

const isTotal = ({ anchor }: Group): boolean =>
  anchor?.what.kind === "reduce" && anchor.what.operation === "sum" && sizeOf(anchor) === 1;

/** Groups that a search for a circle looks at before it gives up, and readers that a reduction is offered. */
const MOST_VISITED = 500;
const MOST_OFFERED = 64;

/** Groups as they are joined, two at a time; a join that would make groups wait for each other in a circle is refused. */
class Joined {
  readonly #traits: DeviceTraits;
  readonly #inlined: Set<Value>;
  readonly #outputs: ReadonlySet<Value>;
  readonly #nexts: ReadonlySet<Value>;
  /** The states that a value, or an output of it, overwrites. */
  readonly #states = new Map<Value, Value[]>();
  /** In the order of the plan; a group that became a part of another is gone. */
  readonly #groups = new Set<Group>();
  readonly #place = new Map<Group, number>();
  readonly #made = new Map<Value, Group>();
  readonly #reads = new Map<Group, ReadonlySet<Value>>();
  readonly #readers = new Map<Value, Set<Group>>();

  constructor(graph: Graph, { groups, inlined }: Fusion, traits: DeviceTraits) {
    this.#traits = traits;
    this.#inlined = new Set(inlined);
    this.#outputs = new Set(graph.outputs);
    this.#nexts = new Set(graph.assignments.map(({ next }) => next));
    for (const { state, next } of graph.assignments) {
      const value = next.what.kind === "pick" ? next.args[0]! : next;
      this.#states.set(value, [...(this.#states.get(value) ?? []), state]);
    }
    for (const [place, group] of groups.entries()) this.#enter(group, place);
  }

  get fusion(): Fusion {
    const groups = [...this.#groups].sort((a, b) => this.#place.get(a)! - this.#place.get(b)!);
    return { groups, inlined: this.#inlined };
  }

  /** Moves the terms of `sum` into the epilogue of a kernel whose result they read. */
  addUp(sum: Group): void {
    const { anchor } = sum;
    const terms = leavesOf(anchor!, this.#inlined);
    const [source] = this.#inOrder([...terms].map((value) => this.#made.get(value))).filter(
      (g) =>
        g.anchor?.what.kind === "kernel" &&
        terms.has(g.root) &&
        sizeOf(g.root) === sizeOf(anchor!.args[0]!) &&
        isFloat(g.root.dtype) &&
        onlyHere(g.root, anchor!, this.#inlined) &&
        launchesOf(g.anchor, this.#traits).launches.some((l) => l.takesEpilogue && l.partials),
    );
    if (!source || this.#readsLate(sum, source) || !this.#independent(sum, source)) return;
    const readers = [...this.#readersOf(source.root)].filter((g) => g !== sum);
    const [map] = readers;
    const isMap =
      readers.length === 1 &&
      !this.#outputs.has(source.root) &&
      !this.#nexts.has(source.root) &&
      map!.anchor === null &&
      map!.root.what.kind === "map" &&
      isFloat(map!.root.dtype) &&
      !this.#nexts.has(map!.root) &&
      sizeOf(map!.root) === sizeOf(source.root) &&
      onlyHere(source.root, map!.root, this.#inlined) &&
      this.#independent(map!, source);
    const joined: Group = { ...source, root: isMap ? map!.root : source.root, added: anchor! };
    const within = isMap && source.root !== source.anchor ? source.root : null;
    if (within) this.#inlined.add(within);
    if (!isCrowded(joined, this.#inlined, this.#traits)) {
      this.#replace(isMap ? [source, map!] : [source], joined);
      this.#replace([sum], { ...sum, terms: joined });
    } else if (within) this.#inlined.delete(within);
  }

  /** Lets `reduction` store a map over the elements that it loads, and that reads what it reads. */
  store(reduction: Group): void {
    const group = this.#made.get(reduction.root);
    if (!group?.anchor || group.terms || orderOf(group.anchor) === "permuted") return;
    const input = group.anchor.args[0]!;
    const reads = leavesOf(group.anchor, this.#inlined);
    const shares = (map: Group) =>
      reads.has(map.root)
        ? onlyHere(map.root, group.anchor!, this.#inlined)
        : [...leavesOf(map.root, this.#inlined)].some((leaf) => reads.has(leaf) && sizeOf(leaf) > 1);
    const offered: (Group | undefined)[] = [...reads].map((leaf) => this.#made.get(leaf));
    for (const leaf of reads) {
      let left = MOST_OFFERED;
      if (sizeOf(leaf) > 1) for (const reader of this.#readersOf(leaf)) if (left-- > 0) offered.push(reader);
    }
    const map = this.#inOrder(offered).find(
      (g) =>
        g.anchor === null &&
        g.root.what.kind === "map" &&
        isFloat(g.root.dtype) &&
        sizeOf(g.root) === sizeOf(input) &&
        !this.#nexts.has(g.root) &&
        shares(g) &&
        !this.#readsLate(group, g) &&
        !this.#reads.get(g)!.has(group.root) &&
        this.#independent(group, g) &&
        this.#independent(g, group),
    );
    if (!map) return;
    const joined: Group = { ...group, stored: map.root };
    if (!isCrowded(joined, this.#inlined, this.#traits)) this.#replace([group, map], joined);
  }

  /** Whether the epilogue of a reduction reads a result that will be ready only after it. */
  #readsLate = ({ root, anchor }: Group, { root: result }: Group): boolean =>
    root !== anchor && leavesOf(root, this.#inlined).has(result);

  #enter(group: Group, place: number): void {
    this.#groups.add(group);
    this.#place.set(group, place);
    for (const value of [group.root, group.stored]) if (value) this.#made.set(value, group);
    const reads = readsOf(group, this.#inlined);
    this.#reads.set(group, reads);
    for (const value of reads) {
      const readers = this.#readers.get(value);
      if (readers) readers.add(group);
      else this.#readers.set(value, new Set([group]));
    }
  }

  /** Puts `joined` in the place of the first of `old`. */
  #replace(old: readonly Group[], joined: Group): void {
    for (const group of old) {
      this.#groups.delete(group);
      for (const value of this.#reads.get(group)!) this.#readers.get(value)!.delete(group);
      for (const value of [group.root, group.stored]) if (value) this.#made.delete(value);
    }
    this.#enter(joined, this.#place.get(old[0]!)!);
  }

  #readersOf = (value: Value): ReadonlySet<Group> => this.#readers.get(value) ?? new Set();

  /** Those of `groups` that there are, each once, in the order of the plan. */
  #inOrder(groups: readonly (Group | undefined)[]): Group[] {
    const found = new Set(groups.filter((g) => g !== undefined));
    return [...found].sort((a, b) => this.#place.get(a)! - this.#place.get(b)!);
  }

  /** Whether `later` waits for `earlier` at most directly: no third group has to run between the two. */
  #independent(later: Group, earlier: Group): boolean {
    const seen = new Set<Group>();
    const stack = [later];
    for (let group = stack.pop(); group; group = stack.pop()) {
      for (const before of this.#before(group)) {
        if (before === earlier ? group !== later : seen.size === MOST_VISITED) return false;
        if (before === earlier || seen.has(before)) continue;
        seen.add(before);
        stack.push(before);
      }
    }
    return true;
  }

  /** The groups that must run before one: those whose results it reads, and the readers of a state that it overwrites. */
  *#before(group: Group): Generator<Group> {
    for (const value of this.#reads.get(group)!) {
      const source = this.#made.get(value);
      if (source && source !== group) yield source;
    }
    for (const value of [group.root, group.stored])
      for (const state of (value && this.#states.get(value)) ?? [])
        for (const reader of this.#readersOf(state)) if (reader !== group) yield reader;
  }
}
