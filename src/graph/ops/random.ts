import { check, checkOptions } from "../../device/errors.ts";
import type { Shape } from "../dtype.ts";
import type { MapName } from "../maps.ts";
import { constant, recordMap } from "../record.ts";
import type { Runner } from "../runner.ts";
import type { Tensor } from "../tensor.ts";

export interface RandomOptions {
  /** A whole number in [0, 2⁵³): the Philox key. */
  readonly seed: number;
  /** Separates several draws under one seed; a whole number in [0, 2³²). */
  readonly stream?: number;
  /** A u32 tensor of one element, or a number: draws of another step are independent. */
  readonly step?: Tensor | number;
}

function draw(where: string, fn: MapName, gpu: Runner, shape: Shape, options: RandomOptions): Tensor {
  checkOptions(where, options, ["seed", "stream", "step"]);
  const { seed, stream = 0, step = 0 } = options;
  check(Number.isSafeInteger(seed) && seed >= 0, "argument", where, () => `expected a seed that is a whole number in [0, 2^53); got ${seed}.`);
  check(Number.isInteger(stream) && stream >= 0 && stream < 2 ** 32, "argument", where, () => `expected a stream in [0, 2^32); got ${stream}.`);
  const word = (value: number) => constant(gpu, value, "u32");
  const counter = typeof step === "number" ? word(step) : step;
  return recordMap(where, fn, [counter, word(seed >>> 0), word(Math.floor(seed / 2 ** 32)), word(stream)], null, shape);
}

/**
 * Random numbers from Philox-4x32-10: key = seed, counter = (element / 4, step, stream, 0). Equal arguments give equal
 * numbers, so nothing needs to be stored, and a resumed run draws what an uninterrupted one would.
 */
export const random = {
  /** Uniform on (0, 1), never 0 or 1. */
  uniform: (gpu: Runner, shape: Shape, options: RandomOptions): Tensor => draw("random.uniform", "random_uniform", gpu, shape, options),
  /** Standard normal, by Box–Muller; |z| ≤ 5.77. */
  normal: (gpu: Runner, shape: Shape, options: RandomOptions): Tensor => draw("random.normal", "random_normal", gpu, shape, options),
};
