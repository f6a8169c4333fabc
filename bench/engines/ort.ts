// ONNX Runtime Web on its WebGPU execution provider: each workload is a graph, captured once and replayed.
//
// It is for inference: no gradients but that by a convolution's input, no factorisations, no random numbers on the GPU.
// Convolutions get channels last and constant weights, which it lays out once, when the model is loaded.

import { env, InferenceSession, Tensor } from "onnxruntime-web/jspi";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm";
import { version } from "../../node_modules/onnxruntime-web/package.json";
import { LAYERS, padding } from "../cases/mobileNet.ts";
import { reason } from "../harness.ts";
import type { Engine, Input, Inputs, Open, Runner, Task } from "../workload.ts";
import { model, type Constant, type Node } from "./onnx.ts";
import { count, permuted } from "./permuted.ts";

type Shape = readonly number[];

/** A workload as a graph: what is fed to it, the shapes that come out, and how an output becomes the case's. */
interface Plan {
  feeds: Inputs;
  outputs: { readonly [name: string]: Shape };
  constants?: { readonly [name: string]: Constant };
  nodes: readonly Node[];
  restore?(output: Input): Input;
}

const axis = (value: number): Constant => ({ shape: [1], values: BigInt64Array.of(BigInt(value)) });
const filled = (shape: Shape, value: number): Constant => ({
  shape,
  values: new Float32Array(count(shape)).fill(value),
});

/** One operator; its inputs and outputs are the words of a text. */
const node = (op: string, from: string, to: string, whole: Node["whole"] = {}, real: Node["real"] = {}): Node => ({
  op,
  from: from.split(" "),
  to: to.split(" "),
  whole,
  real,
});

const CHANNELS_LAST = [0, 2, 3, 1];
const CHANNELS_FIRST = [0, 3, 1, 2];

/** ONNX knows channels first only: the provider drops these transpositions against its own. */
function convolution(op: string, x: Input, w: Input, y: Shape, settings: Node["whole"]): Plan {
  const [batch, channels, height, width] = y as [number, number, number, number];
  return {
    feeds: { x: permuted(x, CHANNELS_LAST) },
    constants: { w },
    outputs: { y: [batch, height, width, channels] },
    nodes: [
      node("Transpose", "x", "planes", { perm: CHANNELS_FIRST }),
      node(op, "planes w", "result", settings),
      node("Transpose", "result", "y", { perm: CHANNELS_LAST }),
    ],
    restore: (output) => permuted(output, CHANNELS_FIRST),
  };
}

