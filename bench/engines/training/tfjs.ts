// VAEs' training steps in TensorFlow.js: Adam's minimize inside tidy, images as NHWC.

import "@tensorflow/tfjs-core/dist/register_all_gradients";
import * as tf from "@tensorflow/tfjs-core";
import type { Input, Runner, Task } from "../../workload.ts";

type Variables = { readonly [parameter: string]: tf.Variable };

/** Images [batch, height, width, channels] to [mean | logVar], and codes to logits. */
interface Network {
  encode(variables: Variables, images: tf.Tensor4D): tf.Tensor2D;
  decode(variables: Variables, z: tf.Tensor2D): tf.Tensor;
}

interface Options {
  /**
   * With ReLU, which takes the fused op apart under a gradient: right for a first layer only, since the gradient of the whole op always
   * includes the one by x, here the images.
   */
  first?: boolean;
  /** The weight is [outputs, inputs]. */
  transposeB?: boolean;
}

function linear(x: tf.Tensor2D, variables: Variables, name: string, { first, transposeB }: Options = {}): tf.Tensor2D {
  const [b, bias] = [variables[`${name}.weight`] as tf.Tensor2D, variables[`${name}.bias`]!];
  return tf.fused.matMul({ a: x, b, bias, transposeB, activation: first ? "relu" : "linear" }) as tf.Tensor2D;
}

function down(x: tf.Tensor4D, variables: Variables, name: string, { first }: Options = {}): tf.Tensor4D {
  const [filter, bias] = [variables[`${name}.weight`] as tf.Tensor4D, variables[`${name}.bias`]!];
  return tf.fused.conv2d({ x, filter, strides: 2, pad: 1, bias, activation: first ? "relu" : "linear" });
}

function up(x: tf.Tensor4D, variables: Variables, name: string): tf.Tensor4D {
  const filter = variables[`${name}.weight`] as tf.Tensor4D;
  const [batch, height, width] = x.shape;
  const shape: [number, number, number, number] = [batch, 2 * height, 2 * width, filter.shape[2]];
  return tf.add(tf.conv2dTranspose(x, filter, shape, 2, 1), variables[`${name}.bias`]!);
}

const flat = (x: tf.Tensor) => tf.reshape<tf.Rank.R2>(x, [x.shape[0]!, x.size / x.shape[0]!]);

const networks: { readonly [workload: string]: Network } = {
  "vae step": {
    encode: (variables, images) =>
      linear(linear(flat(images), variables, "encode", { first: true }), variables, "heads"),
    decode: (variables, z) => linear(tf.relu(linear(z, variables, "decode")), variables, "output"),
  },
  "conv vae step": {
    encode(variables, images) {
      const y = tf.relu(down(down(images, variables, "encoder.0", { first: true }), variables, "encoder.1"));
      return linear(flat(y), variables, "heads");
    },
    decode(variables, z) {
      const start = tf.relu(linear(z, variables, "start", { transposeB: true }));
      const channels = variables["decoder.0.weight"]!.shape[3]!;
      const side = Math.sqrt(start.shape[1] / channels);
      const images = tf.reshape<tf.Rank.R4>(start, [-1, side, side, channels]);
      return up(tf.relu(up(images, variables, "decoder.0")), variables, "decoder.1");
    },
  },
};

/** Values with axes first split by `shape`, then ordered by `axes`, in the shape `to`. */
function permuted({ values }: Input, shape: number[], axes: number[], to: number[]): tf.Tensor {
  return tf.reshape(tf.transpose(tf.tensor(values, shape), axes), to);
}

/**
 * A parameter as TensorFlow has it: [inputs, outputs], and kernels [height, width, in, out] (transposed ones: out, in). Channels come
 * last in the features, PyTorch's [channels, side, side], between convolutions and linear layers.
 */
function parameter(name: string, input: Input, [channels, side]: readonly [number, number]): tf.Tensor {
  const { shape } = input;
  const [outputs, inputs] = shape as [number, number];
  if (shape.length === 4) return permuted(input, [...shape], [2, 3, 1, 0], [shape[2]!, shape[3]!, inputs, outputs]);
  if (channels > 1 && name === "heads.weight")
    return permuted(input, [outputs, channels, side, side], [2, 3, 1, 0], [inputs, outputs]);
  // [outputs, inputs], so that no gradient needs g·wᵀ over 3136 elements: tfjs 4.22 splits such sums, and then reads rows of wᵀ wrongly
  if (name === "start.weight") return permuted(input, [channels, side, side, inputs], [1, 2, 0, 3], [outputs, inputs]);
  if (name === "start.bias") return permuted(input, [channels, side, side], [1, 2, 0], [outputs]);
  return shape.length === 2 ? permuted(input, [...shape], [1, 0], [inputs, outputs]) : tf.tensor(input.values);
}

export async function prepareTraining({ workload, settings, inputs }: Task): Promise<Runner | null> {
  const network = networks[workload];
  if (!network) return null;
  const { device } = tf.backend() as tf.KernelBackend & { device: GPUDevice };
  const { batch, latent, rate, beta1, beta2, epsilon } = settings as { [name: string]: number } & {
    batch: number;
    latent: number;
  };
  const channels = inputs["decoder.0.weight"]?.shape[0] ?? 1;
  const side = Math.sqrt((inputs["start.bias"]?.shape[0] ?? 1) / channels);
  const names = Object.keys(inputs).filter((name) => /\.(weight|bias)$/.test(name));
  const variables: Variables = Object.fromEntries(
    names.map((name) => [name, tf.tidy(() => tf.variable(parameter(name, inputs[name]!, [channels, side])))]),
  );
  const x = tf.tidy(() => {
    const { shape, values } = inputs.images!;
    return tf.transpose(tf.tensor4d(values, shape as [number, number, number, number]), [0, 2, 3, 1]);
  });
  const noise = inputs.noise && tf.tensor2d(inputs.noise.values, [batch, latent]);
  const optimizer = tf.train.adam(rate, beta1, beta2, epsilon);

  /** Nats per image. */
  function loss(): tf.Scalar {
    const code = network!.encode(variables, x);
    const [mean, logVar] = tf.split(code, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    const drawn = noise ?? tf.randomNormal<tf.Rank.R2>([batch, latent]);
    const z = tf.add<tf.Tensor2D>(mean, tf.mul(drawn, tf.exp(tf.mul(logVar, 0.5))));
    const logits = network!.decode(variables, z);
    const bernoulli = tf.sum(tf.sub(tf.softplus(logits), tf.mul(tf.reshape(x, logits.shape), logits)));
    const kl = tf.mul(tf.sum(tf.sub(tf.sub(tf.add(tf.square(mean), tf.exp(logVar)), 1), logVar)), 0.5);
    return tf.div(tf.add(bernoulli, kl), batch);
  }

  let latest: tf.Scalar | undefined;
  return {
    name: "tfjs",
    step() {
      latest?.dispose();
      latest = tf.tidy(() => optimizer.minimize(loss, true, Object.values(variables)) ?? undefined);
    },
    async finish() {
      // reading the loss flushes the backend's own queue of up to 15 dispatches
      await latest?.data();
      await device.queue.onSubmittedWorkDone();
    },
    outputs: async () => [(await latest!.data()) as Float32Array],
    dispose() {
      latest?.dispose();
      optimizer.dispose();
      tf.dispose(variables);
      tf.dispose(noise ? [x, noise] : x);
    },
  };
}
