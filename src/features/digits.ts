import { Dataset, type DatasetSource } from "../data/dataset.ts";
import { check, checkOptions } from "../device/errors.ts";
import { parseSafetensors, writeSafetensors } from "../formats/safetensors.ts";
import { argmax } from "../graph/ops/argmax.ts";
import { crossEntropy } from "../graph/ops/crossEntropy.ts";
import { oneHot } from "../graph/ops/oneHot.ts";
import { softmax } from "../graph/ops/softmax.ts";
import type { Tensor } from "../graph/tensor.ts";
import { adam } from "../nn/adam.ts";
import { arenaOf } from "../nn/arena.ts";
import { checksumOf } from "../nn/checksum.ts";
import { Initialiser } from "../nn/initialise.ts";
import { named } from "../nn/layer.ts";
import type { Optimiser } from "../nn/optimiser.ts";
import { checkTrainOptions, type Progress } from "../nn/options.ts";
import { disposeParameters, type Parameters, readParameters, writeParameters } from "../nn/parameters.ts";
import { schedule } from "../nn/schedule.ts";
import { train, type TrainResult } from "../nn/train.ts";
import { checkGpu } from "../program/checkGpu.ts";
import type { Gpu } from "../program/gpu.ts";
import {
  checkDigitLayers,
  CLASSES,
  digitInput,
  type DigitLayers,
  type DigitNetwork,
  digitNetworks,
  digitPixels,
  kindOf,
} from "./digitLayers.ts";
import type { FeatureNetwork } from "./network.ts";

/** How the digit classifier is trained. */
export interface DigitsOptions {
  /** Passes through the data; 1. */
  readonly epochs?: number;
  /** Samples of one step; 128. */
  readonly batch?: number;
  /** The size of the first step, which falls along a cosine; 2e-3. */
  readonly learningRate?: number;
  /** Where its random numbers start: equal seeds give equal results. */
  readonly seed?: number;
  /** Aborts the call, which then rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Called as the call gets on, with times in seconds. */
  readonly onProgress?: (progress: Progress) => void;
}

/** What a digit classifier is made of. */
export interface DigitLayerOptions {
  /** "small", or "lenet" for those of LeNet-5. */
  readonly layers?: DigitLayers;
  /** Of the initial weights; 0. */
  readonly seed?: number;
}

const SIZE = 28 * 28;

/**
 * A classifier of 28 × 28 digits, whose last hidden layer serves as features of digit images:
 *
 *     small   conv 3×3/2 1→8, conv 3×3/2 8→32, linear 1568→64 (features), linear 64→10
 *     lenet   conv 5×5 1→6, maximum 2×2, conv 5×5 6→16, maximum 2×2, linear 400→120→84 (features)→10;   ReLU in between
 *
 * `Digits.v1` is the one whose weights come with this package: scores on its features can be compared between papers, as "digits-v1"
 * and its checksum say. It knows 9,885 of MNIST's 10,000 test images; test/oracles/digits_v1.py trains it. Others are trained by `fit`,
 * and are comparable only with themselves.
 *
 *     const digits = await Digits.v1(gpu);
 *     const distance = await frechetDistance(digits.features(x), digits.features(x), { features: digits });
 */
export class Digits implements FeatureNetwork {
  /** The engine that it lives on. */
  readonly gpu: Gpu;
  /** What training moves, by PyTorch's names; disposed with the classifier. */
  readonly parameters: Parameters;
  /** Which layers it has. */
  readonly layers: DigitLayers;
  /** What its images must be: size, channels, range. */
  readonly input = digitInput;
  readonly #network: DigitNetwork;
  #name: string;
  #checksum = "untrained";

