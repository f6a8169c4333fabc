// device — the package webgpu for tests of mutants: engines share one device, and pipelines stay, so that only what a mutant changes is
// compiled again. `usedKernels` says which a test ran.
import { create as createInstance, globals } from "webgpu";

const instance = createInstance([]);
const devices = new Map();
const texts = new WeakMap();
let used = new Map();

/** The kernels that passes have bound since the last call: name of file and entry point → texts. */
export function usedKernels() {
  const found = used;
  used = new Map();
  return found;
}

/** The results of `make` by the text of its argument; `idOf` takes the place of objects there. */
function remembered(make, idOf = (value) => value) {
  const known = new Map();
  return (descriptor) => {
    const key = JSON.stringify(descriptor, (_, value) => idOf(value));
    if (!known.has(key)) known.set(key, make(descriptor));
    return known.get(key);
  };
}

function shared(device) {
  const ids = new Map();
  const idOf = (value) => ids.get(value) ?? value;
  const counted = (made) => (ids.has(made) || ids.set(made, `#${ids.size}`), made);
  const maker = (name) => {
    const make = remembered(device[name].bind(device), idOf);
    return (descriptor) => counted(make(descriptor));
  };
  const compile = device.createComputePipelineAsync.bind(device);
  const codes = new WeakMap();
  const modules = maker("createShaderModule");
  const pipelines = remembered(async (descriptor) => {
    const pipeline = await compile(descriptor);
    texts.set(pipeline, [descriptor.label ?? "", codes.get(descriptor.compute.module)]);
    return pipeline;
  }, idOf);
  const own = {
    createShaderModule: (descriptor) => {
      const made = modules(descriptor);
      codes.set(made, descriptor.code);
      return made;
    },
    createBindGroupLayout: maker("createBindGroupLayout"),
    createPipelineLayout: maker("createPipelineLayout"),
    createComputePipelineAsync: pipelines,
    destroy() {},
  };
  for (const [name, value] of Object.entries(own))
    Object.defineProperty(device, name, { value, configurable: true, writable: true });
  return device;
}

const { setPipeline } = globals.GPUComputePassEncoder.prototype;
globals.GPUComputePassEncoder.prototype.setPipeline = function (pipeline) {
  const [label, code] = texts.get(pipeline) ?? [];
  if (label !== undefined) {
    if (!used.has(label)) used.set(label, new Set());
    used.get(label).add(code);
  }
  return setPipeline.call(this, pipeline);
};

/** An instance whose adapters give the same device for the same demands. */
export function create() {
  return {
    async requestAdapter(options) {
      const adapter = await instance.requestAdapter(options);
      if (!adapter) return adapter;
      const ask = adapter.requestDevice.bind(adapter);
      Object.defineProperty(adapter, "requestDevice", {
        value: (descriptor = {}) => {
          const { label: _, ...demands } = descriptor;
          const key = JSON.stringify(demands);
          if (!devices.has(key)) devices.set(key, ask(descriptor).then(shared));
          return devices.get(key);
        },
      });
      return adapter;
    },
  };
}

export { globals };
