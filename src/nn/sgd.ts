import { check } from "../device/errors.ts";
import { sgdStep } from "../graph/ops/adam.ts";
import type { Gpu } from "../program/gpu.ts";
import {
  checkShare,
  type ClipOptions,
  type Method,
  type Optimised,
  type Optimiser,
  optimiser,
  type OptimiserOptions,
} from "./optimiser.ts";

/** What gradient descent takes; a group may have values of its own. */
export interface SgdOptions extends OptimiserOptions {
  /** The share of the last update in the next one; 0. */
  readonly momentum?: number;
  /** Whether the momentum looks ahead, as Nesterov's does. */
  readonly nesterov?: boolean;
}

const method: Method<SgdOptions> = {
  name: "sgd",
  defaults: { learningRate: 1e-2, momentum: 0, nesterov: false, weightDecay: 0 },
  check({ momentum, nesterov }) {
    checkShare("sgd", "momentum", momentum);
    check(!nesterov || momentum > 0, "argument", "sgd", () => "nesterov needs momentum > 0; got 0.");
  },
  moments: ["momentum_buffer"],
  step: (states, inputs, { momentum, nesterov, weightDecay: decay }, maxNorm) =>
    sgdStep(states, inputs, { momentum, nesterov, decay, maxNorm }),
};

/**
 * Gradient descent, with momentum if wanted; as PyTorch's SGD.
 *
 *     const optimiser = sgd(gpu, [w], { learningRate: 0.1, momentum: 0.9 });
 */
export const sgd = (gpu: Gpu, parameters: Optimised<SgdOptions>, options: SgdOptions & ClipOptions = {}): Optimiser =>
  optimiser(method, gpu, parameters, options);
