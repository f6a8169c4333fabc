import { isFloat } from "../graph/dtype.ts";
import type { DeviceTraits } from "../kernels/launch.ts";
import { isCrowded } from "./crowding.ts";
import type { Fusion } from "./fuse.ts";
import { launchesOf } from "./launches.ts";
import { orderOf, sizeOf } from "./prepare.ts";
import { type Group, leavesOf, onlyHere, readsOf } from "./reads.ts";
import { type Graph, resolveView, type Value } from "./values.ts";

/**
 * Horizontal fusion: kernels that go over the same elements become one, whose further results are side outputs.
 *
 *  - Side sum: the epilogue of a product adds up a total of its elements. Where only that total and one map read the product,
 *    the map takes its place, and the product is never stored (a loss and its gradient out of the last layer).
 *  - Side store: a reduction stores a map of the elements that it loads (a sample, with its divergence), or else one of its results (a
 *    loss out of its terms).
 */
export function sideOutputs(graph: Graph, fusion: Fusion, traits: DeviceTraits): Fusion {
  const plan = new HorizontalFusion(graph, fusion, traits);
  for (const group of fusion.groups) if (isTotal(group)) plan.addUp(group);
  for (const group of fusion.groups)
    if (group.producer?.what.kind === "reduce" && !plan.store(group)) plan.storeFollower(group);
  return plan.fusion;
}

const isTotal = ({ producer }: Group): boolean =>
  producer?.what.kind === "reduce" && producer.what.operation === "sum" && sizeOf(producer) === 1;

/** Groups that a search for a circle looks at before it gives up, and readers that a reduction is offered. */
const MOST_VISITED = 500;
const MOST_OFFERED = 64;

/** Groups as they are fused, two at a time. A fusion that would close a cycle of waiting groups is refused. */
class HorizontalFusion {
  readonly #traits: DeviceTraits;
  readonly #inlined: Set<Value>;
  readonly #outputs: ReadonlySet<Value>;
  readonly #nexts: ReadonlySet<Value>;
  /** The states that a value, or an output of it, overwrites. */
  readonly #states = new Map<Value, Value[]>();
  /** In the order of the plan; a group that became a part of another is gone. */
  readonly #groups = new Set<Group>();
  readonly #place = new Map<Group, number>();
  readonly #producers = new Map<Value, Group>();
  readonly #reads = new Map<Group, ReadonlySet<Value>>();
  readonly #readers = new Map<Value, Set<Group>>();

  constructor(graph: Graph, { groups, inlined }: Fusion, traits: DeviceTraits) {
    this.#traits = traits;
    this.#inlined = new Set(inlined);
    this.#outputs = new Set(graph.outputs);
    this.#nexts = new Set(graph.assignments.map(({ next }) => next));
    for (const { state, next } of graph.assignments) {
      const value = next.what.kind === "pick" ? next.args[0]! : next;
      this.#states.set(value, [...(this.#states.get(value) ?? []), resolveView(state).base]);
    }
    for (const [place, group] of groups.entries()) this.#enter(group, place);
  }

