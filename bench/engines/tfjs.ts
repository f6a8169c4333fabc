// TensorFlow.js on its WebGPU backend: operations inside tidy, inputs resident, channels last.

import "@tensorflow/tfjs-backend-webgpu";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import * as tf from "@tensorflow/tfjs-core";
import { version } from "../../node_modules/@tensorflow/tfjs-backend-webgpu/package.json";
import { isDepthwise as hasOwnKernels, LAYERS } from "../cases/mobileNet.ts";
import type { Engine, Inputs, Runner, Task } from "../workload.ts";
import { prepareTraining } from "./training/tfjs.ts";

type Tensors = { readonly [name: string]: tf.Tensor };
type Settings = Task["settings"];
type Shape4 = [number, number, number, number];

const isDepthwise = ({ groups, in: channels, out }: Settings) => groups === channels && groups === out;

/** Whether TensorFlow.js has the convolution: its groups are all the channels or one. */
const hasGroups = (settings: Settings) => settings.groups === 1 || isDepthwise(settings);

/** Axes of the case's tensors as TensorFlow.js orders them: images last by channel, weights [height, width, in, out]. */
const axesOf = (settings: Settings): { readonly [name: string]: number[] } => ({
  x: [0, 2, 3, 1],
  g: [0, 2, 3, 1],
  w: isDepthwise(settings) ? [2, 3, 0, 1] : [2, 3, 1, 0],
});

/** The way back of a convolution's result; undefined where the result is as the case has it. */
const restoring = (workload: string, settings: Settings): number[] | undefined =>
  ({
    "conv forward": [0, 3, 1, 2],
    "conv by input": [0, 3, 1, 2],
    "conv by weight": isDepthwise(settings) ? [2, 3, 0, 1] : [3, 2, 0, 1],
  })[workload];

/** A gradient by the kernel that TensorFlow.js's own gradients run. */
function gradient(kernel: string, inputs: Tensors, settings: Settings, shape: { [name: string]: Shape4 }): tf.Tensor {
  const { stride, padding } = settings;
  const attributes = { strides: stride!, dilations: 1, pad: padding!, dataFormat: "NHWC", ...shape };
  return tf.engine().runKernel(kernel, inputs, attributes);
}

/** What each workload computes from the inputs of its case. */
const operations: { readonly [workload: string]: (inputs: Tensors, settings: Settings) => tf.Tensor | tf.Tensor[] } = {
  matmul: ({ a, b }, { transposeA, transposeB }) => tf.matMul(a!, b!, transposeA === 1, transposeB === 1),
  "conv forward"({ x, w }, settings) {
    const { stride, padding } = settings;
    const convolve = isDepthwise(settings) ? tf.depthwiseConv2d : tf.conv2d;
    return convolve(x as tf.Tensor4D, w as tf.Tensor4D, stride!, padding!);
  },
  "conv by input"({ g, w }, settings) {
    const { batch, side, in: channels } = settings;
    const kernel = isDepthwise(settings) ? tf.DepthwiseConv2dNativeBackpropInput : tf.Conv2DBackpropInput;
    return gradient(kernel, { dy: g!, filter: w! }, settings, { inputShape: [batch!, side!, side!, channels!] });
  },
  "conv by weight"({ x, g }, settings) {
    const { in: channels, out, kernel: side } = settings;
    const kernel = isDepthwise(settings) ? tf.DepthwiseConv2dNativeBackpropFilter : tf.Conv2DBackpropFilter;
    const filters = isDepthwise(settings) ? 1 : out!;
    return gradient(kernel, { x: x!, dy: g! }, settings, { filterShape: [side!, side!, channels!, filters] });
  },
  map: ({ x, scale, shift }) => tf.sigmoid(tf.add(tf.mul(x!, scale!), shift!)),
  sum: ({ x }, { axis }) => (axis === -1 ? total(x!) : tf.sum(x!, axis)),
  softmax: ({ x }) => tf.softmax(x!),
  // it finds the largest only: those of −x are the smallest
  sort: ({ x }, { columns }) => tf.neg(tf.topk(tf.neg(x!), columns!).values),
  // it draws on the CPU; numbers are of use once they are where the kernels are
  normal(_, { count }) {
    const drawn = tf.randomNormal([count!]);
    backend().uploadToGPU(drawn.dataId);
    return drawn;
  },
  kl({ mean, logVar }) {
    const terms = tf.sub(tf.sub(tf.add(tf.square(mean!), tf.exp(logVar!)), 1), logVar!);
    return tf.mul(total(terms), 0.5);
  },
  covariance({ x }, { n }) {
    // a mean of columns would transpose x first
    const centred = tf.sub(x!, tf.matMul(tf.fill([1, n!], 1 / n!), x!));
    return tf.div(tf.matMul(centred, centred, true), n! - 1);
  },
  // Σ_d (x − m)²/v = x²·(1/v) − 2x·(m/v) + Σ_d m²/v: two products instead of a tensor [n, k, d]
  em({ x, weights, means, variances }, { n }) {
    const squares = tf.square(x!);
    const scaled = tf.div(means!, variances!);
    const offsets = tf.sub(
      tf.log(weights!),
      tf.mul(tf.sum(tf.add(tf.mul(means!, scaled), tf.log(variances!)), 1), 0.5),
    );
    const products = tf.sub(
      tf.matMul(x!, scaled, false, true),
      tf.matMul(squares, tf.div(0.5, variances!), false, true),
    );
    const responsibilities = tf.softmax(tf.add(products, offsets));
    const totals = tf.sum(responsibilities, 0);
    const column = tf.expandDims(totals, 1);
    const nextMeans = tf.div(tf.matMul(responsibilities, x!, true), column);
    const seconds = tf.div(tf.matMul(responsibilities, squares, true), column);
    return [tf.div(totals, n!), nextMeans, tf.sub(seconds, tf.square(nextMeans))];
  },
};

