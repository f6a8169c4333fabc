import { check } from "../device/errors.ts";
import type { ShaderSource } from "../device/pipelines.ts";
import { SIDE_OUTPUT_BINDING, specialise } from "../kernels/hook.ts";
import { type DeviceTraits, type Kernel, type Launch, type Slot } from "../kernels/launch.ts";
import type { ScalarSource, Slots } from "./expression.ts";
import type { Value } from "./values.ts";

/** A buffer as the plan knows it: a leaf of the graph, a value's own storage, or scratch. */
export type Place = { readonly leaf: number } | { readonly value: Value } | { readonly scratch: Scratch };
export interface Scratch {
  readonly bytes: number;
}
/** A range of a place. Exact, because two writes into one buffer may run at once only where their ranges do not overlap. */
export interface Ref {
  readonly place: Place;
  readonly offset: number;
  readonly bytes: number;
}

/** One dispatch of the plan, independent of any GPUBuffer. */
export interface Dispatch {
  readonly label: string;
  readonly source: ShaderSource;
  readonly buffers: readonly { readonly binding: number; readonly ref: Ref; readonly writes: boolean }[];
  readonly params: ArrayBuffer;
  /** What the hooks read as scalars, in the order of their slots. */
  readonly scalars: readonly ScalarSource[];
  readonly groups: readonly [number, number, number];
  readonly flops: number;
  /** It writes constants to a place of their own, so once is enough. */
  readonly once: boolean;
}

/** Where dispatches run, and where values lie there. */
export interface Target {
  readonly traits: DeviceTraits;
  /** Where a value's elements start. */
  readonly refOf: (value: Value) => Ref;
  /** The shaders of the plan, each once: thousands of dispatches may share one text. */
  readonly sources: Map<string, ShaderSource>;
}

/** A launch, and what its hooks do with what. */
export interface Parts {
  readonly launch: Launch;
  readonly bodies: { readonly [hook: string]: string };
  readonly slots: Slots;
  /** A view slot that reads scratch instead of a value. */
  readonly scratchView?: Scratch;
  readonly bind: (slot: Slot) => Ref;
  /** The side output that the hooks write (shaders/lib/side_output.wgsl). */
  readonly sideOutput?: Ref | undefined;
  readonly label: string;
  readonly flops: number;
  readonly once?: boolean;
}

/** How every kernel declares its parameters, and how it does where they are immediates. */
const UNIFORM = "@group(0)@binding(0)var<uniform>params:Params;";
const IMMEDIATE = "var<immediate>params:Params;";

export const scratchRef = (scratch: Scratch): Ref => ({ place: { scratch }, offset: 0, bytes: scratch.bytes });

/**
 * The dispatch of a launch: its text with its hooks, what it binds and its parameters. These travel as immediates where the device
 * has room for them: no buffer to make, write and bind, and a read of them costs nothing.
 */
export function assemble(
  { refOf, traits, sources }: Target,
  { launch, bodies, slots, scratchView, bind, sideOutput, label, flops, once = false }: Parts,
): Dispatch {
  const { kernel, constants = {} } = launch;
  const buffers: { binding: number; ref: Ref; writes: boolean }[] = [];
  for (const [name, { binding, access }] of Object.entries(kernel.buffers)) {
    const slot = launch.bind[name];
    if (!slot) throw new Error(`${kernel.name}: nothing is bound to ${name}`);
    buffers.push({ binding, ref: bind(slot), writes: access !== "read" });
  }
  for (const [slot, base] of slots.inputs.entries()) {
    const ref: Ref = slot === 0 && scratchView ? scratchRef(scratchView) : refOf(base);
    buffers.push({ binding: 10 + slot, ref, writes: false });
  }
  if (sideOutput) buffers.push({ binding: SIDE_OUTPUT_BINDING, ref: sideOutput, writes: true });
  const immediates = kernel.paramsBytes <= traits.maxImmediateBytes ? kernel.paramsBytes : 0;
  const uniforms = [...(kernel.paramsBytes > immediates ? [0] : []), ...(slots.scalars.length > 0 ? [9] : [])];
  const bindings = [
    ...uniforms.map((binding) => ({ binding, type: "uniform" as const })),
    ...buffers.map(({ binding, writes }) => ({
      binding,
      type: writes ? ("storage" as const) : ("read-only-storage" as const),
    })),
  ];
  const key = [
    kernel.name,
    kernel.own,
    ...bindings.flatMap(Object.values),
    ...[constants, bodies].flatMap(Object.entries),
  ].join("|");
  let source = sources.get(key);
  if (!source) {
    const code = specialise(kernel, constants, bodies);
    source = {
      label,
      code: immediates ? code.replace(UNIFORM, IMMEDIATE) : code,
      entry: kernel.entry,
      bindings,
      immediates,
    };
    sources.set(key, source);
  }
  return {
    label,
    source,
    buffers,
    params: packParams(kernel, launch.params),
    scalars: slots.scalars,
    groups: fold(launch, traits),
    flops,
    once,
  };
}

function packParams(kernel: Kernel, values: { readonly [name: string]: number }): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(kernel.paramsBytes));
  for (const [name, { offset, type }] of Object.entries(kernel.params)) {
    const value = values[name];
    if (value === undefined) throw new Error(`${kernel.name}: no value for params.${name}`);
    if (type === "f32") view.setFloat32(offset, value, true);
    else view.setUint32(offset, value, true);
  }
  return view.buffer;
}

/**
 * A line of more workgroups than one dimension holds goes on along y (lib/grid.wgsl counts them back). Throws LatentError("limit")
 * where the kernel does not count so, or where there are too many for that.
 */
export function fold(
  { kernel, groups }: Pick<Launch, "kernel" | "groups">,
  { maxGroups }: DeviceTraits,
): Launch["groups"] {
  // what the generator knows of kernels of our own: those that do not ask for their place are one workgroup
  const most = kernel.folds ? Infinity : 1;
  if (kernel.folds !== undefined && (groups[0] > most || groups[1] !== 1 || groups[2] !== 1))
    throw new Error(
      `${kernel.name}: expected ${kernel.folds ? "a line of workgroups" : "one workgroup"}; got ${groups.join(" × ")}`,
    );
  if (groups.every((n) => n <= maxGroups)) return groups;
  const rows = Math.ceil(groups[0] / maxGroups);
  check(
    kernel.folds === true && rows <= 65_535,
    "limit",
    kernel.name,
    () => `a grid of ${groups.join(" × ")} workgroups. Expected at most ${maxGroups} along each dimension.`,
  );
  return [Math.ceil(groups[0] / rows), rows, 1];
}
