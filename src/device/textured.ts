import { refusalOf } from "./borrowed.ts";
import type { Device, Refusal } from "./device.ts";

/** A kernel that has textures among its bindings. */
export interface TexturedKernel {
  readonly name: string;
  readonly entry: string;
  readonly code: string;
}

/** One dispatch of it: bindings by their names in the text, the bytes of `params`, workgroups. */
export interface TexturedDispatch {
  readonly kernel: TexturedKernel;
  readonly params: ArrayBuffer;
  readonly bind: { readonly [name: string]: GPUBindingResource };
  readonly groups: readonly [number, number, number];
}

const pipelines = new WeakMap<Device, Map<string, GPUComputePipeline>>();

/**
 * The kernel's pipeline, made at its first use on the device. Plans bind buffers alone; these few kernels have a layout that the device
 * derives from the text, and are made without waiting, so that a frame is read and drawn in the task in which it is there.
 */
function pipelineOf(device: Device, { name, entry, code }: TexturedKernel): GPUComputePipeline {
  const cache = pipelines.get(device) ?? new Map<string, GPUComputePipeline>();
  pipelines.set(device, cache);
  let pipeline = cache.get(name);
  if (!pipeline) {
    const module = device.gpu.createShaderModule({ label: name, code });
    pipeline = device.gpu.createComputePipeline({
      label: name,
      layout: "auto",
      compute: { module, entryPoint: entry },
    });
    device.pipelines.created++;
    cache.set(name, pipeline);
  }
  return pipeline;
}

/** Binding numbers by name, as the text of a kernel says them (shaders/generate.mjs holds the rules that make this pattern enough). */
export const bindingsOf = (code: string): { readonly [name: string]: number } =>
  Object.fromEntries(
    Array.from(code.matchAll(/@binding\((\d+)\)var(?:<[^>]*>)?\s*(\w+)/g), ([, binding, name]) => [
      name!,
      Number(binding),
    ]),
  );

/** Submits the dispatch at once; the caller stands in an error scope. `after` records what follows in the same submit. */
export function dispatchTextured(
  device: Device,
  { kernel, params, bind, groups }: TexturedDispatch,
  after?: (encoder: GPUCommandEncoder) => void,
): void {
  const { gpu } = device;
  const label = kernel.name;
  const pipeline = pipelineOf(device, kernel);
  const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
  const uniforms = gpu.createBuffer({ label, size: params.byteLength, usage });
  try {
    gpu.queue.writeBuffer(uniforms, 0, params);
    const bound: { readonly [name: string]: GPUBindingResource } = { ...bind, params: { buffer: uniforms } };
    const entries = Object.entries(bindingsOf(kernel.code)).map(([name, binding]) => ({
      binding,
      resource: bound[name]!,
    }));
    const group = gpu.createBindGroup({ label, layout: pipeline.getBindGroupLayout(0), entries });
    device.send(label, (encoder) => {
      const pass = encoder.beginComputePass({ label });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...groups);
      pass.end();
      after?.(encoder);
    });
  } finally {
    uniforms.destroy();
  }
}

/**
 * The same of a texture, which may be refused for other reasons: those stay as they are. Dawn (Chrome) says that one "is associated with"
 * another device, wgpu (Firefox) that it "of Device … doesn't match".
 */
export const textureRefusal = (where: string, texture: GPUTexture, cause: Refusal): Refusal =>
  cause && /destroyed|associated|device.*match/i.test(cause.message)
    ? refusalOf(where, "texture", texture, cause)
    : cause;
