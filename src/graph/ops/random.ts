import { check, checkOptions, show } from "../../device/errors.ts";
import type { Shape } from "../dtype.ts";
import { broadcast, checkSizes, constant, recordMap } from "../record.ts";
import type { Runner } from "../runner.ts";
import type { Tensor } from "../tensor.ts";
import { argmax } from "./argmax.ts";
import { neg, sub } from "./arithmetic.ts";
import { log } from "./elementwise.ts";
import { reshape } from "./shape.ts";

export interface RandomOptions {
  /** A whole number in [0, 2⁵³): the Philox key. */
  readonly seed: number;
  /** Separates several draws under one seed; a whole number in [0, 2³²). */
  readonly stream?: number;
  /** A u32 tensor of one element, or a number: draws of another step are independent. */
  readonly step?: Tensor | number;
}

const isWord = (value: number): boolean => value >>> 0 === value;

function draw(
  where: string,
  fn: "random_uniform" | "random_normal",
  gpu: Runner,
  shape: Shape,
  options: RandomOptions,
): Tensor<"f32"> {
  checkOptions(where, options, ["seed", "stream", "step"]);
  const { seed, stream = 0, step = 0 } = options;
  check(
    Number.isSafeInteger(seed) && seed >= 0,
    "argument",
    where,
    () => `expected a seed that is a whole number in [0, 2^53); got ${seed}.`,
  );
  check(isWord(stream), "argument", where, () => `expected a stream in [0, 2^32); got ${stream}.`);
  checkSizes(where, shape);
  check(
    typeof step === "number" ? isWord(step) : step.dtype === "u32" && step.size === 1,
    "argument",
    where,
    () =>
      `expected a step in [0, 2^32), or a u32 tensor of one element; got ${typeof step === "number" ? step : `${step.dtype} ${show(step.shape)}`}.`,
  );
  const word = (value: number) => constant(gpu, value, "u32");
  const counter = typeof step === "number" ? word(step) : reshape(step, []);
  return recordMap(where, fn, [counter, word(seed >>> 0), word(Math.floor(seed / 2 ** 32)), word(stream)], null, shape);
}

/**
 * Random numbers from Philox-4x32-10: key = seed, counter = (element / 4, step, stream, 0). Equal arguments give equal
 * numbers, so nothing needs to be stored, and a resumed run draws what an uninterrupted one would.
 */
export const random = {
  /** Uniform on (0, 1), never 0 or 1. */
  uniform: (gpu: Runner, shape: Shape, options: RandomOptions): Tensor<"f32"> =>
    draw("random.uniform", "random_uniform", gpu, shape, options),
  /** Standard normal, by Box–Muller; |z| ≤ 5.77. */
  normal: (gpu: Runner, shape: Shape, options: RandomOptions): Tensor<"f32"> =>
    draw("random.normal", "random_normal", gpu, shape, options),
  /**
   * Classes drawn with probabilities softmax(logits), as u32: the largest of logit + Gumbel noise −log(−log u).
   *
   * logits: [..., classes], whose leading axes broadcast to `shape`, that of the result.
   * u has 23 bits, so a class less likely than about e⁻¹⁶ next to the best comes too seldom. No gradient.
   */
  categorical: (gpu: Runner, logits: Tensor, shape: Shape, options: RandomOptions): Tensor<"u32"> => {
    check(logits.rank > 0, "shape", "random.categorical", () => "expected logits [..., classes]; got [].");
    const batch = broadcast("random.categorical", [logits.shape.slice(0, -1), shape]);
    check(
      show(batch) === show(shape),
      "shape",
      "random.categorical",
      () => `expected a shape that ${show(logits.shape.slice(0, -1))} broadcasts to; got ${show(shape)}.`,
    );
    const noise = draw("random.categorical", "random_uniform", gpu, [...shape, logits.shape.at(-1)!], options);
    return argmax(sub(logits, log(neg(log(noise)))), -1);
  },
};