  get fusion(): Fusion {
    const groups = [...this.#groups].sort((a, b) => this.#place.get(a)! - this.#place.get(b)!);
    return { groups, inlined: this.#inlined };
  }

  /** Makes `sum` a side sum of the kernel whose result it reads. */
  addUp(sum: Group): void {
    const { producer } = sum;
    const leaves = leavesOf(producer!, this.#inlined);
    const [source] = this.#inOrder([...leaves].map((value) => this.#producers.get(value))).filter(
      (g) =>
        g.producer?.what.kind === "kernel" &&
        // a kernel has room for one
        !g.sideSum &&
        leaves.has(g.result) &&
        sizeOf(g.result) === sizeOf(producer!.args[0]!) &&
        isFloat(g.result.dtype) &&
        onlyHere(g.result, producer!, this.#inlined) &&
        launchesOf(g.producer, this.#traits).launches.some((l) => l.takesEpilogue && l.partialSums),
    );
    if (!source || this.#readsLate(sum, source) || !this.#independent(sum, source)) return;
    const readers = [...this.#readersOf(source.result)].filter((g) => g !== sum);
    const [map] = readers;
    const isMap =
      readers.length === 1 &&
      !this.#outputs.has(source.result) &&
      !this.#nexts.has(source.result) &&
      this.#isMapOf(map!, sizeOf(source.result)) &&
      onlyHere(source.result, map!.result, this.#inlined) &&
      this.#independent(map!, source);
    const fused: Group = { ...source, result: isMap ? map!.result : source.result, sideSum: producer! };
    const within = isMap && source.result !== source.producer ? source.result : null;
    if (within) this.#inlined.add(within);
    if (!isCrowded(fused, this.#inlined, this.#traits)) {
      this.#replace(isMap ? [source, map!] : [source], fused);
      this.#replace([sum], { ...sum, partialSums: fused });
    } else if (within) this.#inlined.delete(within);
  }

  /** Makes a map over the elements that `reduction` loads its side store, where there is one. */
  store(reduction: Group): boolean {
    const group = this.#producers.get(reduction.result);
    if (!group?.producer || group.partialSums || orderOf(group.producer) === "permuted") return false;
    const input = group.producer.args[0]!;
    const reads = leavesOf(group.producer, this.#inlined);
    const readsSameLeaves = (map: Group) =>
      reads.has(map.result)
        ? onlyHere(map.result, group.producer!, this.#inlined)
        : [...leavesOf(map.result, this.#inlined)].some((leaf) => reads.has(leaf) && sizeOf(leaf) > 1);
    const offered: (Group | undefined)[] = [...reads].map((leaf) => this.#producers.get(leaf));
    for (const leaf of reads) {
      let left = MOST_OFFERED;
      if (sizeOf(leaf) > 1) for (const reader of this.#readersOf(leaf)) if (left-- > 0) offered.push(reader);
    }
    const map = this.#inOrder(offered).find(
      (g) =>
        this.#isMapOf(g, sizeOf(input)) &&
        readsSameLeaves(g) &&
        !this.#readsLate(group, g) &&
        !this.#reads.get(g)!.has(group.result) &&
        this.#independent(group, g) &&
        this.#independent(g, group),
    );
    return map !== undefined && this.#fuse([group, map], { ...group, sideStore: map.result });
  }

  /** Makes a map of the results of `reduction`, which are stored themselves, its side store, where there is one. */
  storeFollower(reduction: Group): boolean {
    const { result } = reduction;
    const group = this.#producers.get(result);
    if (!group?.producer || group.sideStore || this.#states.has(result)) return false;
    const map = this.#inOrder([...this.#readersOf(result)].slice(0, MOST_OFFERED)).find(
      (g) =>
        this.#isMapOf(g, sizeOf(result)) && onlyHere(result, g.result, this.#inlined) && this.#independent(g, group),
    );
    return map !== undefined && this.#fuse([group, map], { ...group, sideStore: map.result, followsResult: true });
  }

  /** Whether a group is one map of floats of so many elements, which another kernel may compute and store: no state takes it. */
  #isMapOf({ producer, result }: Group, size: number): boolean {
    const isMap = producer === null && result.what.kind === "map" && isFloat(result.dtype);
    return isMap && sizeOf(result) === size && !this.#nexts.has(result);
  }

  /** Puts `fused` in the place of `old`, where it has room. */
  #fuse(old: readonly Group[], fused: Group): boolean {
    const fits = !isCrowded(fused, this.#inlined, this.#traits);
    if (fits) this.#replace(old, fused);
    return fits;
  }

  /** Whether the epilogue of a reduction reads a result that will be ready only after it. */
  #readsLate = ({ result, producer }: Group, { result: waitedFor }: Group): boolean =>
    result !== producer && leavesOf(result, this.#inlined).has(waitedFor);

  #enter(group: Group, place: number): void {
    this.#groups.add(group);
    this.#place.set(group, place);
    for (const value of [group.result, group.sideStore]) if (value) this.#producers.set(value, group);
    const reads = readsOf(group, this.#inlined);
    this.#reads.set(group, reads);
    for (const value of reads) {
      const readers = this.#readers.get(value);
      if (readers) readers.add(group);
      else this.#readers.set(value, new Set([group]));
    }
  }

  /** Puts `fused` in the place of the first of `old`. */
  #replace(old: readonly Group[], fused: Group): void {
    for (const group of old) {
      this.#groups.delete(group);
      for (const value of this.#reads.get(group)!) this.#readers.get(value)!.delete(group);
      for (const value of [group.result, group.sideStore]) if (value) this.#producers.delete(value);
    }
    this.#enter(fused, this.#place.get(old[0]!)!);
  }

  #readersOf = (value: Value): ReadonlySet<Group> => this.#readers.get(value) ?? new Set();

  /** Those of `groups` that there are, each once, in the order of the plan. */
  #inOrder(groups: readonly (Group | undefined)[]): Group[] {
    const found = new Set(groups.filter((g) => g !== undefined));
    return [...found].sort((a, b) => this.#place.get(a)! - this.#place.get(b)!);
  }

  /** Whether `later` waits for `earlier` at most directly: no third group has to run between the two. */
  #independent(later: Group, earlier: Group): boolean {
    const visited = new Set<Group>();
    const stack = [later];
    for (let group = stack.pop(); group; group = stack.pop()) {
      for (const before of this.#before(group)) {
        if (before === earlier ? group !== later : visited.size === MOST_VISITED) return false;
        if (before === earlier || visited.has(before)) continue;
        visited.add(before);
        stack.push(before);
      }
    }
    return true;
  }

  /** The groups that must run before one: those whose results it reads, and the readers of a state that it overwrites. */
  *#before(group: Group): Generator<Group> {
    for (const value of this.#reads.get(group)!) {
      const source = this.#producers.get(value);
      if (source && source !== group) yield source;
    }
    for (const value of [group.result, group.sideStore])
      for (const state of (value && this.#states.get(value)) ?? [])
        for (const reader of this.#readersOf(state)) if (reader !== group) yield reader;
  }
}
