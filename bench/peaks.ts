// The device's measured peaks: a kernel of fused multiply-adds and nothing else, and one that copies.

import { reason, type Contestant } from "./harness.ts";
import copyCode from "./copy.wgsl";
import fmaCode from "./peak.wgsl";

const INVOCATION_FLOPS = 64 * 8 * 8 * 4 * 2; // TRIPS · 8 · 8 vec4 · 4 lanes · (multiply, add), as in peak.wgsl
const WORKGROUP = 64; // of both kernels

/** A contestant whose step does a known amount of one thing. */
export interface Peak extends Contestant {
  name: "fma" | "copy";
  /** Floating-point operations, or bytes read and written, of one step. */
  amount: number;
}

export interface Peaks {
  all: readonly Peak[];
  dispose(): void;
}

/** Opens a device of its own. A dispatch fills a software adapter for some 10 ms, a real GPU for about one. */
export async function openPeaks(adapter: GPUAdapter, software: boolean): Promise<Peaks> {
  const device = await adapter.requestDevice();
  let failure: string | undefined;
  device.onuncapturederror = ({ error }) => (failure ??= error.message);
  void device.lost.then(({ message }) => (failure ??= `device lost: ${message}`));

  async function peak(
    name: Peak["name"],
    code: string,
    amount: number,
    groups: number,
    bytes: number[],
  ): Promise<Peak> {
    const module = device.createShaderModule({ code, label: name });
    const pipeline = await device
      .createComputePipelineAsync({ layout: "auto", compute: { module }, label: name })
      .catch((error: unknown) => Promise.reject(new Error(`${name}: ${reason(error)}`)));
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    const buffers = bytes.map((size) => device.createBuffer({ size, usage }));
    device.queue.writeBuffer(buffers[0]!, 0, new Float32Array([0.001]));
    const bindGroup = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
    return {
      name,
      amount,
      step() {
        const encoder = device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(groups);
        pass.end();
        device.queue.submit([encoder.finish()]);
      },
      async finish() {
        await device.queue.onSubmittedWorkDone();
        if (failure) throw new Error(`${name}: ${failure}`);
      },
    };
  }

  const invocations = WORKGROUP * (software ? 64 : 8192);
  const copied = (software ? 16 : 64) * 2 ** 20;
  const all = [
    await peak("fma", fmaCode, invocations * INVOCATION_FLOPS, invocations / WORKGROUP, [4, 4 * invocations]),
    await peak("copy", copyCode, 2 * copied, copied / 16 / 4 / WORKGROUP, [copied, copied]),
  ];
  return { all, dispose: () => device.destroy() };
}
