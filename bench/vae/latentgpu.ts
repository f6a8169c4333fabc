// The training step in latentgpu: one compiled step, replayed, with Adam over one arena.

import { version } from "../../package.json";
import { bernoulliLogLikelihood, grad, kl, linear, openGpu, random } from "../../src/index.ts";
import { relu, reparameterise, slice, sum, type Tensor } from "../../src/index.ts";
import { adam } from "../../src/nn/optimiser.ts";
import { ADAM, type Problem, type Trainer } from "./problem.ts";

export async function prepare(problem: Problem): Promise<Trainer> {
  const gpu = await openGpu();
  const { batch, latent, seed } = problem;
  const layers = Object.values(problem.weights);
  const images = gpu.tensor(problem.images, [batch, problem.images.length / batch]);
  const noise = problem.noise && gpu.tensor(problem.noise, [batch, latent]);
  const states = layers.map(({ weight, bias, outputs, inputs }) => ({
    weight: gpu.state(weight, [outputs, inputs]),
    bias: gpu.state(bias, [outputs]),
  }));
  const parameters = states.flatMap(({ weight, bias }) => [weight, bias]);
  const { rate, beta1, beta2, epsilon } = ADAM;
  const optimiser = adam(gpu, parameters, { learningRate: rate, betas: [beta1, beta2], epsilon });

  const step = await gpu.compile(() => {
    const layer = (index: number, x: Tensor) => linear(x, states[index]!.weight, states[index]!.bias);
    const code = layer(1, relu(layer(0, images)));
    const [mean, logVar] = [slice(code, 1, 0, latent), slice(code, 1, latent, 2 * latent)];
    const z = reparameterise(
      mean,
      logVar,
      noise ?? random.normal(gpu, [batch, latent], { seed, step: optimiser.step }),
    );
    const logits = layer(3, relu(layer(2, z)));
    const loss = sum(kl(mean, logVar).sub(bernoulliLogLikelihood(logits, images))).div(batch);
    optimiser.update(grad(loss, parameters));
    return loss;
  });
  let latest: Tensor | undefined;

  return {
    name: "latentgpu",
    version,
    async step() {
      latest = await step.run();
    },
    async repeat(steps) {
      latest = await step.repeat(steps);
    },
    loss: () => latest!.item(),
    finish: () => gpu.idle(),
    dispose: () => gpu.dispose(),
  };
}
