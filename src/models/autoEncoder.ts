import type { Dataset, Samples } from "../data/dataset.ts";
import { check, checkOptions, LatentError } from "../device/errors.ts";
import { add, neg } from "../graph/ops/arithmetic.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { type Draw, streamOf } from "../data/streams.ts";
import { random } from "../graph/ops/random.ts";
import { transpose } from "../graph/ops/shape.ts";
import { mean } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkGpu } from "../program/checkGpu.ts";
import type { Arena } from "../nn/arena.ts";
import type { State } from "../nn/states.ts";
import type { TrainResult } from "../nn/train.ts";
import type { Gpu } from "../program/gpu.ts";
import { checkTriangle, type CodeGaussian, gaussianOfCodes } from "./codes.ts";
import { checkSize, describe, loadStates, parseModel, saveStates } from "./file.ts";
import { fit, type FitOptions, Lock } from "./fit.ts";
import { bernoulli, gaussian, type Likelihood } from "./likelihood.ts";
import {
  assembled,
  type Network,
  network,
  networkSize,
  type NetworkOptions,
  type NetworkSpec,
  networkSpec,
} from "./network.ts";
import { floats } from "../linalg/numbers.ts";
import { between, checkCodes, flat, pictures } from "./pictures.ts";

/** Codes read at once for the Gaussian. */
const BLOCK = 2048;

/**
 * Auto-encoder: a code of few numbers for each image, and an image for each code.
 *
 * The loss per image is −log p(x|code): the binary cross-entropy ("bernoulli"), or ½‖x − x̂‖² + const ("gaussian").
 * New images come from codes drawn from one Gaussian with full covariance, fitted to the training images' codes.
 *
 *     const model = new AutoEncoder(gpu, { image: [1, 28, 28], latent: 20 });
 *     await model.fit(data, { epochs: 3 });
 *     const pictures = await model.sample(16, { seed: 1 }).read();
 */
export class AutoEncoder {
  /** The engine that it lives on. */
  readonly gpu: Gpu;
  /** The options that it was made with, defaults filled in. */
  readonly options: NetworkSpec;
  /** What training moves, by PyTorch's names; disposed with the model. */
  readonly parameters: { readonly [name: string]: Tensor };
  readonly #network: Network;
  readonly #likelihood: Likelihood;
  readonly #states: readonly State[];
  readonly #arena: Arena;
  readonly #lock = new Lock();
  #codes: (CodeGaussian & { readonly centre: Tensor; readonly turn: Tensor }) | null = null;

  constructor(gpu: Gpu, options: NetworkOptions) {
    checkGpu("AutoEncoder", gpu);
    const spec = networkSpec("AutoEncoder", options);
    this.gpu = gpu;
    this.options = spec;
    const made = assembled(gpu, () => {
      const net = network(gpu, spec, ["code"]);
      return { network: net, states: net.states };
    });
    this.#network = made.network;
    this.#likelihood = spec.likelihood === "bernoulli" ? bernoulli : gaussian(gpu, 1);
    this.#states = made.states;
    this.#arena = made.arena;
    this.parameters = made.parameters;
  }

  /** Numbers that training moves. */
  get parameterCount(): number {
    return this.#states.reduce((total, { tensor }) => total + tensor.size, 0);
  }

  /** Codes [n, latent] of images [n, c, h, w] or [n, pixels]. */
  encode(x: Tensor): Tensor {
    return this.#network.encode(flat("AutoEncoder.encode", x, this.options.image));
  }

