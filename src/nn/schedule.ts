import { check } from "../device/errors.ts";
import { add, div, maximum, minimum, mul, sub, where } from "../graph/ops/arithmetic.ts";
import { cos, exp, floor } from "../graph/ops/elementwise.ts";
import { less } from "../graph/ops/arithmetic.ts";
import { constant } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";

/** The learning rate at a step, as part of the graph. step: f32 [], counted from 0. Returns f32 []. */
export type Schedule = (step: Tensor) => Tensor;

const positive = (where: string, name: string, value: number): void =>
  check(value > 0 && Number.isFinite(value), "argument", where, () => `expected ${name} > 0; got ${value}.`);

const expanded = (step: Tensor, value: number): Tensor => add(mul(step, 0), constant(step.gpu, value));

/** Learning rates over the steps of training. */
export const schedule = {
  /** Always `rate`. */
  constant:
    (rate: number): Schedule =>
    (step) =>
      expanded(step, rate),

  /** From `rate` down to `floor` along half a cosine, over `steps` steps; then `floor`. */
  cosine({
    rate,
    steps,
    floor: lowest = 0,
  }: {
    readonly rate: number;
    readonly steps: number;
    readonly floor?: number;
  }): Schedule {
    positive("schedule.cosine", "rate", rate);
    positive("schedule.cosine", "steps", steps);
    return (step) => {
      const progress = minimum(div(step, steps), 1);
      return add(mul(add(cos(mul(progress, Math.PI)), 1), (rate - lowest) / 2), lowest);
    };
  },

  /** rate · decay^(step / every); in jumps where `staircase`. */
  exponential({
    rate,
    decay,
    every = 1,
    staircase = false,
  }: {
    readonly rate: number;
    readonly decay: number;
    readonly every?: number;
    readonly staircase?: boolean;
  }): Schedule {
    positive("schedule.exponential", "rate", rate);
    positive("schedule.exponential", "decay", decay);
    positive("schedule.exponential", "every", every);
    return (step) => {
      const periods = div(step, every);
      return mul(exp(mul(staircase ? floor(periods) : periods, Math.log(decay))), rate);
    };
  },

  /** Linearly from 0 (excluded) to what `then` gives at its step 0, over `steps` steps; from there on `then`. */
  warmup(steps: number, then: Schedule): Schedule {
    positive("schedule.warmup", "steps", steps);
    return (step) => {
      const after = then(maximum(sub(step, steps), 0));
      return where(less(step, steps), mul(after, div(add(step, 1), steps)), after);
    };
  },
};