/** What each workload's graph is. All elements are summed by rows first: a sum has one workgroup per result. */
const PLANS: { readonly [workload: string]: (settings: Task["settings"], inputs: Inputs) => Plan } = {
  matmul({ rows, columns, transposeA: transA, transposeB: transB }, feeds) {
    const product =
      transA || transB ? node("Gemm", "a b", "c", { transA: transA!, transB: transB! }) : node("MatMul", "a b", "c");
    return { feeds, outputs: { c: [rows!, columns!] }, nodes: [product] };
  },

  "conv forward"({ batch, out, outputSide: side, stride, padding, groups }, { x, w }) {
    return convolution("Conv", x!, w!, [batch!, out!, side!, side!], {
      strides: [stride!, stride!],
      pads: [padding!, padding!, padding!, padding!],
      group: groups!,
    });
  },

  "conv by input"({ batch, in: channels, side, outputSide, kernel, stride, padding, groups }, { g, w }) {
    const rest = side! - ((outputSide! - 1) * stride! + kernel! - 2 * padding!);
    return convolution("ConvTranspose", g!, w!, [batch!, channels!, side!, side!], {
      strides: [stride!, stride!],
      pads: [padding!, padding!, padding!, padding!],
      output_padding: [rest, rest],
      group: groups!,
    });
  },

  // as an exporter writes it: convolutions with bias, Clip, one average over each map
  mobilenet({ batch }, { x, ...constants }) {
    const layers = LAYERS.flatMap((layer, at) => {
      const [before, after] = padding(layer);
      const { name, weight, stride } = layer;
      return [
        node("Conv", `y${at} ${name}.weight ${name}.bias`, `sums${at}`, {
          strides: [stride, stride],
          pads: [before, before, after, after],
          group: weight[1] === 1 ? weight[0] : 1,
        }),
        node("Clip", `sums${at} zero six`, `y${at + 1}`),
      ];
    });
    return {
      feeds: { x: permuted(x!, CHANNELS_LAST) },
      constants: {
        ...constants,
        zero: filled([], 0),
        six: filled([], 6),
        mean: filled([1], 128 / 255),
        scale: filled([1], 255 / 128),
      },
      outputs: { y: [batch!, LAYERS.at(-1)!.weight[0], 1, 1] },
      nodes: [
        node("Transpose", "x", "planes", { perm: CHANNELS_FIRST }),
        node("Sub", "planes mean", "centred"),
        node("Mul", "centred scale", "y0"),
        ...layers,
        node("GlobalAveragePool", `y${LAYERS.length}`, "y"),
      ],
    };
  },

  map({ rows, columns }, feeds) {
    return {
      feeds,
      outputs: { y: [rows!, columns!] },
      nodes: [
        node("Mul", "x scale", "scaled"),
        node("Add", "scaled shift", "shifted"),
        node("Sigmoid", "shifted", "y"),
      ],
    };
  },

  sum({ rows, columns, axis: along }, feeds) {
    const nodes = {
      [0]: [node("ReduceSum", "x rows", "y", { keepdims: 0 })],
      [1]: [node("ReduceSum", "x columns", "y", { keepdims: 0 })],
      [-1]: [node("ReduceSum", "x columns", "sums", { keepdims: 0 }), node("ReduceSum", "sums rows", "y")],
    }[along!]!;
    const size = along === 0 ? columns! : along === 1 ? rows! : 1;
    return { feeds, constants: { rows: axis(0), columns: axis(1) }, outputs: { y: [size] }, nodes };
  },

  softmax({ rows, columns }, feeds) {
    return { feeds, outputs: { y: [rows!, columns!] }, nodes: [node("Softmax", "x", "y", { axis: 1 })] };
  },

  kl({ rows, columns }, feeds) {
    return {
      feeds,
      constants: { rows: axis(0), columns: axis(1), count: filled([1], rows! * columns!), half: filled([1], 0.5) },
      outputs: { y: [1] },
      nodes: [
        node("Exp", "logVar", "variance"),
        node("Sub", "variance logVar", "differences"),
        node("ReduceSum", "differences columns", "differenceSums", { keepdims: 0 }),
        node("ReduceSumSquare", "mean columns", "squareSums", { keepdims: 0 }),
        node("Add", "differenceSums squareSums", "sums"),
        node("ReduceSum", "sums rows", "total"),
        node("Sub", "total count", "twice"),
        node("Mul", "twice half", "y"),
      ],
    };
  },

  covariance({ n, d }, feeds) {
    return {
      feeds,
      constants: { rows: axis(0) },
      outputs: { y: [d!, d!] },
      nodes: [
        node("ReduceMean", "x rows", "mean"),
        node("Sub", "x mean", "centred"),
        node("Gemm", "centred centred", "y", { transA: 1 }, { alpha: 1 / (n! - 1) }),
      ],
    };
  },

  // log densities are linear in x² and x, so one product gives them, and another one the moments
  em({ n, d, k }, feeds) {
    return {
      feeds,
      constants: {
        columns: axis(1),
        tau: filled([1, 1], 2 * Math.PI),
        minusHalf: filled([1, 1], -0.5),
        n: filled([1, 1], n!),
      },
      outputs: { nextWeights: [k!, 1], nextMeans: [k!, d!], nextVariances: [k!, d!] },
      nodes: [
        node("Mul", "x x", "squares"),
        node("Concat", "squares x", "features", { axis: 1 }),
        node("Reciprocal", "variances", "precisions"),
        node("Mul", "precisions minusHalf", "quadratic"),
        node("Mul", "means precisions", "linear"),
        node("Concat", "quadratic linear", "factors", { axis: 1 }),
        node("Mul", "means linear", "distances"),
        node("Mul", "variances tau", "volumes"),
        node("Log", "volumes", "logVolumes"),
        node("Add", "distances logVolumes", "terms"),
        node("ReduceSum", "terms columns", "norms", { keepdims: 0 }),
        node("Mul", "norms minusHalf", "logNorms"),
        node("Log", "weights", "logWeights"),
        node("Add", "logNorms logWeights", "offsets"),
        node("Gemm", "features factors offsets", "logs", { transB: 1 }),
        node("Softmax", "logs", "responsibilities", { axis: 1 }),
        node("Transpose", "responsibilities", "members", { perm: [1, 0] }),
        node("ReduceSum", "members columns", "totals"),
        node("MatMul", "members features", "sums"),
        node("Div", "sums totals", "moments"),
        node("Split", "moments", "second nextMeans", { axis: 1, num_outputs: 2 }),
        node("Mul", "nextMeans nextMeans", "squaredMeans"),
        node("Sub", "second squaredMeans", "nextVariances"),
        node("Div", "totals n", "nextWeights"),
      ],
    };
  },
};

