import { byteLength, count } from "../graph/dtype.ts";
import { vec4Body, viewsOf } from "../kernels/vec4.ts";
import { type SideOutputs, type Expression, hookBody, STORE_PARTIAL_SUMS, type Offsets } from "../kernels/hook.ts";
import type { Launch, Slot } from "../kernels/launch.ts";
import { map, mapVec4, mapPacked } from "../kernels/map.ts";
import { loadsVec4, reduce } from "../kernels/reduce.ts";
import { assemble, type Dispatch, type Ref, type Scratch, scratchRef, type Target } from "./dispatch.ts";
import {
  type HookContext,
  expressionOf,
  loadedExpression,
  offsetsIn,
  storedExpression,
  type Slots,
} from "./expression.ts";
import type { Fusion } from "./fuse.ts";
import { launchesOf, loadHooksOf, reductionOf } from "./launches.ts";
import { orderOf, permutation, sizeOf } from "./prepare.ts";
import type { Group } from "./reads.ts";
import { fusableSource, resolveView, sameOrderBase, type Value } from "./values.ts";

export interface Emission extends Target {
  readonly fusion: Fusion;
  readonly inPlace: ReadonlyMap<Value, Value>;
  /** Output `index` of a kernel op; null where nobody reads it. */
  readonly outputOf: (kernel: Value, index: number) => Value | null;
  /** Where a group stores partial sums. */
  readonly partialSumsOf: (group: Group) => Scratch;
}

/** The bodies of a kernel's hooks. */
type Bodies = { [hook: string]: string };

/** The dispatches that compute `group`. */
export function emit(group: Group, emission: Emission): Dispatch[] {
  const { result, producer } = group;
  if (result.what.kind === "concat") return emitConcat(result, emission);
  if (!producer) return [emitMap(result, emission)];
  return producer.what.kind === "reduce"
    ? emitReduce(group, producer, emission)
    : emitKernel(group, producer, emission);
}

const none = (): Slots => ({ inputs: [], scalars: [] });

function emitMap(result: Value, emission: Emission): Dispatch {
  const slots = none();
  const state = emission.inPlace.get(result);
  const expression = storedExpression(result, {
    inlined: emission.fusion.inlined,
    slots,
    ...(state ? { replaced: state } : {}),
  });
  const size = sizeOf(result);
  const isPacked = result.dtype === "u8";
  const vec4 = size > 0 && size % 4 === 0 && !isPacked ? vec4Body(expression, "vec4u", offsetsIn(slots)) : null;
  return assemble(emission, {
    ...(vec4
      ? { launch: mapVec4(size, emission.traits), bodies: { vec4_at: vec4 } }
      : {
          launch: isPacked ? mapPacked(size) : map(size, emission.traits),
          bodies: { map: hookBody(expression, "u32", offsetsIn(slots)) },
        }),
    slots,
    bind: () => emission.refOf(result),
    label: `map ${describe(result)}`,
    flops: size,
  });
}

/** One launch per part, each writing its share; parts that their own groups write in place need none. */
function emitConcat(result: Value, emission: Emission): Dispatch[] {
  if (result.what.kind !== "concat") return [];
  const { axis } = result.what;
  const inner = count(result.shape.slice(axis + 1));
  const stride = result.shape[axis]! * inner;
  let start = 0;
  return result.args.flatMap((part) => {
    const offset = start * inner;
    start += part.shape[axis]!;
    const { place } = emission.refOf(sameOrderBase(part));
    if ("value" in place && place.value === result) return [];
    const slots = none();
    const expression = expressionOf(emission.fusion.inlined.has(fusableSource(part)) ? fusableSource(part) : part, {
      inlined: emission.fusion.inlined,
      slots,
    });
    return assemble(emission, {
      launch: map(sizeOf(part), emission.traits, { offset, inner: part.shape[axis]! * inner, stride }),
      bodies: { map: hookBody(expression, "u32", offsetsIn(slots)) },
      slots,
      bind: () => emission.refOf(result),
      label: `concat ${describe(result)}`,
      flops: 0,
      once: resolveView(part).base.what.kind === "constant" && !emission.inPlace.has(result),
    });
  });
}

/** Partial results, contiguous, in slot 0, and the hook with which a later stage of a reduction loads them. */
function partialView(producer: Value, count: number): { slots: Slots; load: string } {
  const expression: Expression = {
    kind: "view",
    slot: 0,
    view: { offset: 0, dims: [count], strides: [1] },
    type: "f32",
  };
  const slots: Slots = { inputs: [producer], scalars: [] };
  return { slots, load: hookBody(expression, "f32", offsetsIn(slots)) };
}

