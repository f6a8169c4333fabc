import { isFloat, sameShape } from "../graph/dtype.ts";
import { signature } from "../graph/maps.ts";
import { callsFor } from "../kernels/cost.ts";
import type { DeviceTraits } from "../kernels/launch.ts";
import { Collector, fits, isCrowded, type Load } from "./crowding.ts";
import { launchesOf, loadHooksOf } from "./launches.ts";
import { orderOf, sizeOf } from "./prepare.ts";
import { type Group, leavesOf, onlyHere } from "./reads.ts";
import { fusableSource, type Graph, isUniform, sameOrderBase, type Value } from "./values.ts";

export interface Fusion {
  readonly groups: readonly Group[];
  /** Maps that are computed where they are used, never stored. */
  readonly inlined: ReadonlySet<Value>;
}

/** A map used several times is recomputed rather than stored while it costs at most this many calls. */
const CHEAP = 8;

/**
 * Chooses which maps disappear into their users, and which kernels and reductions take the maps behind them as epilogue.
 */
export function fuse(graph: Graph, traits: DeviceTraits): Fusion {
  const roots = new Set([...graph.outputs, ...graph.assignments.map((a) => a.next)]);
  const mustStore = new Set<Value>(roots);
  for (;;) {
    const inlined = inline(graph, mustStore, traits);
    for (const value of cuts(graph, inlined, traits)) inlined.delete(value);
    const groups = group(graph, roots, inlined, traits);
    const crowded = groups.filter((g) => isCrowded(g, inlined, traits));
    if (crowded.length === 0) return { inlined, groups };
    for (const one of crowded) mustStore.add(nearest(one, inlined));
  }
}

/**
 * The maps to store so that no expression needs more views, scalars or text than a dispatch has: where a value's arguments are
 * too much together, the heaviest of them. One pass, arguments first.
 */
function cuts(graph: Graph, inlined: ReadonlySet<Value>, traits: DeviceTraits): Set<Value> {
  const cut = new Set<Value>();
  const loads = new Map<Value, Load>();
  const isInlined = (target: Value) => inlined.has(target) && !cut.has(target);
  const collect = (value: Value): Load => {
    const load = new Collector();
    load.call(value);
    for (const arg of value.args) {
      const target = fusableSource(arg);
      if (isInlined(target)) load.merge(loads.get(target)!);
      else load.read(arg);
    }
    return load;
  };
  for (const value of graph.values) {
    const { kind } = value.what;
    if (kind !== "map" && kind !== "reduce" && !loadHooksOf(value)) continue;
    const copies = kind === "map" ? "map" : "reduce";
    let load = collect(value);
    while (!fits(load, copies, traits)) {
      const parts = [...new Set(value.args.map(fusableSource))].filter(isInlined);
      if (parts.length === 0) break;
      const weight = (part: Value) => loads.get(part)!.views.size + loads.get(part)!.operations / 100;
      cut.add(parts.reduce((most, part) => (weight(part) > weight(most) ? part : most)));
      load = collect(value);
    }
    if (kind === "map") loads.set(value, load);
  }
  return cut;
}

/** An inlined map that `group` computes on the way to its result, as close to that as possible. */
function nearest({ result, producer }: Group, inlined: ReadonlySet<Value>): Value {
  const args = [result, producer].flatMap((value) => value?.args.map(fusableSource) ?? []);
  const found = args.find((arg) => inlined.has(arg));
  if (!found) throw new Error(`nothing to split in a group of ${result.what.kind}`);
  return found;
}

/** The users of `value`, with views that only rename axes looked through; null for a use that needs it stored. */
function uses(value: Value): (Value | null)[] {
  return value.users.flatMap((user) => {
    if (user.what.kind !== "view") return [user.what.kind !== "kernel" || loadHooksOf(user) ? user : null];
    return fusableSource(user) === value ? uses(user) : [null];
  });
}

