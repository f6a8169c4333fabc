// VAEs' training steps in jax-js: value, gradient and Adam under one jit, all state on the GPU.

import { blockUntilReady, getWebGPUDevice, jit, lax, nn, numpy as np, random, tree, valueAndGrad } from "@jax-js/jax";
import type { Input, Runner, Task } from "../../workload.ts";

// every function of jax-js consumes the arrays it is given; `.ref` keeps one

type Weights = { [parameter: string]: np.Array };
/** Adam's moments, and β₁ᵗ, β₂ᵗ and t as scalars on the GPU. */
type State = { weights: Weights; first: Weights; second: Weights; power1: np.Array; power2: np.Array; count: np.Array };

/** Images [batch, channels, height, width] to [mean | logVar], and codes to logits. */
interface Network {
  encode(weights: Weights, images: np.Array): np.Array;
  decode(weights: Weights, z: np.Array): np.Array;
}

function linear(x: np.Array, weights: Weights, name: string): np.Array {
  return np.matmul(x, weights[`${name}.weight`]!).add(weights[`${name}.bias`]!);
}

/** y [batch, channels, …] plus one number per channel. */
function biased(y: np.Array, bias: np.Array): np.Array {
  return y.add(bias.reshape([-1, 1, 1]));
}

/** Padding of both axes. */
const squarely = (before: number, after: number) => Array.from({ length: 2 }, (): [number, number] => [before, after]);

function down(x: np.Array, weights: Weights, name: string): np.Array {
  const y = lax.conv(x, weights[`${name}.weight`]!, [2, 2], squarely(1, 1));
  return biased(y, weights[`${name}.bias`]!);
}

/** Output padding is what the second side lacks of padding. */
function up(x: np.Array, weights: Weights, name: string): np.Array {
  const weight = weights[`${name}.weight`]!;
  const y = lax.convTranspose(x, weight, [2, 2], squarely(1, 0), { transposeKernel: true });
  return biased(y, weights[`${name}.bias`]!);
}

const flat = (x: np.Array) => x.reshape([x.shape[0]!, -1]);

const networks: { readonly [workload: string]: Network } = {
  "vae step": {
    encode: (weights, images) => linear(nn.relu(linear(flat(images), weights, "encode")), weights, "heads"),
    decode: (weights, z) => linear(nn.relu(linear(z, weights, "decode")), weights, "output"),
  },
  "conv vae step": {
    encode(weights, images) {
      const y = nn.relu(down(nn.relu(down(images, weights, "encoder.0")), weights, "encoder.1"));
      return linear(flat(y), weights, "heads");
    },
    decode(weights, z) {
      const start = nn.relu(linear(z, weights, "start"));
      const channels = weights["decoder.0.weight"]!.shape[0]!;
      const side = Math.sqrt(start.shape[1]! / channels);
      const y = nn.relu(up(start.reshape([-1, channels, side, side]), weights, "decoder.0"));
      return up(y, weights, "decoder.1");
    },
  },
};

const array = ({ values, shape }: Input) => np.array(values).reshape([...shape]);

/** Weights of linear layers as [inputs, outputs]: a step with PyTorch's [outputs, inputs] took a fifth longer. */
const parameter = (input: Input) => (input.shape.length === 2 ? np.transpose(array(input)) : array(input));

/** Nats per image. */
function loss(network: Network, weights: Weights, x: np.Array, noise: np.Array): np.Array {
  const batch = x.shape[0]!;
  const code = network.encode(weights, x.ref);
  const [mean, logVar] = np.split(code, 2, 1) as [np.Array, np.Array];
  const z = mean.ref.add(noise.mul(np.exp(logVar.ref.mul(0.5))));
  const logits = flat(network.decode(weights, z));
  // softplus(l) − x·l, finite for any l; log(1 + e) loses 6e-8 of it and is 40 ms faster than np.log1p on a software adapter
  const softplus = np.maximum(logits.ref, 0).add(np.log(np.exp(np.abs(logits.ref).mul(-1)).add(1)));
  // by images first: jax-js gives a single sum 16 threads
  const bernoulli = softplus.sub(flat(x).mul(logits)).sum(1);
  const kl = np.square(mean).add(np.exp(logVar.ref)).sub(1).sub(logVar).sum(1).mul(0.5);
  return bernoulli.add(kl).sum().div(batch);
}

function adam(state: State, d: Weights, { rate, beta1, beta2, epsilon }: Record<string, number>): State {
  const power1 = state.power1.mul(beta1!);
  const power2 = state.power2.mul(beta2!);
  const first = tree.map(
    (m: np.Array, g: np.Array) => m.mul(beta1!).add(g.ref.mul(1 - beta1!)),
    state.first,
    d,
  ) as Weights;
  const second = tree.map(
    (v: np.Array, g: np.Array) => v.mul(beta2!).add(np.square(g).mul(1 - beta2!)),
    state.second,
    d,
  ) as Weights;
  const scale1 = np.reciprocal(power1.ref.mul(-1).add(1)).mul(rate!);
  const scale2 = np.reciprocal(power2.ref.mul(-1).add(1));
  const weights = tree.map(
    (w: np.Array, m: np.Array, v: np.Array) =>
      w.sub(m.ref.mul(scale1.ref).div(np.sqrt(v.ref.mul(scale2.ref)).add(epsilon!))),
    state.weights,
    first,
    second,
  ) as Weights;
  scale1.dispose();
  scale2.dispose();
  return { weights, first, second, power1, power2, count: state.count.add(1) };
}

export async function prepareTraining({ workload, settings, inputs }: Task): Promise<Runner | null> {
  const network = networks[workload];
  if (!network) return null;
  const { batch, latent } = settings as { batch: number; latent: number };
  const images = array(inputs.images!);
  const noise = inputs.noise && array(inputs.noise);
  const weights: Weights = {};
  for (const [name, input] of Object.entries(inputs))
    if (/\.(weight|bias)$/.test(name)) weights[name] = parameter(input);
  const zeros = () => tree.map((w: np.Array) => np.zeros(w.shape), weights) as Weights;
  let state: State = {
    weights,
    first: zeros(),
    second: zeros(),
    power1: np.array(1),
    power2: np.array(1),
    count: np.array(1, { dtype: np.uint32 }),
  };

  const train = (before: State, x: np.Array, fixed?: np.Array): [State, np.Array] => {
    const drawn = fixed ?? random.normal(random.key(before.count.ref), [batch, latent]);
    const lossOf = (w: Weights, images: np.Array, noise: np.Array) => loss(network, w, images, noise);
    const [value, d] = valueAndGrad(lossOf)(tree.ref(before.weights), x, drawn);
    return [adam(before, d as Weights, settings), value];
  };
  const free = jit((before: State, x: np.Array) => train(before, x));
  const given = jit((before: State, x: np.Array, noise: np.Array) => train(before, x, noise));
  let latest: np.Array | undefined;

  return {
    name: "jax-js",
    step() {
      latest?.dispose();
      [state, latest] = noise ? given(state, images.ref, noise.ref) : free(state, images.ref);
      // jax-js submits nothing until somebody reads: without this a block would pile up until its end
      latest.ref.gpuBufferSync();
    },
    async finish() {
      await blockUntilReady([state, latest]);
      await getWebGPUDevice().queue.onSubmittedWorkDone();
    },
    outputs: async () => [(await latest!.ref.data()) as Float32Array],
    dispose() {
      tree.dispose(state);
      latest?.dispose();
      images.dispose();
      noise?.dispose();
      free.dispose();
      given.dispose();
    },
  };
}
