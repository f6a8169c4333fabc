import { check, checkOptions, show } from "../../device/errors.ts";
import { gamma as launchGamma } from "../../kernels/gamma.ts";
import { count, type Shape } from "../dtype.ts";
import type { KernelOp } from "../kernelOp.ts";
import { checkTensor, describe } from "../operand.ts";
import { broadcast, checkFloat, checkSizes, constant, recordMap, recordOne } from "../record.ts";
import type { Runner } from "../runner.ts";
import { Tensor } from "../tensor.ts";
import { argmax } from "./argmax.ts";
import { greater, neg, sub, where as where_ } from "./arithmetic.ts";
import { log } from "./elementwise.ts";
import { expand, reshape } from "./shape.ts";

/** Which numbers a model draws. */
export interface Draw {
  /** A whole number in [0, 2⁵³). */
  readonly seed: number;
  /** A u32 tensor of one element, or a number: draws of another step are independent. Inside a compiled step a state gives new ones each run. */
  readonly step?: Tensor | number;
}

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
function drawOf(
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

function draw(
  where: string,
  fn: "random_uniform" | "random_normal",
  gpu: Runner,
  shape: Shape,
  options: RandomOptions,
): Tensor<"f32"> {
  const { counter, key } = drawOf(where, gpu, shape, options);
  return recordMap(where, fn, [counter, ...key.map((word) => constant(gpu, word, "u32"))], null, shape);
}

const gammaOp: KernelOp = {
  name: "random.gamma",
  launch: (_inputs, [y]) => launchGamma(count(y!.shape)),
};

/**
 * Random numbers from Philox-4x32-10: key = seed, counter = (element / 4, step, stream, 0). Equal arguments give equal
 * numbers, so nothing needs to be stored, and a resumed run draws what an uninterrupted one would.
 */
export const random = {
  /**
   * Uniform on (0, 1), never 0 or 1.
   *
   *     random.uniform(gpu, [2, 3], { seed: 1 })
   */
  uniform: (gpu: Runner, shape: Shape, options: RandomOptions): Tensor<"f32"> =>
    draw("random.uniform", "random_uniform", gpu, shape, options),
  /**
   * Standard normal, by Box–Muller; |z| ≤ 5.77.
   *
   *     random.normal(gpu, [2, 3], { seed: 1, step: 4 })
   */
  normal: (gpu: Runner, shape: Shape, options: RandomOptions): Tensor<"f32"> =>
    draw("random.normal", "random_normal", gpu, shape, options),
  /**
   * Classes drawn with replacement, with probabilities softmax(logits), as u32: the largest of logit + Gumbel noise −log(−log u).
   *
   *     random.categorical(gpu, logits, [1000], { seed: 1 })                                      // 1000 draws from [classes]
   *     random.categorical(gpu, gpu.tensor([0.2, 0.8]), [9], { seed: 1, probabilities: true })
   *
   * logits: [..., classes], whose leading axes broadcast to `shape`, that of the result; with `probabilities`, weights ≥ 0
   * that need not add up to 1. u has 23 bits, so a class less likely than about e⁻¹⁶ next to the best comes too seldom. No gradient.
   */
  categorical: (
    gpu: Runner,
    logits: Tensor,
    shape: Shape,
    options: RandomOptions & { readonly probabilities?: boolean },
  ): Tensor<"u32"> => {
    const where = "random.categorical";
    const { probabilities = false, ...rest } = options ?? {};
    checkTensor(where, logits, "logits [..., classes] as a tensor");
    check(logits.rank > 0, "shape", where, () => "expected logits [..., classes]; got [].");
    checkDraws(where, logits.shape.slice(0, -1), shape);
    const noise = draw(where, "random_uniform", gpu, [...shape, logits.shape.at(-1)!], rest as RandomOptions);
    const weights = probabilities ? where_(greater(logits, 0), log(logits), Number.NEGATIVE_INFINITY) : logits;
    return argmax(sub(weights, log(neg(log(noise)))), -1);
  },
  /**
   * Gamma with the given shape parameter and rate 1, density x^{a−1} e^{−x} / Γ(a), by Marsaglia and Tsang's method.
   *
   *     random.gamma(gpu, 2.5, [1000], { seed: 1 })
   *     random.gamma(gpu, gpu.tensor([0.5, 3]), [1000, 2], { seed: 1 })
   *
   * concentration: a > 0, a number or a tensor that broadcasts to `shape`; NaN elsewhere. At most 16 attempts are made, each
   * of which fails with less than 5 %. No gradient. Source: ACM TOMS 26 (2000), 363–372.
   */
  gamma: (gpu: Runner, concentration: Tensor | number, shape: Shape, options: RandomOptions): Tensor<"f32"> => {
    const where = "random.gamma";
    const { counter, key } = drawOf(where, gpu, shape, options);
    const a = typeof concentration === "number" ? constant(gpu, concentration) : concentration;
    checkFloat(where, a, "an f32 concentration, or a number");
    checkDraws(where, a.shape, shape);
    const words = gpu.upload(Uint32Array.from(key), [3]);
    return recordOne(gammaOp, [expand(a, shape), reshape(counter, [1]), words], { shape, dtype: "f32" }, {}, null);
  },
};

/** Refuses a shape of draws that parameters do not broadcast to. */
function checkDraws(where: string, parameters: Shape, shape: Shape): void {
  checkSizes(where, shape);
  const batch = broadcast(where, [parameters, shape]);
  check(
    show(batch) === show(shape),
    "shape",
    where,
    () => `expected a shape that ${show(parameters)} broadcasts to; got ${show(shape)}.`,
  );
}