  /** Images [n, c, h, w] of codes [n, latent]. */
  decode(z: Tensor): Tensor {
    checkCodes("AutoEncoder.decode", z, this.options.latent);
    return pictures(this.#likelihood.mean(this.#network.decode(z)), this.options.image);
  }

  /** The images as their codes give them back. */
  reconstruct(x: Tensor): Tensor {
    return this.decode(this.encode(x));
  }

  /** `n` images along the line between the codes of images a and b [1, …], both ends included. */
  interpolate(a: Tensor, b: Tensor, n: number): Tensor {
    return this.decode(between("AutoEncoder.interpolate", this.encode(a), this.encode(b), n));
  }

  /** log p(x | its code) per image, [n] in nats. */
  logProb(x: Tensor): Tensor {
    const pixels = flat("AutoEncoder.logProb", x, this.options.image);
    return this.#likelihood.logProb(this.#network.decode(this.#network.encode(pixels)), pixels);
  }

  /** `n` images of codes drawn from the Gaussian of the training codes. Throws LatentError("argument") before fit. */
  sample(n: number, options: Partial<Draw> & { readonly draw?: boolean } = {}): Tensor {
    checkOptions("AutoEncoder.sample", options, ["seed", "step", "draw"]);
    const { seed = 0, step = 0, draw = false } = options;
    check(
      Number.isInteger(n) && n > 0,
      "argument",
      "AutoEncoder.sample",
      () => `expected a whole number of images > 0; got ${n}.`,
    );
    if (!this.#codes)
      throw new LatentError("argument", "AutoEncoder.sample: no codes to draw from yet. Call fit first.");
    const { latent, image } = this.options;
    const noise = random.normal(this.gpu, [n, latent], { seed, step, stream: streamOf("prior") });
    const { centre, turn } = this.#codes;
    const output = this.#network.decode(add(matmul(noise, transpose(turn)), centre));
    return pictures(draw ? this.#likelihood.draw(output, { seed, step }) : this.#likelihood.mean(output), image);
  }

  /** Trains on images, then fits the Gaussian to their codes; otherwise as VAE.fit. */
  fit(images: Dataset | Samples, options: FitOptions = {}): Promise<TrainResult> {
    const { image, likelihood } = this.options;
    const task = {
      gpu: this.gpu,
      image,
      states: this.#states,
      parameters: this.#arena.slots.map((s) => s.tensor),
      loss: (x: Tensor) => {
        const pixels = flat("AutoEncoder.fit", x, image);
        return neg(mean(this.#likelihood.logProb(this.#network.decode(this.#network.encode(pixels)), pixels)));
      },
      metadata: describe("AutoEncoder", this.options),
      after: async (dataset: Dataset, signal: AbortSignal | undefined) => {
        this.#keep(await this.#codesOf(dataset, signal));
      },
      ...(likelihood === "bernoulli" ? { range: [0, 1] as const } : {}),
    };
    return this.gpu.outside(() =>
      this.#lock.hold("AutoEncoder.fit", () => fit("AutoEncoder.fit", task, images, options)),
    );
  }

  #keep(codes: CodeGaussian): void {
    const { latent } = this.options;
    this.#forget();
    const centre = this.gpu.tensor(codes.mean, [1, latent]);
    this.#codes = { ...codes, centre, turn: this.gpu.tensor(codes.factor, [latent, latent]) };
  }

  #forget(): void {
    this.#codes?.centre.dispose();
    this.#codes?.turn.dispose();
    this.#codes = null;
  }

  async #codesOf(dataset: Dataset, signal: AbortSignal | undefined): Promise<CodeGaussian> {
    const { latent } = this.options;
    const codes = new Float32Array(dataset.count * latent);
    for (let at = 0; at < dataset.count; at += BLOCK) {
      signal?.throwIfAborted();
      const part = this.encode(dataset.slice(at, Math.min(dataset.count, at + BLOCK)));
      codes.set((await part.read()) as Float32Array, at * latent);
      part.dispose();
    }
    return gaussianOfCodes(codes, latent);
  }

  /** The model as safetensors, with PyTorch's names and layouts, and the Gaussian of the codes. */
  save(): Promise<Uint8Array<ArrayBuffer>> {
    const { latent } = this.options;
    const codes =
      this.#codes &&
      ([
        ["codes.mean", { dtype: "F32", shape: [latent], data: this.#codes.mean }],
        ["codes.factor", { dtype: "F32", shape: [latent, latent], data: this.#codes.factor }],
      ] as const);
    return saveStates(
      this.#states,
      describe("AutoEncoder", this.options),
      codes ? codes.map(([name, t]) => [name, t]) : [],
    );
  }

  /** The model that `save` or a checkpoint wrote. Throws LatentError("format") where a tensor is missing or differs. */
  static load(gpu: Gpu, bytes: Uint8Array): AutoEncoder {
    const where = "AutoEncoder.load";
    checkGpu(where, gpu);
    const { tensors, options } = parseModel(bytes, "AutoEncoder");
    checkSize(where, networkSize(networkSpec("AutoEncoder", options as unknown as NetworkOptions), 1), tensors);
    const model = new AutoEncoder(gpu, options as unknown as NetworkOptions);
    try {
      loadStates(gpu, where, model.#states, tensors);
      const { latent } = model.options;
      if (tensors.has("codes.mean") || tensors.has("codes.factor")) {
        const mean = Float32Array.from(floats(where, tensors, "codes.mean", [latent]));
        const factor = Float32Array.from(floats(where, tensors, "codes.factor", [latent, latent]));
        checkTriangle(where, factor, latent);
        model.#keep({ mean, factor });
      }
      return model;
    } catch (error) {
      model.dispose();
      throw error;
    }
  }

  /** Frees the parameters. */
  dispose(): void {
    this.#forget();
    for (const tensor of Object.values(this.parameters)) tensor.dispose();
    for (const { tensor } of this.#states) tensor.dispose();
    this.#arena.values.dispose();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