/** Terms that keep the largest workgroup of a sum busy. */
const ROW = 32768;

/** A sum has one workgroup per result: a sum of all elements goes by rows first. */
const total = (x: tf.Tensor) => tf.sum(tf.sum(x.size % ROW === 0 ? tf.reshape(x, [-1, ROW]) : x, 1));

const backend = () => tf.backend() as WebGPUBackend;

/** A runner of `run`, whose results have their axes put in the order of `restore` when they are read. */
function runner(run: () => tf.Tensor | tf.Tensor[], dispose: () => void, restore?: number[]): Runner {
  let latest: tf.Tensor[] = [];
  return {
    name: "tfjs",
    step() {
      tf.dispose(latest);
      latest = tf.tidy(() => [run()].flat());
    },
    async finish() {
      // the backend holds back up to 15 dispatches
      backend().ensureCommandEncoderReady();
      backend().endComputePassEncoder();
      backend().submitQueue();
      await backend().queue.onSubmittedWorkDone();
    },
    async outputs() {
      const read = tf.tidy(() => latest.map((result) => (restore ? tf.transpose(result, restore) : tf.clone(result))));
      const values = (await Promise.all(read.map((result) => result.data()))) as Float32Array[];
      tf.dispose(read);
      return values;
    },
    dispose() {
      tf.dispose(latest);
      dispose();
    },
  };
}

/** Adam keeps its moments itself, and the parameter is a variable. */
function adam({ p, g }: Tensors, { rate, beta1, beta2, epsilon }: Settings): Runner {
  const parameter = tf.variable(p!);
  const optimizer = tf.train.adam(rate, beta1, beta2, epsilon);
  const run = () => {
    optimizer.applyGradients([{ name: parameter.name, tensor: g! }]);
    return tf.clone(parameter);
  };
  return runner(run, () => {
    optimizer.dispose();
    tf.dispose([parameter, p!, g!]);
  });
}

/** Channels last, and the operations that run each of its layers in one kernel. */
function mobileNet(given: Inputs): Runner {
  const inputs: Tensors = Object.fromEntries(
    Object.entries(given).map(([name, { values, shape }]) => {
      const layer = LAYERS.find((one) => name === `${one.name}.weight`);
      const axes = layer && (hasOwnKernels(layer) ? [2, 3, 0, 1] : [2, 3, 1, 0]);
      return [name, uploaded(values, shape, name === "x" ? [0, 2, 3, 1] : axes)];
    }),
  );
  const run = (): tf.Tensor => {
    let y = tf.div(tf.sub(tf.mul(inputs.x!, 255), 128), 128) as tf.Tensor4D;
    for (const layer of LAYERS) {
      const convolve = hasOwnKernels(layer) ? tf.fused.depthwiseConv2d : tf.fused.conv2d;
      y = convolve({
        x: y,
        filter: inputs[`${layer.name}.weight`] as tf.Tensor4D,
        bias: inputs[`${layer.name}.bias`]!,
        strides: layer.stride,
        pad: "same",
        activation: "relu6",
      });
    }
    return tf.mean(y, [1, 2]);
  };
  return runner(run, () => tf.dispose(inputs as tf.NamedTensorMap));
}

/** Values as a tensor on the GPU, with its axes put in the order of `axes`. */
function uploaded(values: Float32Array, shape: readonly number[], axes?: number[]): tf.Tensor {
  return tf.tidy(() => {
    const tensor = tf.tensor(values, [...shape]);
    backend().uploadToGPU(tensor.dataId);
    return axes ? tf.transpose(tensor, axes) : tensor;
  });
}

async function prepare(task: Task): Promise<Runner | null> {
  const { workload, settings } = task;
  if (workload.endsWith(" step")) return prepareTraining(task);
  if (workload === "mobilenet") return mobileNet(task.inputs);
  const operation = operations[workload];
  const restore = restoring(workload, settings);
  if ((!operation && workload !== "adam") || (restore && !hasGroups(settings))) return null;
  const inputs: Tensors = Object.fromEntries(
    Object.entries(task.inputs).map(([name, { values, shape }]) => [
      name,
      uploaded(values, shape, restore && axesOf(settings)[name]),
    ]),
  );
  if (!operation) return adam(inputs, settings);
  return runner(
    () => operation(inputs, settings),
    () => tf.dispose(inputs as tf.NamedTensorMap),
    restore,
  );
}

export async function open(): Promise<Engine> {
  if (!(await tf.setBackend("webgpu"))) throw new Error("TensorFlow.js could not start its WebGPU backend.");
  await tf.ready();
  return { name: "tfjs", version, prepare, dispose: () => tf.removeBackend("webgpu") };
}
