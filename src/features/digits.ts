import { Dataset, type Samples } from "../data/dataset.ts";
import { check, checkOptions, show } from "../device/errors.ts";
import { argmax } from "../graph/ops/argmax.ts";
import { mul, sub } from "../graph/ops/arithmetic.ts";
import { bytes } from "../graph/ops/bytes.ts";
import { relu } from "../graph/ops/elementwise.ts";
import { reshape } from "../graph/ops/shape.ts";
import { crossEntropy } from "../graph/ops/crossEntropy.ts";
import { oneHot } from "../graph/ops/oneHot.ts";
import { softmax } from "../graph/ops/softmax.ts";
import type { Tensor } from "../graph/tensor.ts";
import { adam } from "../nn/adam.ts";
import { arenaOf } from "../nn/arena.ts";
import { parseSafetensors, writeSafetensors } from "../formats/safetensors.ts";
import { Conv2d } from "../nn/conv2d.ts";
import { Initialiser } from "../nn/initialise.ts";
import { named } from "../nn/layer.ts";
import { Linear } from "../nn/linear.ts";
import type { Optimiser } from "../nn/optimiser.ts";
import { checkTrainOptions, type Progress } from "../nn/options.ts";
import { schedule } from "../nn/schedule.ts";
import { disposeParameters, type Parameters, readParameters, writeParameters } from "../nn/parameters.ts";
import { train, type TrainResult } from "../nn/train.ts";
import { checkGpu } from "../program/checkGpu.ts";
import type { Gpu } from "../program/gpu.ts";

/** How the digit classifier is trained. */
export interface DigitsOptions {
  /** Passes through the data. */
  readonly epochs?: number;
  /** Samples of one step. */
  readonly batch?: number;
  /** The size of a step, a number or a schedule. */
  readonly learningRate?: number;
  /** Where its random numbers start: equal seeds give equal results. */
  readonly seed?: number;
  /** Aborts the call, which then rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Called as the call gets on, with times in seconds. */
  readonly onProgress?: (progress: Progress) => void;
}

const CLASSES = 10;
const FEATURES = 64;
const SIDE = 28;

/**
 * A small classifier of 28 × 28 digits, whose last hidden layer serves as features of digit images:
 *
 *     conv 3×3/2 1→8, conv 3×3/2 8→32, linear 1568→64 (features), linear 64→10;  ReLU in between
 *
 *     const digits = new Digits(gpu, { seed: 1 });
 *     await digits.fit(data);
 *     const probabilities = await digits.probabilities(x).read();
 */
export class Digits {
  /** The engine that it lives on. */
  readonly gpu: Gpu;
  /** For reports: what the features are called. */
  readonly name = "digit classifier, 64 features";
  readonly #layers: { readonly conv1: Conv2d; readonly conv2: Conv2d; readonly fc1: Linear; readonly fc2: Linear };
  /** What training moves, by PyTorch's names; disposed with the classifier. */
  readonly parameters: Parameters;

  constructor(gpu: Gpu, options: { readonly seed?: number } = {}) {
    checkGpu("Digits", gpu);
    checkOptions("Digits", options, ["seed"]);
    const seed = new Initialiser(options.seed ?? 0);
    const window = { kernel: 3, stride: 2, padding: 1, seed };
    this.gpu = gpu;
    this.#layers = gpu.attempt(() => {
      const layers = {
        conv1: new Conv2d(gpu, 1, 8, window),
        conv2: new Conv2d(gpu, 8, 32, window),
        fc1: new Linear(gpu, 32 * 49, FEATURES, { seed }),
        fc2: new Linear(gpu, FEATURES, CLASSES, { seed }),
      };
      arenaOf(gpu, named(layers));
      return layers;
    });
    this.parameters = named(this.#layers);
  }

  /** Images [n, 1, 28, 28] or [n, 784] in [0, 1], or bytes. Returns features [n, 64]. */
  features(x: Tensor): Tensor {
    const { conv1, conv2, fc1 } = this.#layers;
    const n = x.shape[0]!;
    check(
      x.size === n * SIDE * SIDE,
      "shape",
      "Digits",
      () => `expected images [n, 1, ${SIDE}, ${SIDE}]; got ${show(x.shape)}.`,
    );
    const floats = x.dtype === "u8" ? bytes(x, { scale: 1 / 255 }) : x;
    const images = reshape(floats, [n, 1, SIDE, SIDE]);
    const maps = relu(conv2.forward(relu(conv1.forward(sub(mul(images, 2), 1)))));
    return relu(fc1.forward(reshape(maps, [n, 32 * 49])));
  }

  /** Logits [n, 10]. */
  logits(x: Tensor): Tensor {
    return this.#layers.fc2.forward(this.features(x));
  }

  /** p(digit | image), [n, 10]. */
  probabilities(x: Tensor): Tensor {
    return softmax(this.logits(x), 1);
  }

  /** Share of images whose most likely digit is their label. */
  async accuracy(images: Dataset | Samples, labels?: Uint8Array<ArrayBuffer>): Promise<number> {
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

  #dataset(images: Samples, labels: Uint8Array<ArrayBuffer> | undefined): Dataset {
    check(labels !== undefined, "argument", "Digits", () => "expected labels; got none.");
    const count = labels.length;
    return Dataset.from(this.gpu, images, [count, 1, SIDE, SIDE], { labels });
  }

  /** Trains with Adam, batches of 128, and a rate that falls along a cosine; one epoch suffices for 97 %. */
  async fit(
    images: Dataset | Samples,
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
      return await train(
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
    const { tensors } = parseSafetensors(file, { finite: true, where: "Digits.load" });
    const digits = new Digits(gpu);
    try {
      writeParameters(gpu, "Digits.load", digits.parameters, tensors);
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