  constructor(gpu: Gpu, options: DigitLayerOptions = {}) {
    checkGpu("Digits", gpu);
    checkOptions("Digits", options, ["seed", "layers"]);
    const { seed = 0, layers = "small" } = options;
    checkDigitLayers("Digits", layers);
    this.gpu = gpu;
    this.layers = layers;
    this.#name = `digit classifier ${layers}`;
    this.#network = gpu.attempt(() => {
      const network = digitNetworks[layers].build(gpu, new Initialiser(seed));
      arenaOf(gpu, named(network.layers));
      return network;
    });
    this.parameters = named(this.#network.layers);
  }

  /** The frozen classifier of 64 features, whose weights come with this package. They load when this is called. */
  static async v1(gpu: Gpu): Promise<Digits> {
    const { digitsV1 } = await import("./digitsV1.ts");
    const digits = Digits.load(
      gpu,
      Uint8Array.from(atob(digitsV1), (letter) => letter.charCodeAt(0)),
    );
    digits.#name = "digits-v1";
    return digits;
  }

  /** What reports call it: "digits-v1", or "digit classifier" with its layers. */
  get name(): string {
    return this.#name;
  }

  /** CRC-32 of its weights, in hex; "untrained" before a fit. */
  get checksum(): string {
    return this.#checksum;
  }

  /** Images [n, 1, 28, 28] or [n, 784] in [0, 1], or bytes. Returns features [n, 64], of LeNet [n, 84]. */
  features(x: Tensor): Tensor {
    return this.#network.features(this.maps(x).at(-1)!);
  }

  /** What its two convolutions see of images, after ReLU: [n, channels, h, w] each. */
  maps(x: Tensor): readonly Tensor[] {
    return this.#network.maps(digitPixels(x));
  }

  /** Logits [n, 10]. */
  logits(x: Tensor): Tensor {
    return this.#network.logits(this.features(x));
  }

  /** p(digit | image), [n, 10]. */
  probabilities(x: Tensor): Tensor {
    return softmax(this.logits(x), 1);
  }

  /** Share of images whose most likely digit is their label. */
  async accuracy(images: Dataset | DatasetSource, labels?: Uint8Array<ArrayBuffer>): Promise<number> {
    const dataset = images instanceof Dataset ? images : this.#dataset(images, labels);
    try {
      check(dataset.labels !== null, "argument", "Digits.accuracy", () => "expected labels; got none.");
      const truth = await dataset.labels.read();
      let right = 0;
      for (let at = 0; at < dataset.count; at += 2048) {
        const stop = Math.min(dataset.count, at + 2048);
        const found = this.gpu.within(() => argmax(this.logits(dataset.slice(at, stop)), 1));
        const digits = await found.read().finally(() => found.dispose());
        for (const [i, digit] of digits.entries()) right += Number(digit === truth[at + i]);
      }
      return right / dataset.count;
    } finally {
      if (dataset !== images) dataset.dispose();
    }
  }

  #dataset(images: DatasetSource, labels: Uint8Array<ArrayBuffer> | undefined): Dataset {
    check(labels !== undefined, "argument", "Digits", () => "expected labels; got none.");
    const count = labels.length;
    return Dataset.from(this.gpu, images, [count, SIZE], { labels });
  }

  /** Trains with Adam, batches of 128, and a rate that falls along a cosine; 8 epochs give 98.7 %. */
  async fit(
    images: Dataset | DatasetSource,
    labels?: Uint8Array<ArrayBuffer>,
    options: DigitsOptions = {},
  ): Promise<TrainResult> {
    checkOptions("Digits.fit", options, ["epochs", "batch", "learningRate", "seed", "signal", "onProgress"]);
    const { learningRate = 2e-3, epochs = 1, batch = 128, ...rest } = options;
    checkTrainOptions("Digits.fit", { epochs, batch, ...rest });
    const dataset = images instanceof Dataset ? images : this.#dataset(images, labels);
    const steps = epochs * Math.ceil(dataset.count / batch);
    let optimiser: Optimiser | undefined;
    try {
      optimiser = adam(this.gpu, this.parameters, { learningRate: schedule.cosine({ rate: learningRate, steps }) });
      const result = await train(
        {
          gpu: this.gpu,
          dataset,
          parameters: this.parameters,
          updates: [{ optimiser }],
          objective: ({ x, labels }) => {
            check(labels !== undefined, "argument", "Digits.fit", () => "expected labels; got none.");
            return { loss: crossEntropy(this.logits(x), oneHot(labels, CLASSES)) };
          },
        },
        { epochs, batch, ...rest },
      );
      this.#name = `digit classifier ${this.layers}`;
      this.#checksum = checksumOf(await readParameters(this.parameters), []);
      return result;
    } finally {
      optimiser?.dispose();
      if (dataset !== images) dataset.dispose();
    }
  }

  /** The parameters as safetensors, with PyTorch's names and layouts. */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    return writeSafetensors(await readParameters(this.parameters), { format: "pt" }, "Digits.save");
  }

  /** A classifier from what save() wrote. */
  static load(gpu: Gpu, file: Uint8Array): Digits {
    checkGpu("Digits.load", gpu);
    const { tensors } = parseSafetensors(file, { finite: true, widen: true, where: "Digits.load" });
    const digits = new Digits(gpu, { layers: kindOf(tensors.get("conv1.weight")?.shape) });
    try {
      writeParameters(gpu, "Digits.load", digits.parameters, tensors);
      digits.#checksum = checksumOf(tensors, []);
      return digits;
    } catch (error) {
      digits.dispose();
      throw error;
    }
  }

  /** Frees its memory on the GPU. */
  dispose(): void {
    disposeParameters(this.parameters);
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
