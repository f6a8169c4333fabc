// VAEs' training steps in latentgpu: one compiled step, replayed, with Adam over one arena.

import {
  adam,
  bernoulliLogLikelihood,
  conv2d,
  convTranspose2d,
  grad,
  type Gpu,
  klHeads,
  linear,
  relu,
  reshape,
  sampleHeads,
  sum,
  type Tensor,
} from "../../../src/index.ts";
import { disposeParameters } from "../../../src/nn/parameters.ts";
import type { Runner, Task } from "../../workload.ts";

interface Layer {
  weight: Tensor;
  bias: Tensor;
}
type Layers = { readonly [name: string]: Layer };

/** Images [batch, channels, height, width] to [mean | logVar], and codes to logits. */
interface Network {
  encode(layers: Layers, images: Tensor): Tensor;
  decode(layers: Layers, z: Tensor): Tensor;
}

const through = (x: Tensor, { weight, bias }: Layer) => linear(x, weight, bias);
const flat = (x: Tensor) => reshape(x, [x.shape[0]!, x.size / x.shape[0]!]);
const window = { stride: 2, padding: 1 };
const down = (x: Tensor, { weight, bias }: Layer) => conv2d(x, weight, { bias, ...window });
const up = (x: Tensor, { weight, bias }: Layer) => convTranspose2d(x, weight, { bias, ...window, outputPadding: 1 });

const networks: { readonly [workload: string]: Network } = {
  "vae step": {
    encode: ({ encode, heads }, images) => through(relu(through(flat(images), encode!)), heads!),
    decode: ({ decode, output }, z) => through(relu(through(z, decode!)), output!),
  },
  "conv vae step": {
    encode: (layers, images) =>
      through(flat(relu(down(relu(down(images, layers["encoder.0"]!)), layers["encoder.1"]!))), layers.heads!),
    decode(layers, z) {
      const start = relu(through(z, layers.start!));
      const channels = layers["decoder.0"]!.weight.shape[0]!;
      const side = Math.sqrt(start.shape[1]! / channels);
      const y = reshape(start, [z.shape[0]!, channels, side, side]);
      return up(relu(up(y, layers["decoder.0"]!)), layers["decoder.1"]!);
    },
  },
};

/** Layers by name, their weights and biases made by `make`. */
function layersOf(inputs: Task["inputs"], make: (input: Task["inputs"][string]) => Tensor): Layers {
  const names = Object.keys(inputs).filter((name) => name.endsWith(".weight"));
  return Object.fromEntries(
    names.map((name) => {
      const layer = name.slice(0, -".weight".length);
      return [layer, { weight: make(inputs[name]!), bias: make(inputs[`${layer}.bias`]!) }];
    }),
  );
}

export async function prepareTraining({ workload, settings, inputs }: Task, gpu: Gpu): Promise<Runner | null> {
  const network = networks[workload];
  if (!network) return null;
  const { batch, rate, beta1, beta2, epsilon } = settings as Record<string, number>;
  const images = gpu.tensor(inputs.images!.values, inputs.images!.shape);
  const noise = inputs.noise && gpu.tensor(inputs.noise.values, inputs.noise.shape);
  const layers = layersOf(inputs, ({ values, shape }) => gpu.state(values, shape));
  const parameters = Object.values(layers).flatMap(({ weight, bias }) => [weight, bias]);
  const optimiser = adam(gpu, parameters, { learningRate: rate!, betas: [beta1!, beta2!], epsilon: epsilon! });

  const step = await gpu.compile(() => {
    const code = network.encode(layers, images);
    const drawn = noise ?? { seed: 1, stream: 0, step: optimiser.step };
    const logits = network.decode(layers, sampleHeads(code, drawn));
    const logLikelihood = bernoulliLogLikelihood(flat(logits), flat(images));
    const loss = sum(klHeads(code).sub(logLikelihood)).div(batch!);
    optimiser.update(grad(loss, parameters));
    return loss;
  });
  let latest: Tensor | undefined;

  return {
    name: "latentgpu",
    async step() {
      latest = await step.run();
    },
    async repeat(steps) {
      latest = await step.repeat(steps);
    },
    finish: () => gpu.idle(),
    outputs: async () => [(await latest!.read()) as Float32Array],
    dispose() {
      step.dispose();
      optimiser.dispose();
      disposeParameters({ images, ...(noise ? { noise } : {}), ...Object.fromEntries(parameters.entries()) });
    },
  };
}
