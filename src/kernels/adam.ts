import { ceilDiv, type Launch, type Launches } from "./launch.ts";
import { adam as adamShaders } from "./shaders/adam.gen.ts";
import { advance as counting } from "./shaders/advance.gen.ts";
import { sgd as sgdShaders } from "./shaders/sgd.gen.ts";

/** Switches and inputs that both optimisers share. */
export interface UpdateShape {
  /** Elements of the parameters. */
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

/** One dispatch over `states` (p and its moments: outputs), then inputs gradient, train counters, rate, loss, norm. Four elements at a time where `size` allows. */
function update(
  shaders: typeof adamShaders | typeof sgdShaders,
  states: readonly string[],
  { size, maxNorm, guarded, decay }: UpdateShape,
  flag: { readonly [name: string]: number },
  params: Launch["params"],
  perInvocation: number,
): Launch {
  const vec4 = size % 4 === 0;
  const kernel = vec4 ? shaders.update : shaders.update_each;
  const each = (name: string) => (vec4 ? name : `each_${name}`);
  const inputs = ["train_counters", "rate", "loss", "norm"];
  return {
    kernel,
    constants: { GUARDED: Number(guarded), CLIPPED: Number(maxNorm > 0), ...flag },
    bind: {
      [each("g")]: { input: states.length },
      ...Object.fromEntries(inputs.map((name, i) => [name, { input: states.length + 1 + i }])),
      ...Object.fromEntries(states.map((name, i) => [each(name), { output: i }])),
    },
    params: { size: vec4 ? size / 4 : size, decay, max_norm: maxNorm, ...params },
    groups: [ceilDiv(vec4 ? size / 4 : size, kernel.constants.LANES * (vec4 ? perInvocation : 1)), 1, 1],
  };
}

/** Inputs: p, m, v, gradient, train counters, rate, loss, norm. An input that is switched off may be any buffer. */
export function adam({ beta1, beta2, epsilon, decoupled, ...shape }: AdamShape): Launches {
  const logs = { log_beta1: Math.log(beta1), log_beta2: Math.log(beta2) };
  const params = { beta1, beta2, epsilon, ...logs };
  const flag = { DECOUPLED: Number(decoupled) };
  const { PER } = adamShaders.update.constants;
  return {
    flops: 12 * shape.size,
    launches: [update(adamShaders, ["p", "m", "v"], shape, flag, params, PER)],
  };
}

/** Inputs: p, m, gradient, train counters, rate, loss, norm. An input that is switched off may be any buffer. */
export function sgd({ momentum, nesterov, ...shape }: SgdShape): Launches {
  const flag = { NESTEROV: Number(nesterov) };
  return { flops: 6 * shape.size, launches: [update(sgdShaders, ["p", "m"], shape, flag, { momentum }, 1)] };
}

/** Terms that one dispatch keeps. */
export const MOST_TERMS = 6;

const termsFrom = (first: number, terms: number) =>
  Object.fromEntries(
    Array.from({ length: MOST_TERMS }, (_, k) => [`term${k}`, { input: first + Math.min(k, terms - 1) }]),
  );

/** Inputs: train counters, history [length · terms], the terms. */
export function advance(rows: number, length: number, terms: number): Launches {
  return {
    launches: [
      {
        kernel: counting.count_step,
        constants: { TERMS: terms },
        bind: { ...termsFrom(2, terms), train_counters: { output: 0 }, history: { output: 1 } },
        params: { rows, length },
        groups: [1, 1, 1],
      },
    ],
  };
}

/** Inputs: history [length · terms], train counters, the terms. */
export function note(length: number, terms: number): Launches {
  return {
    launches: [
      {
        kernel: counting.note,
        constants: { TERMS: terms },
        bind: { ...termsFrom(2, terms), at: { input: 1 }, history: { output: 0 } },
        params: { rows: 0, length },
        groups: [1, 1, 1],
      },
    ],
  };
}
