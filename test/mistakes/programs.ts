import type { Anything, Mistake } from "./mistake.ts";

/** Opening, compiling, running, differentiating. */
export const mistakes: readonly Mistake[] = [
  [
    (gpu: Anything, { openGpu }) => openGpu(gpu.device),
    "argument",
    /^openGpu: options are not an object\. .*got GPUDevice/,
  ],
  [(_, { openGpu }) => openGpu({ device: {} }), "argument", /^openGpu: expected device to be a GPUDevice/],
  [(_, { openGpu }) => openGpu({ adapter: 5 }), "argument", /^openGpu: expected adapter to be a GPUAdapter/],
  [
    (gpu: Anything, { openGpu }) => openGpu({ device: gpu.device, signal: {} }),
    "argument",
    /expected signal to be an AbortSignal/,
  ],
  [
    (gpu: Anything, { openGpu }) => openGpu({ device: gpu.device, budgetMs: 0 }),
    "argument",
    /^openGpu: expected budgetMs > 0/,
  ],
  [
    (gpu: Anything) => gpu.compile(async (x: never) => x, gpu.tensor([1])),
    "argument",
    /^compile: .*cannot wait.*async/,
  ],
  [(gpu: Anything) => gpu.compile(() => 3), "argument", /^compile: expected a step that returns a tensor.*got 3/],
  [(gpu: Anything) => gpu.compile(() => [3]), "argument", /^compile: the step may return tensors only/],
  [
    (gpu: Anything) => gpu.compile(gpu.tensor([1])),
    "argument",
    /^compile: expected a function that records a step; got Tensor/,
  ],
  [
    (gpu: Anything) => gpu.compile((x: never) => x, [1, 2]),
    "argument",
    /^compile: expected a tensor; got an array.*gpu\.tensor/,
  ],
  [
    async (gpu: Anything) => (await gpu.compile((x: Anything) => x.mul(2), gpu.tensor([1]))).run(5),
    "argument",
    /^run: expected a tensor; got number 5/,
  ],
  [
    async (gpu: Anything) => (await gpu.compile((x: Anything) => x.mul(2), gpu.tensor([1]))).run(),
    "argument",
    /^run: expected 1 inputs; got 0/,
  ],
  [
    async (gpu: Anything) => (await gpu.compile((x: Anything) => x.mul(2), gpu.tensor([1]))).run([1]),
    "argument",
    /^run: expected a tensor; got an array/,
  ],
  [
    async (gpu: Anything) => (await gpu.compile((x: Anything) => x.mul(2), gpu.tensor([1]))).repeat(0, gpu.tensor([1])),
    "argument",
    /^repeat: expected a whole number of steps > 0; got 0/,
  ],
  [
    async (gpu: Anything) =>
      (await gpu.compile((x: Anything) => x.mul(2), gpu.tensor([1]))).repeat(2, gpu.tensor([1]), { budget: 4 }),
    "argument",
    /^repeat: unknown option.*"budget"/,
  ],
  [
    async (gpu: Anything) =>
      (await gpu.compile((x: Anything) => x.mul(2), gpu.tensor([1]))).encode(gpu.device, gpu.tensor([1])),
    "argument",
    /^encode: expected a GPUComputePassEncoder or a GPUCommandEncoder; got GPUDevice/,
  ],
  [
    (gpu: Anything, { grad, sum }) => {
      const w = gpu.state([1]);
      return grad(sum(w), w);
    },
    "argument",
    /^grad: expected an array of tensors\. Write grad\(loss, \[w\]\)/,
  ],
  [(gpu: Anything, { grad }) => grad(3, [gpu.state([1])]), "argument", /^grad: expected a tensor as loss; got 3/],
  [
    (gpu: Anything, { grad, sum }) => grad(sum(gpu.state([1])), [5]),
    "argument",
    /^grad: expected a tensor; got number 5/,
  ],
  [
    (gpu: Anything, { adam }) => adam(gpu, gpu.state([1])),
    "argument",
    /^adam: expected parameters in a list, or by name; got Tensor/,
  ],
  [
    (gpu: Anything) => gpu.fromBuffer(new Float32Array(4), [4]),
    "argument",
    /^fromBuffer: expected a GPUBuffer; got Float32Array/,
  ],
  [(gpu: Anything) => gpu.tensor([1]).write([2]), "argument", /^write: expected a tensor made by gpu\.state/],
  [(gpu: Anything) => gpu.state([1]).write([1, 2]), "shape", /^write: expected 1 values of f32/],
  [(gpu: Anything) => gpu.tensor([1]).mul(2).location(), "argument", /^location: .*has not been computed yet/],
  [(gpu: Anything) => gpu.full([2], 0.5, { dtype: "i32" }), "argument", /^full: expected whole numbers that fit i32/],
];
