import { check } from "../device/errors.ts";
import { layout } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import type { Position } from "./checkpoint.ts";
import type { EarlyStopping } from "./options.ts";
import { aliasOf, basesOf, copyStates, type Parameters } from "./parameters.ts";

/** The parameters of the epoch with the lowest validation loss so far, on the GPU. */
export class Best {
  readonly #gpu: Gpu;
  readonly #options: EarlyStopping;
  readonly #states: readonly Tensor[];
  readonly #copies: readonly Tensor[];
  /** The copies as parts of a checkpoint: "best.fc1.weight". */
  readonly parameters: Parameters;

  constructor(gpu: Gpu, parameters: Parameters, options: EarlyStopping) {
    this.#gpu = gpu;
    this.#options = options;
    this.#states = basesOf(Object.values(parameters));
    this.#copies = gpu.attempt(() => this.#states.map(({ size, shape }) => gpu.state(new Float32Array(size), shape)));
    this.parameters = Object.fromEntries(
      Object.entries(parameters).map(([name, tensor]) => {
        const { base, offset } = layout(tensor);
        return [`best.${name}`, aliasOf(this.#copies[this.#states.indexOf(base)]!, offset, tensor.shape)];
      }),
    );
  }

  /** Keeps the parameters where `loss` is the best; returns what is the best now. Throws LatentError("numeric") on a loss that is no number. */
  consider(epoch: number, loss: number, best: Position["best"]): Position["best"] {
    const { minDelta = 0 } = this.#options;
    if (loss >= (best ? best.loss - minDelta : Infinity)) return best;
    check(Number.isFinite(loss), "numeric", "train", () => `validation loss is ${loss} after epoch ${epoch}.`);
    copyStates(this.#gpu, this.#states, this.#copies);
    return { epoch, loss };
  }

  /** Whether `patience` epochs have gone by since the best. */
  isOver(epoch: number, best: Position["best"]): boolean {
    return best !== null && epoch - best.epoch >= this.#options.patience;
  }

  /** Puts the best parameters back. */
  restore(): void {
    copyStates(this.#gpu, this.#copies, this.#states);
  }

  dispose(): void {
    for (const tensor of [...Object.values(this.parameters), ...this.#copies]) tensor.dispose();
  }
}