/** Whether `value` would be the epilogue of a kernel that feeds it alone: then it is stored at no cost. */
function isEpilogue(value: Value, traits: DeviceTraits): boolean {
  return (
    isFloat(value.dtype) &&
    value.args
      .map(fusableSource)
      .some(
        (arg) =>
          (arg.what.kind === "reduce" || arg.what.kind === "kernel") &&
          sizeOf(arg) === sizeOf(value) &&
          uses(arg).every((user) => user === value) &&
          takesEpilogue(arg, traits),
      )
  );
}

function inline(graph: Graph, mustStore: ReadonlySet<Value>, traits: DeviceTraits): Set<Value> {
  const inlined = new Set<Value>();
  // values that some reduction reads in another order than their own
  const permuted = new Set<Value>();
  for (const value of [...graph.values].reverse()) {
    if (value.what.kind !== "map" || mustStore.has(value)) continue;
    const users = uses(value);
    const { indexed } = signature(value.what.fn);
    const single = isUniform(value);
    const fits = (user: Value | null): boolean => {
      if (!user) return false;
      const { kind } = user.what;
      const takesFloats = kind === "reduce" || kind === "kernel";
      if (single) return takesFloats ? isFloat(value.dtype) : kind === "map" || kind === "concat";
      const reordered = permuted.has(user) || (user.what.kind === "reduce" && orderOf(user) === "permuted");
      if (reordered && (indexed || !sameShape(value.shape, inputShape(user)) || !user.args.includes(value)))
        return false;
      if (kind === "map") return sizeOf(user) === sizeOf(value);
      return takesFloats ? isFloat(value.dtype) : kind === "concat";
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
  if (value.what.kind === "view")
    return cost(sameOrderBase(value) === value ? value.args[0]! : sameOrderBase(value), limit);
  if (value.what.kind !== "map" || limit <= 0) return 0;
  let total = callsFor(value.what.fn);
  for (const arg of value.args) total += cost(arg, limit - total);
  return total;
}

function group(graph: Graph, roots: ReadonlySet<Value>, inlined: ReadonlySet<Value>, traits: DeviceTraits): Group[] {
  const materialised = graph.values.filter(
    (v) => ["map", "reduce", "kernel", "concat"].includes(v.what.kind) && !inlined.has(v),
  );
  // which stored values read each other's results, through inlined maps
  const readers = new Map<Value, Set<Value>>();
  for (const result of materialised)
    for (const leaf of leavesOf(result, inlined)) {
      const set = readers.get(leaf) ?? new Set();
      readers.set(leaf, set.add(result));
    }
  const absorbed = new Map<Value, Value>();
  for (const result of materialised) {
    if (result.what.kind !== "map" || !isFloat(result.dtype)) continue;
    const candidates = [...leavesOf(result, inlined)].filter(
      (a) =>
        (a.what.kind === "reduce" || a.what.kind === "kernel") &&
        !roots.has(a) &&
        readers.get(a)!.size === 1 &&
        sizeOf(a) === sizeOf(result) &&
        onlyHere(a, result, inlined) &&
        takesEpilogue(a, traits),
    );
    candidates.sort((a, b) => Number(a.what.kind === "kernel") - Number(b.what.kind === "kernel") || a.id - b.id);
    for (const producer of candidates.reverse())
      if (!isCrowded({ result, producer }, inlined, traits)) {
        absorbed.set(result, producer);
        break;
      }
  }
  const producers = new Set(absorbed.values());
  return materialised
    .filter((v) => !producers.has(v))
    .map((result) => ({
      result,
      producer:
        absorbed.get(result) ?? (result.what.kind === "reduce" || result.what.kind === "kernel" ? result : null),
    }));
}

function takesEpilogue(producer: Value, traits: DeviceTraits): boolean {
  if (producer.what.kind === "reduce") return true;
  return (
    producer.what.kind === "kernel" &&
    producer.what.outputs.length === 1 &&
    isFloat(producer.dtype) &&
    launchesOf(producer, traits).launches.some((l) => l.takesEpilogue)
  );
}
