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

/** Groups as they are joined, two at a time; a join that would make groups wait for each other in a circle is refused. */
class Joined {
  readonly #graph: Graph;
  readonly #traits: DeviceTraits;
  #inlined: ReadonlySet<Value>;
  #groups: Group[];

  constructor(graph: Graph, { groups, inlined }: Fusion, traits: DeviceTraits) {
    this.#graph = graph;
    this.#traits = traits;
    this.#groups = [...groups];
    this.#inlined = inlined;
  }

  get fusion(): Fusion {
    return { groups: this.#groups, inlined: this.#inlined };
  }

  /** Moves the terms of `sum` into the epilogue of a kernel whose result they read. */
  addUp(sum: Group): void {
    const { anchor } = sum;
    const terms = leavesOf(anchor!, this.#inlined);
    const source = this.#groups.find(
      (g) =>
        g.anchor?.what.kind === "kernel" &&
        terms.has(g.root) &&
        sizeOf(g.root) === sizeOf(anchor!.args[0]!) &&
        isFloat(g.root.dtype) &&
        onlyHere(g.root, anchor!, this.#inlined) &&
        launchesOf(g.anchor, this.#traits).launches.some((l) => l.takesEpilogue && l.partials),
    );
    if (!source || this.#readsLate(sum, source) || !this.#independent(sum, source)) return;
    const readers = this.#groups.filter((g) => g !== sum && readsOf(g, this.#inlined).has(source.root));
    const [map] = readers;
    const isMap =
      readers.length === 1 &&
      !this.#isAsked(source.root) &&
      map!.anchor === null &&
      map!.root.what.kind === "map" &&
      isFloat(map!.root.dtype) &&
      !this.#isNext(map!.root) &&
      sizeOf(map!.root) === sizeOf(source.root) &&
      onlyHere(source.root, map!.root, this.#inlined) &&
      this.#independent(map!, source);
    const joined: Group = { ...source, root: isMap ? map!.root : source.root, added: anchor! };
    const inlined = new Set(this.#inlined);
    if (isMap && source.root !== source.anchor) inlined.add(source.root);
    if (isCrowded(joined, inlined, this.#traits)) return;
    this.#inlined = inlined;
    this.#replace(isMap ? [source, map!] : [source], joined);
    this.#replace([sum], { ...sum, terms: joined });
  }

  /** Lets `reduction` store a map over the elements that it loads, and that reads what it reads. */
  store(reduction: Group): void {
    const group = this.#groups.find((g) => g.root === reduction.root);
    if (!group || group.terms || orderOf(group.anchor!) === "permuted") return;
    const input = group.anchor!.args[0]!;
    const reads = leavesOf(group.anchor!, this.#inlined);
    const shares = (map: Group) =>
      reads.has(map.root)
        ? onlyHere(map.root, group.anchor!, this.#inlined)
        : [...leavesOf(map.root, this.#inlined)].some((leaf) => reads.has(leaf) && sizeOf(leaf) > 1);
    const map = this.#groups.find(
      (g) =>
        g.anchor === null &&
        g.root.what.kind === "map" &&
        isFloat(g.root.dtype) &&
        sizeOf(g.root) === sizeOf(input) &&
        !this.#isNext(g.root) &&
        shares(g) &&
        !this.#readsLate(group, g) &&
        !readsOf(g, this.#inlined).has(group.root) &&
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

  #replace(old: readonly Group[], joined: Group): void {
    this.#groups = this.#groups.flatMap((g) => (g === old[0] ? [joined] : old.includes(g) ? [] : [g]));
  }

  #isAsked = (value: Value): boolean => this.#graph.outputs.includes(value) || this.#isNext(value);
  #isNext = (value: Value): boolean => this.#graph.assignments.some(({ next }) => next === value);

  /** Whether `later` waits for `earlier` at most directly: no third group has to run between the two. */
  #independent(later: Group, earlier: Group): boolean {
    const before = this.#waitsFor();
    const seen = new Set<Group>();
    const stack = [...before(later)].filter((g) => g !== earlier);
    for (let group = stack.pop(); group; group = stack.pop()) {
      if (group === earlier) return false;
      if (seen.has(group)) continue;
      seen.add(group);
      stack.push(...before(group));
    }
    return true;
  }

  /** The groups that must run before one: those whose results it reads, and the readers of a state that it overwrites. */
  #waitsFor(): (group: Group) => Set<Group> {
    const made = new Map<Value, Group>();
    const readers = new Map<Value, Group[]>();
    for (const group of this.#groups) {
      for (const value of [group.root, group.stored]) if (value) made.set(value, group);
      for (const value of readsOf(group, this.#inlined)) readers.set(value, [...(readers.get(value) ?? []), group]);
    }
    const overwritten = new Map<Group, Value[]>();
    for (const { state, next } of this.#graph.assignments) {
      const writer = made.get(next.what.kind === "pick" ? next.args[0]! : next);
      if (writer) overwritten.set(writer, [...(overwritten.get(writer) ?? []), state]);
    }
    return (group) => {
      const before = new Set<Group>();
      for (const value of readsOf(group, this.#inlined)) {
        const source = made.get(value);
        if (source && source !== group) before.add(source);
      }
      for (const state of overwritten.get(group) ?? [])
        for (const reader of readers.get(state) ?? []) if (reader !== group) before.add(reader);
      return before;
    };
  }
}
