// The device's measured peak: a contestant that does nothing but fused multiply-adds.

import { reason, type Contestant } from "./harness.ts";
import code from "./peak.wgsl";

const INVOCATION_FLOPS = 64 * 8 * 8 * 4 * 2; // TRIPS · 8 · 8 vec4 · 4 lanes · (multiply, add), as in peak.wgsl

/** The FMA kernel as a contestant; a step is one dispatch of `flops` floating-point operations. */
export interface Peak extends Contestant {
  flops: number;
  dispose(): void;
}

/** Opens a device of its own. A dispatch fills a software adapter for some 10 ms, a real GPU (≥ 1 TFLOP/s) for some ms. */
export async function openPeak(adapter: GPUAdapter, software: boolean): Promise<Peak> {
  const device = await adapter.requestDevice();
  let failure: string | undefined;
  device.onuncapturederror = ({ error }) => (failure ??= error.message);
  void device.lost.then(({ message }) => (failure ??= `device lost: ${message}`));
  const invocations = 64 * (software ? 64 : 8192);
  const flops = invocations * INVOCATION_FLOPS;
  const module = device.createShaderModule({ code, label: "peak" });
  const pipeline = await device
    .createComputePipelineAsync({ layout: "auto", compute: { module }, label: "peak" })
    .catch((error: unknown) => Promise.reject(new Error(`peak: ${reason(error)}`)));
  const seed = device.createBuffer({ size: 8, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
  device.queue.writeBuffer(seed, 0, new Float32Array([0.999, 0.001]));
  const result = device.createBuffer({ size: 4 * invocations, usage: GPUBufferUsage.STORAGE });
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [seed, result].map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  return {
    name: "peak",
    flops,
    step() {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(invocations / 64);
      pass.end();
      device.queue.submit([encoder.finish()]);
    },
    async finish() {
      await device.queue.onSubmittedWorkDone();
      if (failure) throw new Error(`peak: ${failure}`);
    },
    dispose: () => device.destroy(),
  };
}
