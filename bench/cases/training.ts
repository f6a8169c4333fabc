// One step of training a variational auto-encoder: forward, backward and Adam.
//
//   vae step         encode 784→400, ReLU, heads 400→40;  decode 20→400, ReLU, output 400→784
//   conv vae step    encoder.0 1→32 of 14², encoder.1 32→64 of 7², each with ReLU, heads 3136→40;
//                    start 20→3136, decoder.0 64→32 of 14², each with ReLU, decoder.1 32→1 of 28²;
//                    kernels 3×3, stride 2, padding 1, output padding 1
//
//     [μ | ℓ] = heads;   z = μ + ε·e^(ℓ/2)
//     loss = (Σ softplus(logits) − x·logits  +  ½ Σ μ² + e^ℓ − 1 − ℓ) / batch      in nats per image
//
// Inputs images [batch, 1, 28, 28], and "<layer>.weight", "<layer>.bias" in PyTorch's layouts: [outputs, inputs],
// [out, in, kernel, kernel], and [in, out, kernel, kernel] in decoder.i. Input noise [batch, latent] is the ε of every step; without
// it each step draws its own. Output: the loss of the step, before its update. Parameters and moments carry over.

import { normal } from "../random.ts";
import type { Case } from "../workload.ts";
import { convolutional, count, flops, initial, mlp, parameterCount, type Network } from "./training/network.ts";
import { losses } from "./training/reference.ts";

const ADAM = { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

export interface Training {
  workload: string;
  size: string;
  network: Network;
  batch: number;
  /** Steps of the gate: the first loss checks forward, the later ones gradient and update. */
  steps: number;
  seed: number;
}

export function training({ workload, size, network, batch, steps, seed }: Training): Case {
  const { latent, image } = network;
  let expected: number[] | undefined; // the same for every engine
  return {
    workload,
    size: `${size}, batch ${batch}`,
    settings: { batch, latent, ...ADAM },
    inputs: () => initial(network, batch, seed),
    flops: flops(network, batch),
    // parameters and both moments are read and written
    bytes: 4 * (batch * count(image) + 6 * parameterCount(network) + 1),
    gate: {
      steps,
      inputs: () => ({ noise: normal([batch, latent], seed + 1) }),
      limit: 1e-4,
      error(inputs, outputs) {
        expected ??= losses(network, inputs, ADAM, steps);
        if (outputs.length !== steps || outputs.some(([loss]) => loss?.length !== 1)) return NaN;
        // Math.max is NaN if any is
        return Math.max(...outputs.map(([loss], i) => Math.abs(loss![0]! / expected![i]! - 1)));
      },
    },
  };
}

/** The small VAE's step; two steps of the gate check forward, gradient and update, more of them how errors grow. */
export const vaeStep = (steps: number): Case =>
  training({ workload: "vae step", size: "784-400-20", network: mlp(28, 400, 20), batch: 128, steps, seed: 1 });

export const trainings = (_software: boolean): Case[] => [
  vaeStep(4),
  training({
    workload: "conv vae step",
    size: "1×28² → 32×14² → 64×7² → 20",
    network: convolutional(28, [32, 64], 20),
    batch: 128,
    steps: 2,
    seed: 20,
  }),
];
