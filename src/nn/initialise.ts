import { normalOf, uniforms, unitUniforms } from "../data/philox.ts";
import { streamOf } from "../data/streams.ts";
import { check } from "../device/errors.ts";
import { count, type Shape } from "../graph/dtype.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";

/**
 * Draws initial values from one seed; each state takes the next stream. Computed on the CPU, so equal on every device.
 *
 *     const draw = (start: Initialiser) => start.uniform(gpu, [64, 32], 32);
 */
export class Initialiser {
  /** Where its random numbers start: equal seeds give equal results. */
  readonly seed: number;
  #stream: number = streamOf("weights");

  constructor(seed: number) {
    check(
      Number.isSafeInteger(seed) && seed >= 0,
      "argument",
      "Initialiser",
      () => `expected a seed that is a whole number in [0, 2^53); got ${seed}.`,
    );
    this.seed = seed;
  }

  /** A state uniform in (−1/√inputs, 1/√inputs): PyTorch's default for weights and biases of linear and convolution layers. */
  uniform(gpu: Gpu, shape: Shape, inputs: number): Tensor {
    return gpu.state(uniforms(count(shape), 1 / Math.sqrt(inputs), { seed: this.seed, stream: this.#stream++ }), shape);
  }

  /** A state of standard normal numbers: PyTorch's default for embeddings. */
  normal(gpu: Gpu, shape: Shape): Tensor {
    const size = count(shape);
    const drawn = unitUniforms(2 * size, this.seed, this.#stream++);
    const values = Float32Array.from({ length: size }, (_, i) => normalOf(drawn[2 * i]!, drawn[2 * i + 1]!));
    return gpu.state(values, shape);
  }
}

/** A number starts streams of its own; layers of one network share an Initialiser. */
export type Seed = number | Initialiser;

export const initialiser = (seed: Seed): Initialiser => (seed instanceof Initialiser ? seed : new Initialiser(seed));
