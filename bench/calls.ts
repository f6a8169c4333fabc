// What one step asks of WebGPU: dispatches and submits, and how much it creates while it should only replay.

type Method = (this: object, ...parameters: unknown[]) => unknown;

const counted = (): [string, object, string][] => [
  ["dispatches", GPUComputePassEncoder.prototype, "dispatchWorkgroups"],
  ["submits", GPUQueue.prototype, "submit"],
  ["uploads", GPUQueue.prototype, "writeBuffer"],
  ["buffers", GPUDevice.prototype, "createBuffer"],
  ["bind groups", GPUDevice.prototype, "createBindGroup"],
  ["pipelines", GPUDevice.prototype, "createComputePipeline"],
  ["pipelines", GPUDevice.prototype, "createComputePipelineAsync"],
];

/** Calls that `work` makes, by name. Counts all devices of the page, so let only one engine work meanwhile. */
export async function calls(work: () => Promise<void>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const restore: (() => void)[] = [];
  for (const [name, prototype, method] of counted()) {
    counts[name] ??= 0;
    const methods = prototype as Record<string, Method>;
    const original = methods[method]!;
    methods[method] = function (...parameters) {
      counts[name]! += 1;
      return original.apply(this, parameters);
    };
    restore.push(() => void (methods[method] = original));
  }
  try {
    await work();
  } finally {
    for (const undo of restore) undo();
  }
  return counts;
}
