// Where an engine's time goes: GPU timestamps around every dispatch, whatever engine enqueues it.

/** One dispatch: what its engine calls it, and its milliseconds on the GPU. */
export interface Span {
  label: string;
  ms: number;
}

const CAPACITY = 2048; // timestamps of one query set: half as many dispatches a step
const spans: { device: GPUDevice; label: string }[] = [];
const devices = new WeakMap<GPUCommandEncoder, GPUDevice>();
const queries = new WeakMap<GPUDevice, GPUQuerySet>();
let recording = false;
let isInstalled = false;

/**
 * Hooks into WebGPU's own objects; call it before any engine opens its device. Every device gets timestamp queries where
 * the adapter has them. While recording, each dispatch runs in a pass of its own: sums are a little above a plain step.
 */
export function installProfiler(): void {
  // a hook upon a hook would open two passes for a dispatch
  if (isInstalled) return;
  isInstalled = true;
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = function (this: GPUAdapter, descriptor: GPUDeviceDescriptor = {}) {
    const features = new Set<GPUFeatureName>([...(descriptor.requiredFeatures ?? [])].flat());
    if (this.features.has("timestamp-query")) features.add("timestamp-query");
    return requestDevice.call(this, { ...descriptor, requiredFeatures: [...features] });
  };
  const { createCommandEncoder } = GPUDevice.prototype;
  GPUDevice.prototype.createCommandEncoder = function (this: GPUDevice, descriptor?: GPUCommandEncoderDescriptor) {
    const encoder = createCommandEncoder.call(this, descriptor);
    devices.set(encoder, this);
    return encoder;
  };
  const { beginComputePass } = GPUCommandEncoder.prototype;
  GPUCommandEncoder.prototype.beginComputePass = function (
    this: GPUCommandEncoder,
    descriptor?: GPUComputePassDescriptor,
  ) {
    const device = devices.get(this);
    if (!recording || !device?.features.has("timestamp-query")) return beginComputePass.call(this, descriptor);
    return splitPass((timed) => beginComputePass.call(this, timed), device);
  };
}

/** A stand-in for a pass that opens a timed pass for each dispatch. */
function splitPass(begin: (descriptor: GPUComputePassDescriptor) => GPUComputePassEncoder, device: GPUDevice) {
  const querySet = queries.get(device) ?? device.createQuerySet({ type: "timestamp", count: CAPACITY });
  queries.set(device, querySet);
  let pipeline: GPUComputePipeline | undefined;
  const groups = new Map<number, [GPUBindGroup, Iterable<number>?]>();
  const immediates = new Map<number, GPUAllowSharedBufferSource>();
  const pass = {
    label: "",
    setPipeline: (next: GPUComputePipeline) => void (pipeline = next),
    setBindGroup: (index: number, group: GPUBindGroup, offsets?: Iterable<number>) =>
      void groups.set(index, [group, offsets]),
    setImmediates: (offset: number, data: GPUAllowSharedBufferSource) => void immediates.set(offset, data),
    dispatchWorkgroups(x: number, y = 1, z = 1) {
      const at = 2 * spans.filter((span) => span.device === device).length;
      if (at + 2 > CAPACITY) throw new Error(`profile: more than ${CAPACITY / 2} dispatches in one step.`);
      const timestampWrites = { querySet, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
      const timed = begin({ timestampWrites });
      timed.setPipeline(pipeline!);
      for (const [index, [group, offsets]] of groups) timed.setBindGroup(index, group, offsets ?? []);
      for (const [offset, data] of immediates) timed.setImmediates(offset, data);
      immediates.clear();
      timed.dispatchWorkgroups(x, y, z);
      timed.end();
      const name = groups.get(0)?.[0].label || pipeline!.label || "dispatch";
      spans.push({ device, label: `${name} (${x}×${y}×${z})` });
    },
    pushDebugGroup() {},
    popDebugGroup() {},
    insertDebugMarker() {},
    end() {},
  };
  return pass as unknown as GPUComputePassEncoder;
}

/** Timestamps of `work`, which enqueues one step and waits for it; [] where the device has none. */
export async function profiled(work: () => Promise<void>): Promise<Span[]> {
  spans.length = 0;
  recording = true;
  try {
    await work();
  } finally {
    recording = false;
  }
  const device = spans[0]?.device;
  if (!device) return [];
  const own = spans.filter((span) => span.device === device);
  const size = own.length * 16;
  const resolved = device.createBuffer({ size, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
  const read = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.resolveQuerySet(queries.get(device)!, 0, 2 * own.length, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, read, 0, size);
  device.queue.submit([encoder.finish()]);
  await read.mapAsync(GPUMapMode.READ);
  const times = new BigInt64Array(read.getMappedRange());
  const result = own.map(({ label }, i) => ({ label, ms: Number(times[2 * i + 1]! - times[2 * i]!) / 1e6 }));
  resolved.destroy();
  read.destroy();
  return result;
}

/** The same step profiled several times: the least of each dispatch, which other load on the machine disturbs least. */
export function fastest(runs: readonly Span[][]): Span[] {
  const [first = []] = runs;
  if (runs.some((run) => run.length !== first.length)) return first;
  return first.map(({ label }, i) => ({ label, ms: Math.min(...runs.map((run) => run[i]!.ms)) }));
}
