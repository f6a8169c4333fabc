import { ceilDiv, type Launches } from "./launch.ts";
import { adam as shaders } from "./shaders/adam.gen.ts";
import { advance as advanceShaders } from "./shaders/advance.gen.ts";
import { sgd as descent } from "./shaders/sgd.gen.ts";

/** Switches and inputs that both optimisers share. */
export interface UpdateShape {
  /** Elements of the arena, a multiple of 4. */
  readonly size: number;
  readonly decay: number;
  /** 0: no clipping. */
  readonly maxNorm: number;
  /** Nothing changes once the loss is not a number. */
  readonly guarded: boolean;
}

export interface AdamShape extends UpdateShape {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly decoupled: boolean;
}

export interface SgdShape extends UpdateShape {
  readonly momentum: number;
  readonly nesterov: boolean;
}

const grid = (size: number, lanes: number): [number, number, number] => [ceilDiv(size / 4, lanes), 1, 1];

/** Inputs: p, m, v, gradient, train counters, rate, loss, norm. An input that is switched off may be any buffer. */
export function adam({ size, beta1, beta2, epsilon, decay, maxNorm, guarded, decoupled }: AdamShape): Launches {
  const kernel = shaders.update;
  return {
    flops: 12 * size,
    launches: [
      {
        kernel,
        constants: { GUARDED: Number(guarded), CLIPPED: Number(maxNorm > 0), DECOUPLED: Number(decoupled) },
        bind: {
          g: { input: 3 },
          train_counters: { input: 4 },
          rate: { input: 5 },
          loss: { input: 6 },
          norm: { input: 7 },
          p: { output: 0 },
          m: { output: 1 },
          v: { output: 2 },
        },
        params: {
          vec4s: size / 4,
          beta1,
          beta2,
          log_beta1: Math.log(beta1),
          log_beta2: Math.log(beta2),
          epsilon,
          decay,
          max_norm: maxNorm,
        },
        groups: grid(size, kernel.constants.LANES * kernel.constants.PER),
      },
    ],
  };
}

/** Inputs: p, m, gradient, train counters, rate, loss, norm. An input that is switched off may be any buffer. */
export function sgd({ size, momentum, decay, maxNorm, guarded, nesterov }: SgdShape): Launches {
  const kernel = descent.update;
  return {
    flops: 6 * size,
    launches: [
      {
        kernel,
        constants: { GUARDED: Number(guarded), CLIPPED: Number(maxNorm > 0), NESTEROV: Number(nesterov) },
        bind: {
          g: { input: 2 },
          train_counters: { input: 3 },
          rate: { input: 4 },
          loss: { input: 5 },
          norm: { input: 6 },
          p: { output: 0 },
          m: { output: 1 },
        },
        params: { vec4s: size / 4, momentum, decay, max_norm: maxNorm },
        groups: grid(size, kernel.constants.LANES),
      },
    ],
  };
}

/** Inputs: train counters, loss history, loss. */
export function advance(rows: number, length: number): Launches {
  return {
    launches: [
      {
        kernel: advanceShaders.count_step,
        bind: { loss: { input: 2 }, train_counters: { output: 0 }, loss_history: { output: 1 } },
        params: { rows, length },
        groups: [1, 1, 1],
      },
    ],
  };
}
