import { byteLength, count } from "../graph/dtype.ts";
import { fourBody, viewsOf } from "../kernels/four.ts";
import { type Beside, type Expression, hookBody, KEEP_SUMS, type Offsets } from "../kernels/hook.ts";
import type { Launch, Slot } from "../kernels/launch.ts";
import { map, mapFours, mapPacked } from "../kernels/map.ts";
import { hasFours, reduce } from "../kernels/reduce.ts";
import { assemble, type Dispatch, type Ref, type Scratch, scratchRef, type Target } from "./dispatch.ts";
import { type Context, expressionOf, offsetsIn, rootExpression, type Slots } from "./expression.ts";
import type { Fusion } from "./fuse.ts";
import { launchesOf, reductionOf } from "./launches.ts";
import { orderOf, sizeOf } from "./prepare.ts";
import type { Group } from "./reads.ts";
import { computed, look, straight, type Value } from "./values.ts";

export interface Emission extends Target {
  readonly fusion: Fusion;
  readonly inPlace: ReadonlyMap<Value, Value>;
  /** Output `index` of a kernel op; null where nobody reads it. */
  readonly outputOf: (kernel: Value, index: number) => Value | null;
  /** Where a group leaves the terms of a sum. */
  readonly termsOf: (group: Group) => Scratch;
}

/** The bodies of a kernel's hooks. */
type Bodies = { [hook: string]: string };

/** The dispatches that compute `group`. */
export function emit(group: Group, emission: Emission): Dispatch[] {
  const { root, anchor } = group;
  if (root.what.kind === "concat") return emitConcat(root, emission);
  if (!anchor) return [emitMap(root, emission)];
  return anchor.what.kind === "reduce" ? emitReduce(group, anchor, emission) : emitKernel(group, anchor, emission);
}

const none = (): Slots => ({ inputs: [], scalars: [] });

function emitMap(root: Value, emission: Emission): Dispatch {
  const slots = none();
  const state = emission.inPlace.get(root);
  const expression = rootExpression(root, {
    inlined: emission.fusion.inlined,
    slots,
    ...(state ? { replaced: state } : {}),
  });
  const size = sizeOf(root);
  const isPacked = root.dtype === "u8";
  const fours = size > 0 && size % 4 === 0 && !isPacked ? fourBody(expression, "vec4u", offsetsIn(slots)) : null;
  return assemble(emission, {
    ...(fours
      ? { launch: mapFours(size, emission.traits), bodies: { four: fours } }
      : {
          launch: isPacked ? mapPacked(size) : map(size, emission.traits),
          bodies: { map: hookBody(expression, "u32", offsetsIn(slots)) },
        }),
    slots,
    bind: () => emission.refOf(root),
    label: `map ${describe(root)}`,
    flops: size,
  });
}

/** One launch per part, each writing its share; parts that their own groups write in place need none. */
function emitConcat(root: Value, emission: Emission): Dispatch[] {
  if (root.what.kind !== "concat") return [];
  const { axis } = root.what;
  const inner = count(root.shape.slice(axis + 1));
  const stride = root.shape[axis]! * inner;
  let start = 0;
  return root.args.flatMap((part) => {
    const offset = start * inner;
    start += part.shape[axis]!;
    const { place } = emission.refOf(straight(part));
    if ("value" in place && place.value === root) return [];
    const slots = none();
    const expression = expressionOf(emission.fusion.inlined.has(computed(part)) ? computed(part) : part, {
      inlined: emission.fusion.inlined,
      slots,
    });
    return assemble(emission, {
      launch: map(sizeOf(part), emission.traits, { offset, inner: part.shape[axis]! * inner, stride }),
      bodies: { map: hookBody(expression, "u32", offsetsIn(slots)) },
      slots,
      bind: () => emission.refOf(root),
      label: `concat ${describe(root)}`,
      flops: 0,
      once: look(part).base.what.kind === "constant" && !emission.inPlace.has(root),
    });
  });
}

