import { check } from "../device/errors.ts";
import { adamStep } from "../graph/ops/adam.ts";
import type { Gpu } from "../program/gpu.ts";
import {
  checkNonNegative,
  checkShare,
  type ClipOptions,
  type Method,
  type Optimised,
  type Optimiser,
  optimiser,
  type OptimiserOptions,
} from "./optimiser.ts";

/** What Adam takes; a group may have values of its own. */
export interface AdamOptions extends OptimiserOptions {
  /** How long its two averages remember; [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** What is added where a division by zero might be. */
  readonly epsilon?: number;
}

const adamMethod = (name: string, weightDecay: number, decoupled: boolean): Method<AdamOptions> => ({
  name,
  defaults: { learningRate: 1e-3, betas: [0.9, 0.999], epsilon: 1e-8, weightDecay },
  check({ betas, epsilon }) {
    for (const [i, beta] of betas.entries()) checkShare(name, `betas[${i}]`, beta);
    check(betas[0] > 0 && betas[1] > 0, "argument", name, () => `expected betas in (0, 1); got ${betas.join(", ")}.`);
    checkNonNegative(name, "epsilon", epsilon);
  },
  moments: ["exp_avg", "exp_avg_sq"],
  step: (states, inputs, { betas: [beta1, beta2], epsilon, weightDecay: decay }, maxNorm) =>
    adamStep(states, inputs, { beta1, beta2, epsilon, decay, decoupled, maxNorm }),
});

/**
 * Adam over `parameters`: states in a list or by name, or groups of them with options of their own. Those that nothing has used yet
 * move into one arena; neighbours are updated in one dispatch. Defaults: learningRate 1e-3, betas 0.9 and 0.999,
 * epsilon 1e-8; weightDecay is added to the gradient, as in PyTorch's Adam.
 *
 *     const optimiser = adam(gpu, [w], { learningRate: 1e-3 });
 *     const step = await gpu.compile(() => optimiser.update(grad(sum(w.pow(2)), [w])));
 *     const slower = adam(gpu, [{ parameters: [w], learningRate: 1e-4 }], { betas: [0.5, 0.9] });
 */
export const adam = (
  gpu: Gpu,
  parameters: Optimised<AdamOptions>,
  options: AdamOptions & ClipOptions = {},
): Optimiser => optimiser(adamMethod("adam", 0, false), gpu, parameters, options);

/**
 * Adam whose weightDecay (0.01) shrinks the parameters themselves, as in PyTorch's AdamW.
 *
 *     const optimiser = adamW(gpu, [w], { learningRate: 1e-3, weightDecay: 0.01 });
 */
export const adamW = (
  gpu: Gpu,
  parameters: Optimised<AdamOptions>,
  options: AdamOptions & ClipOptions = {},
): Optimiser => optimiser(adamMethod("adamW", 0.01, true), gpu, parameters, options);
