import { byteLength, bytesPer, count } from "../graph/dtype.ts";
import type { DeviceTraits } from "../kernels/launch.ts";
import { map, mapVec4 } from "../kernels/map.ts";
import { assemble, type Dispatch, type Place, type Ref, type Scratch, type Target } from "./dispatch.ts";
import { emit } from "./emit.ts";
import { sideOutputs } from "./sideOutputs.ts";
import { fuse } from "./fuse.ts";
import { launchesOf } from "./launches.ts";
import { type MemoryPlan, planMemory } from "./memory.ts";
import { ALIGNMENT } from "../kernels/arguments.ts";
import { materialise } from "./prepare.ts";
import type { Group } from "./reads.ts";
import { schedule } from "./schedule.ts";
import { rewrite } from "./rewrite.ts";
import { type Graph, resolveView, sameOrderBase, type Value } from "./values.ts";

/** The dispatches in order, and their memory. It names no buffer, scalar or seed, so equal graphs share one plan. */
export interface Plan {
  /** Run once, before the first replay: constants that stay where they are written. */
  readonly prelude: readonly Dispatch[];
  readonly dispatches: readonly Dispatch[];
  readonly memory: MemoryPlan;
  /** Where each output ends up. */
  readonly outputs: readonly { readonly ref: Ref; readonly bytes: number }[];
  readonly flops: number;
}

export function plan(graph: Graph, traits: DeviceTraits): Plan {
  const prepared = materialise(rewrite(graph));
  const fusion = sideOutputs(prepared, fuse(prepared, traits), traits);
  const { order, inPlace } = schedule(prepared, fusion);
  const picks = new Map<string, Value>();
  for (const value of prepared.values)
    if (value.what.kind === "pick") picks.set(`${value.args[0]!.id} ${value.what.index}`, value);
  const nested = insideConcats(prepared, inPlace, fusion.inlined);

  const refs = new Map<Value, Ref>();
  const refOf = (value: Value): Ref => {
    let ref = refs.get(value);
    if (!ref) refs.set(value, (ref = placeOf(value)));
    return ref;
  };
  const placeOf = (value: Value): Ref => {
    const { base, offset, strides } = resolveView(value);
    if (base !== value) {
      const span = value.shape.reduce((sum, n, d) => sum + (n - 1) * strides[d]!, 1);
      const at = refOf(base);
      return {
        place: at.place,
        offset: at.offset + offset * 4,
        bytes: Math.min(at.bytes - offset * 4, span * bytesPer(value.dtype)),
      };
    }
    const bytes = byteLength(value.shape, value.dtype);
    const state = inPlace.get(value);
    if (state) return refOf(state);
    const outer = nested.get(value);
    if (outer) {
      const at = refOf(outer.concat);
      return { place: at.place, offset: at.offset + outer.offset, bytes };
    }
    return { place: value.what.kind === "leaf" ? { leaf: value.what.slot } : { value }, offset: 0, bytes };
  };
  // outer concatenations first: a part asks its concatenation for a place, and recursion over deep nests would overflow
  for (const value of [...nested.keys()].reverse()) refOf(value);
  const outputOf = (kernel: Value, index: number): Value | null =>
    kernel.what.kind === "kernel" && kernel.what.outputs.length === 1
      ? kernel
      : (picks.get(`${kernel.id} ${index}`) ?? null);

  const partialSums = new Map<Value, Scratch>();
  const partialSumsOf = ({ result, producer }: Group): Scratch => {
    const cached = partialSums.get(result);
    if (cached) return cached;
    const launch = launchesOf(producer!, traits).launches.find((l) => l.takesEpilogue);
    const scratch = { bytes: 4 * launch!.partialSums! };
    partialSums.set(result, scratch);
    return scratch;
  };
  const emission = { fusion, traits, inPlace, refOf, outputOf, partialSumsOf, sources: new Map() };
  const all = order.flatMap((group) => emit(group, emission));
  const prelude = all.filter((d) => d.once);
  const dispatches = all.filter((d) => !d.once);
  for (const { state, next } of prepared.assignments)
    if (inPlace.get(next) !== state) dispatches.push(copyInto(state, next, emission));
  const persistent = new Set(prepared.outputs.map((v) => ownerOf(refOf(v).place)).filter((v) => v !== null));
  const memory = planMemory(prelude, dispatches, (v) => byteLength(v.shape, v.dtype), persistent);
  return {
    prelude,
    dispatches,
    memory,
    outputs: prepared.outputs.map((v) => ({ ref: refOf(v), bytes: byteLength(v.shape, v.dtype) })),
    flops: dispatches.reduce((sum, d) => sum + d.flops, 0),
  };
}

const ownerOf = (place: Place): Value | null => ("value" in place ? place.value : null);

/** Values that are written straight into the flat concatenation that they are part of. */
function insideConcats(graph: Graph, inPlace: ReadonlyMap<Value, Value>, inlined: ReadonlySet<Value>) {
  const nested = new Map<Value, { concat: Value; offset: number }>();
  const roots = new Set([...graph.outputs, ...graph.assignments.map((a) => a.next)]);
  for (const concat of graph.values) {
    if (concat.what.kind !== "concat") continue;
    const { axis } = concat.what;
    const rows = count(concat.shape.slice(0, axis));
    const times = new Map<Value, number>();
    for (const part of concat.args) times.set(sameOrderBase(part), (times.get(sameOrderBase(part)) ?? 0) + 1);
    let start = 0;
    for (const part of concat.args) {
      const offset = start * 4;
      start += count(part.shape);
      const value = sameOrderBase(part);
      const isComputed = ["map", "reduce", "kernel", "pick"].includes(value.what.kind) && !inlined.has(value);
      const multi = value.what.kind === "kernel" && value.what.outputs.length > 1;
      if (rows !== 1 || !isComputed || multi || offset % ALIGNMENT !== 0) continue;
      if (roots.has(value) || inPlace.has(value) || nested.has(value) || times.get(value) !== 1) continue;
      if (!feedsOnly(value, concat)) continue;
      nested.set(value, { concat, offset });
    }
  }
  return nested;
}

/** Whether `value` has no reader but `concat`: others would meet its buffer while parts are still written. */
const feedsOnly = (value: Value, concat: Value): boolean =>
  value.users.every((user) => (user.what.kind === "view" ? feedsOnly(user, concat) : user === concat));

function copyInto(state: Value, next: Value, target: Target): Dispatch {
  const size = count(next.shape);
  return assemble(target, {
    launch: size % 4 === 0 ? mapVec4(size, target.traits) : map(size, target.traits),
    bodies: {},
    slots: { inputs: [next], scalars: [] },
    bind: () => target.refOf(state),
    label: `assign [${next.shape.join(", ")}]`,
    flops: 0,
  });
}
