import { streamOf } from "../data/streams.ts";
import { check, checkOptions } from "../device/errors.ts";
import { dropout } from "../graph/ops/dropout.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { ForwardOptions, Layer } from "./layer.ts";

/** What a dropout layer may be asked for. */
export interface DropoutOptions {
  /** The probability with which an element is dropped; 0.5. */
  readonly p?: number;
  /** Where its random numbers start; 0. */
  readonly seed?: number;
  /** Layers of other names drop other elements; "dropout". */
  readonly name?: string;
}

/**
 * Drops elements in training, others are divided by 1 − p; otherwise x as it is. Each step drops others.
 *
 *     const layer = new Dropout({ p: 0.2, name: "hidden" });
 *     const y = layer.forward(x, { training: true, step: 3 });
 */
export class Dropout implements Layer {
  /** It has none. */
  readonly parameters = {};
  readonly #options: { readonly p: number; readonly seed: number; readonly stream: number };

  constructor(options: DropoutOptions = {}) {
    checkOptions("Dropout", options, ["p", "seed", "name"]);
    const { p = 0.5, seed = 0, name = "dropout" } = options;
    check(p >= 0 && p < 1, "argument", "Dropout", () => `expected a probability p in [0, 1); got ${p}.`);
    this.#options = { p, seed, stream: streamOf(`dropout ${name}`) };
  }

  /** The layer applied to a batch. Throws LatentError("argument") in training without a step: every step would drop the same elements. */
  forward(x: Tensor, { training = false, step }: ForwardOptions = {}): Tensor {
    if (!training) return x;
    check(step !== undefined, "argument", "Dropout", () => "expected { step } in training; got none.");
    return dropout(x, { ...this.#options, step });
  }
}
