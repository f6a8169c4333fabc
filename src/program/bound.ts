import type { Device } from "../device/device.ts";
import type { Pipeline } from "../device/pipelines.ts";
import { SCALARS_BYTES } from "../kernels/hook.ts";
import type { Dispatch, Ref } from "./dispatch.ts";
import type { Plan } from "./plan.ts";
import { ALIGNMENT } from "./prepare.ts";

/** A place in a real buffer. */
export interface Location {
  readonly buffer: GPUBuffer;
  readonly offset: number;
}

/** A plan on real buffers: pipelines, bind groups and uniforms made once, encoded as often as wanted. */
export interface BoundPlan {
  readonly encode: (pass: GPUComputePassEncoder) => void;
  /** Writes the plan's constants; once, before the first `encode`. */
  readonly encodePrelude: (pass: GPUComputePassEncoder) => void;
  readonly outputs: readonly Location[];
  /** Gives the buffers back to the pool, all but those in `except`. */
  release(except?: ReadonlySet<GPUBuffer>): void;
}

/** Compiles the plan's kernels in parallel. */
export const compile = (plan: Plan, device: Device): Promise<Pipeline[]> =>
  Promise.all([...plan.prelude, ...plan.dispatches].map((d) => device.pipelines.get(d.source)));

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
      for (const bytes of plan.memory.buffers) buffers.push(device.pool.take(bytes, where));
      const size = uniformBytes.total;
      const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
      if (size) uniforms = device.gpu.createBuffer({ label: where, size, usage });
    },
    release,
  );
  if (uniforms) device.gpu.queue.writeBuffer(uniforms, 0, packUniforms(dispatches, uniformBytes, constants));

  const locate = ({ place, offset }: Ref): Location => {
    if ("leaf" in place) {
      const leaf = leaves[place.leaf]!;
      return { buffer: leaf.buffer, offset: leaf.offset + offset };
    }
    return { buffer: buffers[plan.memory.indexOf(place)]!, offset };
  };
  const steps = dispatches.map((dispatch, i) => {
    const entries: GPUBindGroupEntry[] = dispatch.buffers.map(({ binding, ref }) => {
      const { buffer, offset } = locate(ref);
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
    const { pipeline, layout } = pipelines[i]!;
    return {
      pipeline,
      group: device.gpu.createBindGroup({ label: dispatch.label, layout, entries }),
      groups: dispatch.groups,
      immediates: dispatch.source.immediates ? dispatch.params : null,
    };
  });
  const encodeAll = (pass: GPUComputePassEncoder, list: typeof steps) => {
    for (const { pipeline, group, groups, immediates } of list) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      if (immediates) pass.setImmediates(0, immediates);
      pass.dispatchWorkgroups(groups[0], groups[1], groups[2]);
    }
  };
  const [first, replayed] = [steps.slice(0, plan.prelude.length), steps.slice(plan.prelude.length)];
  return {
    encode: (pass) => encodeAll(pass, replayed),
    encodePrelude: (pass) => encodeAll(pass, first),
    outputs: plan.outputs.map((o) => locate(o.ref)),
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
    for (const [slot, constant] of scalars.entries())
      view.setUint32(at[i]!.scalars + 4 * slot, constants[constant]!, true);
  }
  return bytes;
}
