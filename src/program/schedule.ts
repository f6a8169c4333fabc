import { LatentError } from "../device/errors.ts";
import type { Fusion } from "./fuse.ts";
import { type Group, onlyHere, readsOf } from "./reads.ts";
import { type Graph, resolveView, type Value } from "./values.ts";

export interface Schedule {
  /** Groups in the order in which they run. */
  readonly order: readonly Group[];
  /** Values written straight into the state that they replace. */
  readonly inPlace: ReadonlyMap<Value, Value>;
}

/**
 * Orders the groups so that each runs after what it reads, and every reader of a state before the group that overwrites it.
 * A state whose new value is needed by a reader of the old one is copied at the end instead.
 */
export function schedule(graph: Graph, { groups, inlined }: Fusion): Schedule {
  const byResult = new Map(
    groups.flatMap((g) => [g.result, ...(g.sideStore ? [g.sideStore] : [])].map((value) => [value, g] as const)),
  );
  const reads = new Map(groups.map((g) => [g, readsOf(g, inlined)]));
  const inPlace = new Map<Value, Value>();
  for (const { state, next } of graph.assignments) {
    const writer = byResult.get(next.what.kind === "pick" ? next.args[0]! : next);
    const isPart = state.what.kind !== "leaf";
    if (!writer || (isPart && !isForced(writer, next)) || inPlace.has(next)) continue;
    if (mayOverwrite(writer, state, next, inlined)) inPlace.set(next, state);
    else if (isForced(writer, next))
      throw new LatentError(
        "argument",
        `${opName(writer)}: updates its state in place, so its outputs must be assigned to its inputs.`,
      );
  }
  for (const group of groups) checkForced(group, graph, inPlace);
  for (;;) {
    const order = sorted(groups, reads, byResult, inPlace);
    if (order) return { order, inPlace };
    const [next] = [...inPlace.keys()]
      .reverse()
      .filter((v) => !isForced(byResult.get(v.what.kind === "pick" ? v.args[0]! : v)!, v));
    if (!next)
      throw new LatentError("argument", "assign: the new states depend on each other's old values in a circle.");
    inPlace.delete(next);
  }
}

const opName = ({ producer }: Group) => (producer?.what.kind === "kernel" ? producer.what.op.name : "assign");

const outputIndex = (value: Value): number => (value.what.kind === "pick" ? value.what.index : 0);

function isForced({ result }: Group, value: Value): boolean {
  return result.what.kind === "kernel" && result.what.op.inPlace?.[outputIndex(value)] !== undefined;
}

/** An op that overwrites its inputs must have every such output assigned to just that state. */
function checkForced({ result }: Group, graph: Graph, inPlace: ReadonlyMap<Value, Value>): void {
  if (result.what.kind !== "kernel" || !result.what.op.inPlace) return;
  for (const [output, input] of Object.entries(result.what.op.inPlace)) {
    const value =
      result.what.outputs.length === 1
        ? result
        : graph.values.find((v) => v.what.kind === "pick" && v.args[0] === result && v.what.index === Number(output));
    if (!value || inPlace.get(value) !== result.args[input])
      throw new LatentError(
        "argument",
        `${result.what.op.name}: overwrites input ${input}. Expected output ${output} assigned to that state in a compiled step.`,
      );
  }
}

/** Whether `writer` can store `next` over `state` without reading what it has already overwritten. */
function mayOverwrite(writer: Group, state: Value, next: Value, inlined: ReadonlySet<Value>): boolean {
  const { result } = writer;
  if (result.what.kind === "kernel" && result.what.op.inPlace?.[outputIndex(next)] !== undefined)
    return result.args[result.what.op.inPlace[outputIndex(next)]!] === state;
  if (!readsOf(writer, inlined).has(state)) return result.what.kind !== "concat";
  // bytes are read and written by the word
  if (result.what.kind !== "map" || writer.producer || result.dtype === "u8") return false;
  return onlyHere(state, result, inlined);
}

/** Kahn's order, ties by the order of recording; null where the demands go in a circle. */
function sorted(
  groups: readonly Group[],
  reads: ReadonlyMap<Group, ReadonlySet<Value>>,
  byResult: ReadonlyMap<Value, Group>,
  inPlace: ReadonlyMap<Value, Value>,
): Group[] | null {
  const after = new Map<Group, Set<Group>>(groups.map((g) => [g, new Set()]));
  const waiting = new Map<Group, number>(groups.map((g) => [g, 0]));
  const edge = (first: Group, second: Group) => {
    if (first === second || after.get(first)!.has(second)) return;
    after.get(first)!.add(second);
    waiting.set(second, waiting.get(second)! + 1);
  };
  const writers = new Map<Value, Set<Group>>();
  const parts = new Map<Group, Set<Value>>();
  for (const [next, state] of inPlace) {
    const writer = byResult.get(next.what.kind === "pick" ? next.args[0]! : next)!;
    const { base } = resolveView(state);
    writers.set(base, (writers.get(base) ?? new Set()).add(writer));
    parts.set(writer, (parts.get(writer) ?? new Set()).add(state));
  }
  // writers of different parts of one state need not wait for each other
  const readsOwnPart = ({ result }: Group, state: Value, own: ReadonlySet<Value> = new Set()) =>
    [...own].some((part) => resolveView(part).base === state) &&
    result.args.every((arg) => resolveView(arg).base !== state || own.has(arg));
  for (const group of groups)
    for (const value of reads.get(group)!) {
      const source = byResult.get(value);
      if (source) edge(source, group);
      for (const writer of writers.get(value) ?? [])
        if (!readsOwnPart(group, value, parts.get(group))) edge(group, writer);
    }
  // the latest first, so that the next one is the last
  const ready = groups.filter((g) => waiting.get(g) === 0).sort((a, b) => b.result.id - a.result.id);
  const order: Group[] = [];
  for (let group = ready.pop(); group; group = ready.pop()) {
    order.push(group);
    for (const next of after.get(group)!) {
      waiting.set(next, waiting.get(next)! - 1);
      if (waiting.get(next) === 0) insert(ready, next);
    }
  }
  return order.length === groups.length ? order : null;
}

/** Keeps `ready` in falling order of recording. */
function insert(ready: Group[], group: Group): void {
  let [low, high] = [0, ready.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ready[middle]!.result.id > group.result.id) low = middle + 1;
    else high = middle;
  }
  ready.splice(low, 0, group);
}