/** The total of the partial sums that another group stored. */
function emitTotal(group: Group, producer: Value, emission: Emission): Dispatch[] {
  const { result } = group;
  const partials = emission.partialSumsOf(group.partialSums!);
  const count = partials.bytes / 4;
  const { launches, scratch: sizes = [] } = reduce(
    "sum",
    { outputs: 1, extent: count, leading: false },
    emission.traits,
  );
  const scratch = sizes.map((bytes): Scratch => ({ bytes }));
  return launches.map((launch, stage) => {
    const { slots, load } = partialView(producer, stage === 0 ? count : sizes[0]! / 4);
    const late = launch.takesEpilogue ? resultOf(group, producer, slots, emission) : null;
    return assemble(emission, {
      launch,
      bodies: { load, ...late?.bodies },
      slots,
      sideOutput: late?.sideOutput,
      scratchView: stage === 0 ? partials : scratch[0]!,
      bind: (slot) => ("scratch" in slot ? scratchRef(scratch[slot.scratch]!) : emission.refOf(result)),
      label: `sum [${count}] → ${describe(result)}`,
      flops: 0,
    });
  });
}

/** What a reduction does to its results, and where it stores a map of these beside them. */
function resultOf(
  { result, sideStore, followsResult }: Group,
  producer: Value,
  slots: Slots,
  emission: Emission,
): { readonly expressions: readonly Expression[]; readonly bodies: Bodies; readonly sideOutput: Ref | undefined } {
  const follower = followsResult ? sideStore : undefined;
  if (result === producer && !follower) return { expressions: [], bodies: {}, sideOutput: undefined };
  const context: HookContext = { inlined: emission.fusion.inlined, slots, producer, also: [result], built: new Map() };
  const stored: Expression = result === producer ? { kind: "value", type: "f32" } : storedExpression(result, context);
  const also = follower ? { sideStore: storedExpression(follower, context) } : {};
  return {
    expressions: [stored, ...Object.values(also)],
    bodies: { epilogue: hookBody(stored, "f32", offsetsIn(slots), also) },
    sideOutput: follower && emission.refOf(follower),
  };
}

function emitReduce(group: Group, producer: Value, emission: Emission): Dispatch[] {
  if (group.partialSums) return emitTotal(group, producer, emission);
  const { result, followsResult } = group;
  const sideStore = followsResult ? undefined : group.sideStore;
  const input = producer.args[0]!;
  const slots = none();
  const order = orderOf(producer) === "permuted" ? permutation(producer) : undefined;
  const { inlined } = emission.fusion;
  const prologue: HookContext = {
    inlined,
    also: sideStore ? [sideStore] : [],
    slots,
    built: new Map(),
    ...(order ? { order } : {}),
  };
  const loaded = order ? expressionOf(input, prologue) : loadedExpression(input, prologue);
  const also = sideStore ? { sideStore: expressionOf(sideStore, prologue) } : {};
  const { operation, extents } = reductionOf(producer);
  // the epilogue reads element by element
  const late = none();
  const read = viewsOf(resultOf(group, producer, late, emission).expressions);
  const taken = new Set(read.map(({ slot }) => slots.inputs.indexOf(late.inputs[slot]!)));
  const vec4 = loadsVec4(extents) ? vec4Body(loaded, "vec4u", offsetsIn(slots), also, taken) : null;
  const load: Bodies = vec4 ? { vec4_at: vec4 } : { load: hookBody(loaded, "f32", offsetsIn(slots), also) };
  const sideOutput = sideStore && emission.refOf(sideStore);
  const described = vec4 ? reduce(operation, extents, emission.traits, 4) : launchesOf(producer, emission.traits);
  const scratch = described.scratch?.map((bytes): Scratch => ({ bytes }));
  const bind = (slot: Slot): Ref => ("scratch" in slot ? scratchRef(scratch![slot.scratch]!) : emission.refOf(result));
  const label = `${producer.what.kind === "reduce" ? producer.what.operation : ""} ${describe(input)} → ${describe(result)}`;
  return described.launches.map((launch, stage) => {
    if (stage === 0) {
      const own = launch.takesEpilogue ? resultOf(group, producer, slots, emission) : null;
      const bodies = { ...load, ...own?.bodies };
      const stored = sideOutput ?? own?.sideOutput;
      return assemble(emission, {
        launch,
        bodies,
        slots,
        bind,
        sideOutput: stored,
        label,
        flops: described.flops ?? 0,
      });
    }
    const { slots: at, load: loadPartial } = partialView(producer, described.scratch![0]! / 4);
    const own = resultOf(group, producer, at, emission);
    return assemble(emission, {
      launch,
      bodies: { load: loadPartial, ...own.bodies },
      slots: at,
      sideOutput: own.sideOutput,
      scratchView: scratch![0]!,
      bind,
      label: `${label} (2)`,
      flops: 0,
    });
  });
}