const SESSION = {
  // error scopes around every run would wait for the GPU; the device's own event tells of errors
  executionProviders: [{ name: "webgpu", preferredLayout: "NHWC", validationMode: "disabled" }],
  enableGraphCapture: true,
  preferredOutputLocation: "gpu-buffer",
  logSeverityLevel: 3,
  extra: { session: { disable_cpu_ep_fallback: "1" } },
} as const satisfies InferenceSession.SessionOptions;

/** A tensor over a buffer of ours; its size is a multiple of 16 bytes, as those of the runtime's own are. */
function resident(device: GPUDevice, { shape, values }: Input) {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = device.createBuffer({ size: Math.ceil(values.length / 4) * 16, usage });
  device.queue.writeBuffer(buffer, 0, values);
  return Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims: shape });
}

const mapped = <A, B>(entries: { readonly [name: string]: A }, change: (value: A) => B): { [name: string]: B } =>
  Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, change(value)]));

async function runner(device: GPUDevice, plan: Plan, failure: () => string | undefined): Promise<Runner> {
  const { feeds, outputs, constants, nodes, restore = (output) => output } = plan;
  const bytes = model({ inputs: mapped(feeds, ({ shape }) => shape), outputs, constants, nodes });
  const session = await InferenceSession.create(bytes, SESSION);
  const tensors = mapped(feeds, (input) => resident(device, input));
  // the first run captures, so that what is checked is what is timed: a replay. Its outputs stay where they are; given
  // buffers of ours as outputs, a replay looks for handles that the first run has released (1.30.0).
  let latest = await session.run(tensors);
  const release = () => {
    for (const output of Object.values(latest)) output.dispose();
    latest = {};
  };
  return {
    name: "ort",
    async step() {
      release();
      latest = await session.run(tensors);
    },
    async finish() {
      await device.queue.onSubmittedWorkDone();
      const message = failure();
      if (message) throw new Error(`ort: ${message}`);
    },
    async outputs() {
      const results: Float32Array[] = [];
      for (const [name, shape] of Object.entries(outputs)) {
        const values = (await latest[name]!.getData()) as Float32Array<ArrayBuffer>;
        results.push(restore({ shape, values }).values);
      }
      return results;
    },
    dispose() {
      release();
      void session.release();
      for (const { gpuBuffer } of Object.values(tensors)) gpuBuffer.destroy();
    },
  };
}

/** The runtime opens its device with its first session, which stays open so that the device does. */
export const open: Open = async (): Promise<Engine> => {
  env.wasm.numThreads = 1;
  env.wasm.wasmPaths = { wasm: new URL(wasm, import.meta.url).href };
  env.logLevel = "error";
  const negation = model({ inputs: { x: [4] }, outputs: { y: [4] }, nodes: [{ op: "Neg", from: ["x"], to: ["y"] }] });
  const first = await InferenceSession.create(negation, SESSION).catch((error: unknown) => {
    throw new Error(`ort: ONNX Runtime Web found no WebGPU: ${reason(error)}`);
  });
  const device = await env.webgpu.device;
  let [failure, lost]: (string | undefined)[] = [];
  device.addEventListener("uncapturederror", ({ error }) => (failure ??= error.message));
  void device.lost.then(({ message }) => (lost = `the device was lost: ${message}`));
  return {
    name: "ort",
    version: `${version} (JSPI build)`,
    async prepare({ workload, settings, inputs }: Task): Promise<Runner | null> {
      failure = undefined; // another case's error is not this one's
      const plan = PLANS[workload]?.(settings, inputs);
      return plan ? runner(device, plan, () => lost ?? failure) : null;
    },
    dispose: () => void first.release(),
  };
};
