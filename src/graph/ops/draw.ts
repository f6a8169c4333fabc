import { check, checkOptions, show } from "../../device/errors.ts";
import type { Shape } from "../dtype.ts";
import { describe } from "../operand.ts";
import { checkSizes, constant, recordMap } from "../record.ts";
import { type Runner, Tensor } from "../tensor.ts";
import { reshape } from "./shape.ts";

/** Where random numbers start. */
export interface RandomOptions {
  /** A whole number in [0, 2⁵³): the Philox key. */
  readonly seed: number;
  /** Separates several draws under one seed; a whole number in [0, 2³²). */
  readonly stream?: number;
  /** A u32 tensor of one element, or a number: draws of another step are independent. */
  readonly step?: Tensor | number;
}

const isWord = (value: number): boolean => value >>> 0 === value;

/** Checks what is asked for, and gives the words of the draw: the step, and seed and stream. */
export function drawOf(
  where: string,
  gpu: Runner,
  shape: Shape,
  options: RandomOptions = {} as RandomOptions,
): { counter: Tensor; key: readonly [low: number, high: number, stream: number] } {
  check(
    typeof gpu?.register === "function",
    "argument",
    where,
    () => `expected the gpu first; got ${describe(gpu)} Use ${where}(gpu, …).`,
  );
  checkOptions(where, options, ["seed", "stream", "step"]);
  const { seed, stream = 0, step = 0 } = options;
  check(
    seed !== undefined,
    "argument",
    where,
    () =>
      "expected a seed: equal seeds draw equal numbers. Use { seed: 0 } as the last argument, and another step for each draw.",
  );
  check(
    Number.isSafeInteger(seed) && seed >= 0,
    "argument",
    where,
    () => `expected a seed that is a whole number in [0, 2^53); got ${seed}.`,
  );
  check(isWord(stream), "argument", where, () => `expected a stream in [0, 2^32); got ${stream}.`);
  checkSizes(where, shape);
  check(
    typeof step === "number" ? isWord(step) : step instanceof Tensor && step.dtype === "u32" && step.size === 1,
    "argument",
    where,
    () =>
      `expected a step in [0, 2^32), or a u32 tensor of one element; got ${step instanceof Tensor ? `${step.dtype} ${show(step.shape)}` : String(step)}.`,
  );
  const counter = typeof step === "number" ? constant(gpu, step, "u32") : reshape(step, []);
  return { counter, key: [seed >>> 0, Math.floor(seed / 2 ** 32), stream] };
}

export function draw(
  where: string,
  fn: "random_uniform" | "random_normal",
  gpu: Runner,
  shape: Shape,
  options: RandomOptions,
): Tensor<"f32"> {
  const { counter, key } = drawOf(where, gpu, shape, options);
  return recordMap(where, fn, [counter, ...key.map((word) => constant(gpu, word, "u32"))], null, shape);
}

/** random.uniform for those that draw nothing else. */
export const uniform = (gpu: Runner, shape: Shape, options: RandomOptions): Tensor<"f32"> =>
  draw("random.uniform", "random_uniform", gpu, shape, options);
