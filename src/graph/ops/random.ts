import { check, show } from "../../device/errors.ts";
import { gamma as launchGamma } from "../../kernels/gamma.ts";
import { count, sameShape, type Shape } from "../dtype.ts";
import type { KernelOp } from "../kernelOp.ts";
import { broadcast, checkFloat, checkSizes, constant, recordOne } from "../record.ts";
import type { Runner, Tensor } from "../tensor.ts";
import { argmax } from "./argmax.ts";
import { greater, neg, sub, where as where_ } from "./arithmetic.ts";
import { draw, drawOf, type RandomOptions, uniform } from "./draw.ts";
import { log } from "./elementwise.ts";
import { expand, reshape } from "./shape.ts";

export type { RandomOptions };

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
  uniform,
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
    checkFloat(where, logits, "logits [..., classes] as an f32 tensor");
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
    sameShape(batch, shape),
    "shape",
    where,
    () => `expected a shape that ${show(parameters)} broadcasts to; got ${show(shape)}.`,
  );
}