function emitKernel(group: Group, producer: Value, emission: Emission): Dispatch[] {
  const { result, sideSum } = group;
  if (producer.what.kind !== "kernel") return [];
  const { op, outputs } = producer.what;
  const described = launchesOf(producer, emission.traits);
  const scratch = described.scratch?.map((bytes): Scratch => ({ bytes })) ?? [];
  const spare = outputs.map((spec, index): Scratch | null =>
    emission.outputOf(producer, index) ? null : { bytes: byteLength(spec.shape, spec.dtype) },
  );
  const bind = (slot: Slot): Ref => {
    if ("scratch" in slot) return scratchRef(scratch[slot.scratch]!);
    if ("input" in slot) return emission.refOf(producer.args[slot.input]!);
    const unread = spare[slot.output];
    if (unread) return scratchRef(unread);
    return emission.refOf(result !== producer ? result : emission.outputOf(producer, slot.output)!);
  };
  const label = `${op.name} ${producer.args.map(describe).join(" ")} → ${describe(producer)}`;
  const main = described.launches.findIndex((l) => l.takesEpilogue);
  return described.launches.map((launch, stage) => {
    const slots = none();
    const fused = stage === main && (result !== producer || sideSum !== undefined);
    const { inlined } = emission.fusion;
    const loads = loadBodies(producer, { inlined, slots, built: new Map() });
    const context: HookContext = { inlined, also: [result], slots, producer, built: new Map() };
    const resultExpression = (): Expression =>
      result === producer ? { kind: "value", type: "f32" } : expressionOf(result, context);
    const sideOutputs = sideSum && { sideSum: expressionOf(fusableSource(sideSum.args[0]!), context) };
    const bodies: Bodies = {
      ...loads,
      ...(fused ? epilogueOf(launch, resultExpression(), offsetsIn(slots), sideOutputs) : {}),
      ...(fused && sideSum ? { finish: STORE_PARTIAL_SUMS } : {}),
    };
    const sideOutput = fused && sideSum ? scratchRef(emission.partialSumsOf(group)) : undefined;
    const flops = stage === Math.max(0, main) ? (described.flops ?? 0) : 0;
    const together = sideOutput !== undefined && "TOGETHER" in launch.kernel.constants;
    return assemble(emission, {
      launch: together ? { ...launch, constants: { ...launch.constants, TOGETHER: 1 } } : launch,
      bodies,
      slots,
      bind,
      sideOutput,
      label: `${launch.kernel.name}: ${label}${fused ? ` + ${names(result, emission)}` : ""}${sideSum ? " + sum" : ""}`,
      flops,
    });
  });
}

/** How a kernel reads its inputs, where it has hooks for that. */
const loadBodies = (producer: Value, context: HookContext): Bodies =>
  Object.fromEntries(
    (loadHooksOf(producer) ?? []).map((hook, k) => [
      hook,
      hookBody(loadedExpression(producer.args[k]!, context), "f32", offsetsIn(context.slots)),
    ]),
  );

/** What a kernel does to its results: four at a time where it hands them over so, and that serves. */
function epilogueOf(
  { kernel }: Launch,
  resultExpression: Expression,
  offsets: Offsets,
  sideOutputs: SideOutputs = {},
): Bodies {
  const epilogues = "epilogue_vec4" in kernel.hooks ? vec4Body(resultExpression, "vec4f", offsets, sideOutputs) : null;
  return epilogues
    ? { epilogue_vec4: epilogues }
    : { epilogue: hookBody(resultExpression, "f32", offsets, sideOutputs) };
}

export const describe = (value: Value): string => `[${value.shape.join(", ")}]`;

/** The functions that were fused into `result`, for the plan's dump. */
export function names(result: Value, { fusion }: Pick<Emission, "fusion">): string {
  const list: string[] = [];
  const visit = (value: Value) => {
    if (value.what.kind !== "map" || list.length > 12) return;
    for (const arg of value.args.map(fusableSource)) if (fusion.inlined.has(arg)) visit(arg);
    list.push(value.what.fn);
  };
  visit(result);
  return list.join("·");
}