/** Partial results, contiguous, in slot 0, and the hook with which a later stage of a reduction loads them. */
function partials(anchor: Value, count: number): { slots: Slots; load: string } {
  const expression: Expression = {
    kind: "view",
    slot: 0,
    view: { offset: 0, dims: [count], strides: [1] },
    type: "f32",
  };
  const slots: Slots = { inputs: [anchor], scalars: [] };
  return { slots, load: hookBody(expression, "f32", offsetsIn(slots)) };
}

/** The sum of the terms that another group has left. */
function emitTotal({ root, terms }: Group, anchor: Value, emission: Emission): Dispatch[] {
  const kept = emission.termsOf(terms!);
  const count = kept.bytes / 4;
  const { launches, scratch: sizes = [] } = reduce(
    "sum",
    { outputs: 1, extent: count, leading: false },
    emission.traits,
  );
  const scratch = sizes.map((bytes): Scratch => ({ bytes }));
  const { inlined } = emission.fusion;
  return launches.map((launch, stage) => {
    const { slots, load } = partials(anchor, stage === 0 ? count : sizes[0]! / 4);
    const epilogue = launch.takesEpilogue && root !== anchor;
    const bodies = {
      load,
      ...(epilogue ? { epilogue: epilogueBody(root, { inlined, slots, anchor }) } : {}),
    };
    return assemble(emission, {
      launch,
      bodies,
      slots,
      scratchView: stage === 0 ? kept : scratch[0]!,
      bind: (slot) => ("scratch" in slot ? scratchRef(scratch[slot.scratch]!) : emission.refOf(root)),
      label: `sum [${count}] → ${describe(root)}`,
      flops: 0,
    });
  });
}

function emitReduce(group: Group, anchor: Value, emission: Emission): Dispatch[] {
  if (group.terms) return emitTotal(group, anchor, emission);
  const { root, stored } = group;
  const input = anchor.args[0]!;
  const slots = none();
  const order = orderOf(anchor) === "permuted" ? permutation(anchor) : undefined;
  const { inlined } = emission.fusion;
  const target = computed(input);
  const prologue: Context = { inlined, also: stored, slots, built: new Map(), ...(order ? { order } : {}) };
  const isWithin = target === stored || inlined.has(target);
  const loaded = expressionOf(isWithin && !order ? target : input, prologue);
  const also = stored ? { stored: expressionOf(stored, prologue) } : {};
  const { operation, extents } = reductionOf(anchor);
  // the epilogue reads element by element
  const late = none();
  const read = root === anchor ? [] : viewsOf([rootExpression(root, { inlined, slots: late, anchor })]);
  const taken = new Set(read.map(({ slot }) => slots.inputs.indexOf(late.inputs[slot]!)));
  const four = hasFours(extents) ? fourBody(loaded, "vec4u", offsetsIn(slots), also, taken) : null;
  const load: Bodies = four ? { four } : { load: hookBody(loaded, "f32", offsetsIn(slots), also) };
  const side = stored && emission.refOf(stored);
  const described = four ? reduce(operation, extents, emission.traits, 4) : launchesOf(anchor, emission.traits);
  const scratch = described.scratch?.map((bytes): Scratch => ({ bytes }));
  const bind = (slot: Slot): Ref => ("scratch" in slot ? scratchRef(scratch![slot.scratch]!) : emission.refOf(root));
  const epilogue = (at: Slots): Bodies =>
    root === anchor ? {} : { epilogue: epilogueBody(root, { inlined, slots: at, anchor }) };
  const label = `${anchor.what.kind === "reduce" ? anchor.what.operation : ""} ${describe(input)} → ${describe(root)}`;
  return described.launches.map((launch, stage) => {
    if (stage === 0) {
      const bodies = { ...load, ...(launch.takesEpilogue ? epilogue(slots) : {}) };
      return assemble(emission, { launch, bodies, slots, bind, side, label, flops: described.flops ?? 0 });
    }
    const late = partials(anchor, described.scratch![0]! / 4);
    const bodies = { load: late.load, ...epilogue(late.slots) };
    return assemble(emission, {
      launch,
      bodies,
      slots: late.slots,
      scratchView: scratch![0]!,
      bind,
      label: `${label} (2)`,
      flops: 0,
    });
  });
}

