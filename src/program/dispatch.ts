import type { ShaderSource } from "../device/pipelines.ts";
import { fold, packParams } from "../kernels/arguments.ts";
import { SIDE_OUTPUT_BINDING, specialise } from "../kernels/hook.ts";
import type { DeviceTraits, Launch, Slot } from "../kernels/launch.ts";
import type { ScalarSource, Slots } from "./expression.ts";
import type { Value } from "./values.ts";

/** A buffer as the plan knows it: a leaf of the graph, a value's own storage, or scratch. */
export type Place = { readonly leaf: number } | { readonly value: Value } | { readonly scratch: Scratch };
export interface Scratch {
  readonly bytes: number;
}
/** A byte range of a place. Dispatches that write disjoint ranges of one buffer may run at once. */
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
  /** Where the hooks' scalars come from, by slot. */
  readonly scalars: readonly ScalarSource[];
  readonly groups: readonly [number, number, number];
  readonly flops: number;
  /** Writes constants into storage that nothing else writes: it runs once, before the first run. */
  readonly once: boolean;
}

/** What dispatches are assembled for: the device, and the buffers of the values. */
export interface Target {
  readonly traits: DeviceTraits;
  /** The range that holds a value. */
  readonly refOf: (value: Value) => Ref;
  /** Specialised shaders by key: thousands of dispatches may share one. */
  readonly sources: Map<string, ShaderSource>;
}

/** A launch, the bodies of its hooks, and what all of it reads and writes. */
export interface Parts {
  readonly launch: Launch;
  readonly bodies: { readonly [hook: string]: string };
  readonly slots: Slots;
  /** Scratch that the hooks' first input is bound to, in place of a value. */
  readonly scratchView?: Scratch;
  readonly bind: (slot: Slot) => Ref;
  /** Where the hooks write their side output (shaders/lib/side_output.wgsl). */
  readonly sideOutput?: Ref | undefined;
  readonly label: string;
  readonly flops: number;
  readonly once?: boolean;
}

/** The declaration of parameters in every kernel, and what replaces it where they are immediates. */
const UNIFORM = "@group(0)@binding(0)var<uniform>params:Params;";
const IMMEDIATE = "var<immediate>params:Params;";

export const scratchRef = (scratch: Scratch): Ref => ({ place: { scratch }, offset: 0, bytes: scratch.bytes });

/**
 * The dispatch of a launch: the shader with its hooks, the bindings, and the parameters.
 *
 * Parameters are immediates where the device has room for them: that saves a uniform buffer, its writes and its loads.
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
