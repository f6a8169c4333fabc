import type { Device } from "../device/device.ts";
import type { Pipeline, ShaderSource } from "../device/pipelines.ts";
import { SCALARS_BYTES } from "../kernels/hook.ts";
import type { Dispatch, Ref } from "./dispatch.ts";
import type { Plan } from "./plan.ts";
import { ALIGNMENT } from "../kernels/arguments.ts";

/** A place in a real buffer. */
export interface Location {
  readonly buffer: GPUBuffer;
  readonly offset: number;
}

/** A plan on real buffers: pipelines, bind groups and uniforms made once, encoded as often as wanted. */
export interface BoundPlan {
  /** With `leaves`, those that differ are read there instead. */
  readonly encode: (pass: GPUComputePassEncoder, leaves?: readonly Location[]) => void;
  /** Writes the plan's constants; once, before the first `encode`. */
  readonly encodePrelude: (pass: GPUComputePassEncoder) => void;
  readonly outputs: readonly Location[];
  /** Makes the bind groups now; else the first `encode` does. */
  prepare(): void;
  /** Gives the buffers back to the pool, all but those in `except`. */
  release(except?: ReadonlySet<GPUBuffer>): void;
}

/** Compiles the plan's kernels in parallel. */
export function compile(plan: Plan, device: Device): Promise<Pipeline[]> {
  const dispatches = [...plan.prelude, ...plan.dispatches];
  const compiled = new Map<ShaderSource, Promise<Pipeline>>();
  for (const { source } of dispatches) if (!compiled.has(source)) compiled.set(source, device.pipelines.get(source));
  // a loss ends the wait, whatever the driver does with what it is compiling
  return device.settle(Promise.all(dispatches.map(({ source }) => compiled.get(source)!)), "compile");
}

/** Allocates the plan's memory, writes its uniforms, and binds everything. `leaves` are the stored inputs, by slot. */
export async function bind(
  plan: Plan,
  device: Device,
  pipelines: readonly Pipeline[],
  leaves: readonly Location[],
  constants: readonly number[],
  where: string,
): Promise<BoundPlan> {
  const dispatches = [...plan.prelude, ...plan.dispatches];
  const uniformBytes = layoutUniforms(dispatches);
  const buffers: GPUBuffer[] = [];
  let uniforms = null as GPUBuffer | null;
  const release = (except?: ReadonlySet<GPUBuffer>): void => {
    for (const buffer of buffers.splice(0)) if (!except?.has(buffer)) device.pool.give(buffer);
    uniforms?.destroy();
  };
  await device.allocate(
    where,
    () => {
      const before = device.pool.created;
      for (const bytes of plan.memory.buffers) buffers.push(device.pool.take(bytes, where));
      const size = uniformBytes.total;
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
      if (size) uniforms = device.gpu.createBuffer({ label: where, size, usage });
      return device.pool.created > before;
    },
    release,
  );
  // created just now, and large enough: nothing to refuse
  if (uniforms) device.gpu.queue.writeBuffer(uniforms, 0, packUniforms(dispatches, uniformBytes, constants));

  const locateAt = ({ place, offset }: Ref, at: readonly Location[]): Location => {
    if ("leaf" in place) {
      const leaf = at[place.leaf]!;
      return { buffer: leaf.buffer, offset: leaf.offset + offset };
    }
    return { buffer: buffers[plan.memory.indexOf(place)]!, offset };
  };
  const groupOf = (i: number, from: readonly Location[]): GPUBindGroup => {
    const dispatch = dispatches[i]!;
    const entries: GPUBindGroupEntry[] = dispatch.buffers.map(({ binding, ref }) => {
      const { buffer, offset } = locateAt(ref, from);
      return { binding, resource: { buffer, offset, size: Math.ceil(Math.max(4, ref.bytes) / 4) * 4 } };
    });
    const at = uniformBytes.at[i]!;
    if (uniformParams(dispatch))
      entries.push({
        binding: 0,
        resource: { buffer: uniforms!, offset: at.params, size: dispatch.params.byteLength },
      });
    if (dispatch.scalars.length)
      entries.push({ binding: 9, resource: { buffer: uniforms!, offset: at.scalars, size: SCALARS_BYTES } });
    return device.gpu.createBindGroup({ label: dispatch.label, layout: pipelines[i]!.layout, entries });
  };
  let groups: readonly GPUBindGroup[] | undefined;
  const prepare = () => (groups ??= dispatches.map((_, i) => groupOf(i, leaves)));
  const encode = (pass: GPUComputePassEncoder, from: number, to: number, elsewhere?: readonly Location[]) => {
    const bound = prepare();
    for (let i = from; i < to; i++) {
      const { groups: grid, source, params, buffers: used } = dispatches[i]!;
      if (grid[0] === 0) continue; // what has no elements is not computed
      const isRebound =
        elsewhere && used.some(({ ref: { place } }) => "leaf" in place && elsewhere[place.leaf] !== leaves[place.leaf]);
      pass.setPipeline(pipelines[i]!.pipeline);
      pass.setBindGroup(0, isRebound ? groupOf(i, elsewhere) : bound[i]!);
      if (source.immediates) pass.setImmediates(0, params);
      pass.dispatchWorkgroups(grid[0], grid[1], grid[2]);
    }
  };
  const first = plan.prelude.length;
  return {
    encode: (pass, elsewhere) => encode(pass, first, dispatches.length, elsewhere),
    encodePrelude: (pass) => encode(pass, 0, first),
    outputs: plan.outputs.map((o) => locateAt(o.ref, leaves)),
    prepare: () => void prepare(),
    release,
  };
}

/** Bytes of parameters that need a uniform buffer. */
const uniformParams = ({ source, params }: Dispatch): number => (source.immediates ? 0 : params.byteLength);

interface UniformLayout {
  readonly at: readonly { readonly params: number; readonly scalars: number }[];
  readonly total: number;
}

function layoutUniforms(dispatches: readonly Dispatch[]): UniformLayout {
  let total = 0;
  const take = (bytes: number): number => {
    const offset = total;
    total += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    return offset;
  };
  const at = dispatches.map((d) => ({
    params: take(uniformParams(d)),
    scalars: d.scalars.length ? take(SCALARS_BYTES) : 0,
  }));
  return { at, total };
}

function packUniforms(
  dispatches: readonly Dispatch[],
  { at, total }: UniformLayout,
  constants: readonly number[],
): ArrayBuffer {
  const bytes = new ArrayBuffer(total);
  const view = new DataView(bytes);
  for (const [i, { params, scalars, source }] of dispatches.entries()) {
    if (!source.immediates) new Uint8Array(bytes, at[i]!.params, params.byteLength).set(new Uint8Array(params));
    for (const [slot, from] of scalars.entries())
      view.setUint32(at[i]!.scalars + 4 * slot, typeof from === "number" ? constants[from]! : from.offset, true);
  }
  return bytes;
}