/** Kept axes first, then the reduced ones. */
function permutation(anchor: Value): number[] {
  if (anchor.what.kind !== "reduce") return [];
  const { axes } = anchor.what;
  const all = [...anchor.args[0]!.shape.keys()];
  return [...all.filter((d) => !axes.includes(d)), ...axes];
}

function emitKernel(group: Group, anchor: Value, emission: Emission): Dispatch[] {
  const { root, added } = group;
  if (anchor.what.kind !== "kernel") return [];
  const { op, outputs } = anchor.what;
  const described = launchesOf(anchor, emission.traits);
  const scratch = described.scratch?.map((bytes): Scratch => ({ bytes })) ?? [];
  const spare = outputs.map((spec, index): Scratch | null =>
    emission.outputOf(anchor, index) ? null : { bytes: byteLength(spec.shape, spec.dtype) },
  );
  const bind = (slot: Slot): Ref => {
    if ("scratch" in slot) return scratchRef(scratch[slot.scratch]!);
    if ("input" in slot) return emission.refOf(anchor.args[slot.input]!);
    const unread = spare[slot.output];
    if (unread) return scratchRef(unread);
    return emission.refOf(root !== anchor ? root : emission.outputOf(anchor, slot.output)!);
  };
  const label = `${op.name} ${anchor.args.map(describe).join(" ")} → ${describe(anchor)}`;
  const main = described.launches.findIndex((l) => l.takesEpilogue);
  return described.launches.map((launch, stage) => {
    const slots = none();
    const fused = stage === main && (root !== anchor || added !== undefined);
    const { inlined } = emission.fusion;
    const context: Context = { inlined, also: root, slots, anchor, built: new Map() };
    const result = (): Expression => (root === anchor ? { kind: "value", type: "f32" } : expressionOf(root, context));
    const terms = added && { added: expressionOf(computed(added.args[0]!), context) };
    const bodies: Bodies = fused
      ? { ...epilogueOf(launch, result(), offsetsIn(slots), terms), ...(added ? { finish: KEEP_SUMS } : {}) }
      : {};
    const side = fused && added ? scratchRef(emission.termsOf(group)) : undefined;
    const flops = stage === Math.max(0, main) ? (described.flops ?? 0) : 0;
    const together = side !== undefined && "TOGETHER" in launch.kernel.constants;
    return assemble(emission, {
      launch: together ? { ...launch, constants: { ...launch.constants, TOGETHER: 1 } } : launch,
      bodies,
      slots,
      bind,
      side,
      label: `${launch.kernel.name}: ${label}${fused ? ` + ${names(root, emission)}` : ""}${added ? " + sum" : ""}`,
      flops,
    });
  });
}

/** What a kernel does to its results: four at a time where it hands them over so, and that serves. */
function epilogueOf({ kernel }: Launch, result: Expression, offsets: Offsets, beside: Beside = {}): Bodies {
  const epilogues = "epilogues" in kernel.hooks ? fourBody(result, "vec4f", offsets, beside) : null;
  return epilogues ? { epilogues } : { epilogue: hookBody(result, "f32", offsets, beside) };
}

/** What a reduction does to its results. */
const epilogueBody = (root: Value, context: Context): string =>
  hookBody(rootExpression(root, context), "f32", offsetsIn(context.slots));

export const describe = (value: Value): string => `[${value.shape.join(", ")}]`;

/** The functions that were fused into `root`, for the plan's dump. */
export function names(root: Value, { fusion }: Pick<Emission, "fusion">): string {
  const list: string[] = [];
  const visit = (value: Value) => {
    if (value.what.kind !== "map" || list.length > 12) return;
    for (const arg of value.args.map(computed)) if (fusion.inlined.has(arg)) visit(arg);
    list.push(value.what.fn);
  };
  visit(root);
  return list.join("·");
}
