// The training step in TensorFlow.js on its WebGPU backend: Adam's minimize inside tidy.

import "@tensorflow/tfjs-backend-webgpu";
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import * as tf from "@tensorflow/tfjs-core";
import { version } from "../../node_modules/@tensorflow/tfjs-backend-webgpu/package.json";
import { ADAM, transposed, type Linear, type Problem, type Trainer } from "./problem.ts";

interface Layer {
  weight: tf.Variable<tf.Rank.R2>;
  bias: tf.Variable<tf.Rank.R1>;
}

/** weight: [inputs, outputs]. */
function layer(from: Linear): Layer {
  return {
    weight: tf.variable(tf.tensor2d(transposed(from), [from.inputs, from.outputs])),
    bias: tf.variable(tf.tensor1d(from.bias)),
  };
}

/** The product with bias and activation in one kernel. */
function linear({ weight, bias }: Layer, x: tf.Tensor2D, activation: "linear" | "relu"): tf.Tensor2D {
  return tf.fused.matMul({ a: x, b: weight, bias, activation }) as tf.Tensor2D;
}

export async function prepare(problem: Problem): Promise<Trainer> {
  if (!(await tf.setBackend("webgpu"))) throw new Error("TensorFlow.js could not start its WebGPU backend.");
  await tf.ready();
  const device = (tf.backend() as tf.KernelBackend & { device: GPUDevice }).device;
  const { batch, latent } = problem;
  const x = tf.tensor2d(problem.images, [batch, problem.images.length / batch]);
  const noise = problem.noise && tf.tensor2d(problem.noise, [batch, latent]);
  const { encode, heads, decode, output } = {
    encode: layer(problem.weights.encode),
    heads: layer(problem.weights.heads),
    decode: layer(problem.weights.decode),
    output: layer(problem.weights.output),
  };
  const optimizer = tf.train.adam(ADAM.rate, ADAM.beta1, ADAM.beta2, ADAM.epsilon);

  /** Nats per image. */
  function loss(): tf.Scalar {
    const code = linear(heads, linear(encode, x, "relu"), "linear");
    const [mean, logVar] = tf.split(code, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    const drawn = noise ?? tf.randomNormal<tf.Rank.R2>([batch, latent]);
    const z = tf.add<tf.Tensor2D>(mean, tf.mul(drawn, tf.exp(tf.mul(logVar, 0.5))));
    const logits = linear(output, linear(decode, z, "relu"), "linear");
    // softplus(l) − x·l, finite for any l
    const softplus = tf.add(tf.relu(logits), tf.log1p(tf.exp(tf.neg(tf.abs(logits)))));
    const bernoulli = tf.sum(tf.sub(softplus, tf.mul(x, logits)));
    const kl = tf.mul(tf.sum(tf.sub(tf.sub(tf.add(tf.square(mean), tf.exp(logVar)), 1), logVar)), 0.5);
    return tf.div(tf.add(bernoulli, kl), batch);
  }

  let latest: tf.Scalar | undefined;
  return {
    name: "tfjs",
    version,
    step() {
      latest?.dispose();
      latest = tf.tidy(() => optimizer.minimize(loss, true) ?? undefined);
    },
    async loss() {
      return (await latest!.data())[0]!;
    },
    async finish() {
      // reading the loss flushes the backend's own queue of up to 15 dispatches
      await latest?.data();
      await device.queue.onSubmittedWorkDone();
    },
    dispose() {
      latest?.dispose();
      optimizer.dispose();
      for (const { weight, bias } of [encode, heads, decode, output]) tf.dispose([weight, bias]);
      tf.dispose(noise ? [x, noise] : x);
    },
  };
}
