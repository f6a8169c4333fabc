import { check } from "../../device/errors.ts";
import { count, type Shape } from "../../graph/dtype.ts";
import { detach } from "../../graph/ops/detach.ts";
import { leakyRelu, relu } from "../../graph/ops/elementwise.ts";
import { linear } from "../../graph/ops/matmul.ts";
import { reshape } from "../../graph/ops/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { Conv2d, ConvTranspose2d } from "../../nn/conv2d.ts";
import { Initialiser } from "../../nn/initialise.ts";
import type { ForwardOptions, Layer } from "../../nn/layer.ts";
import { Linear, LinearHeads } from "../../nn/linear.ts";
import type { Gpu } from "../../program/gpu.ts";
import type { Likelihood, PixelDistribution } from "./distribution.ts";
import type { NetworkSpec } from "./network.ts";
import { type Normal, normalOfHeads } from "./normal.ts";
import { severalCodes } from "./pixels.ts";

/** From images to features. */
export interface Encoder {
  /** Numbers of features. */
  readonly features: number;
  /** x: [n, c, h, w]; extra: [n, …], what else the features may depend on. Returns [n, features]. */
  forward(x: Tensor, extra?: Tensor): Tensor;
}

/** From codes to the likelihood's output. */
export interface Decoder {
  /** z: [n, inputs]. Returns [n, outputs · c, h, w]. */
  forward(z: Tensor): Tensor;
}

/** A weight as its layer sees it; `axis` is that of the layer's outputs. */
export type WeightChange = (weight: Tensor, axis: number) => Tensor;

/** Kinds of layers between images and codes. */
export interface Backbone {
  /** `extra` numbers stand beside each image. */
  encoder(name: string, extra: number, hidden: readonly number[]): Encoder;
  /** `channels` of the output; the hidden layers come in reverse. */
  decoder(name: string, inputs: number, channels: number, hidden: readonly number[]): Decoder;
}

/**
 * What a model is built from: layers under PyTorch's names, from one seed, in the order in which they are asked for.
 *
 *     const parts = (build: Builder) => {
 *       const encoder = build.encoder();
 *       const heads = build.normal(encoder.features, build.spec.latent);
 *       return { encode: (x: Tensor) => heads(encoder.forward(x)), decode: build.decoder() };
 *     };
 */
export class Builder {
  /** The engine that the model lives on. */
  readonly gpu: Gpu;
  /** The network's options. */
  readonly spec: NetworkSpec;
  /** What the decoder's output says about pixels. */
  readonly likelihood: Likelihood;
  /** What training moves, by names in files. */
  readonly parameters: { [name: string]: Tensor } = {};
  /** States that steps themselves move, such as running averages. */
  readonly buffers: { [name: string]: Tensor } = {};
  /** States that nothing moves. */
  readonly frozen: { [name: string]: Tensor } = {};
  readonly #init: Initialiser;
  readonly #backbone: Backbone;
  readonly #rename: (name: string) => string;
  #change: WeightChange | null = null;
  /** How layers made elsewhere are applied. */
  #forward: ForwardOptions = {};
  /** Those that were applied since `applying` began. */
  readonly #applied = new Set<Layer>();
  /** Numbers that may still be made. */
  #left: number;

  /** `most`: more numbers than these are refused, before anything of that size is made. */
  constructor(
    gpu: Gpu,
    spec: NetworkSpec,
    likelihood: Likelihood,
    backbone: (build: Builder) => Backbone,
    rename: (name: string) => string = (name) => name,
    most = Number.POSITIVE_INFINITY,
  ) {
    this.gpu = gpu;
    this.spec = spec;
    this.likelihood = likelihood;
    this.#init = new Initialiser(spec.seed);
    this.#rename = rename;
    this.#left = most;
    this.#backbone = backbone(this);
  }

  #add<L extends Layer>(name: string, size: number, make: (init: Initialiser) => L): L {
    this.#reserve(size);
    const layer = make(this.#init);
    const path = (part: string) => (name ? `${name}.${part}` : part);
    for (const [part, tensor] of Object.entries(layer.parameters)) this.parameters[this.#rename(path(part))] = tensor;
    for (const [part, tensor] of Object.entries(layer.buffers ?? {})) this.buffers[path(part)] = tensor;
    const change = this.#change;
    if (!change) return layer;
    const { weight } = layer as unknown as Linear;
    const axis = layer instanceof ConvTranspose2d ? 1 : 0;
    return Object.create(layer, { weight: { get: () => change(weight, axis) } }) as L;
  }

  #reserve(size: number): void {
    this.#left -= size;
    check(
      this.#left >= 0,
      "format",
      "load",
      () => `the options are of a larger model than the file's, by ${-this.#left} numbers or more.`,
    );
  }

  /** A product and its bias. */
  linear(name: string, inputs: number, outputs: number): Linear {
    return this.#add(name, (inputs + 1) * outputs, (seed) => new Linear(this.gpu, inputs, outputs, { seed }));
  }

  /** Layers that read the same features, as one product: [n, inputs] → [n, Σ outputs], in the order of the names. */
  heads(outputs: { readonly [name: string]: number }, inputs: number): LinearHeads {
    const size = (inputs + 1) * Object.values(outputs).reduce((total, n) => total + n, 0);
    return this.#add("", size, (seed) => new LinearHeads(this.gpu, inputs, outputs, { seed }));
  }

  /** A convolution of 3 × 3. */
  conv(name: string, inputs: number, outputs: number, stride: number): Conv2d {
    const options = { kernel: 3, stride, padding: 1 };
    return this.#add(
      name,
      9 * inputs * outputs + outputs,
      (seed) => new Conv2d(this.gpu, inputs, outputs, { ...options, seed }),
    );
  }

  /** A transposed convolution of 3 × 3 and stride 2. */
  convTranspose(name: string, inputs: number, outputs: number): ConvTranspose2d {
    const options = { kernel: 3, stride: 2, padding: 1, outputPadding: 1 };
    return this.#add(
      name,
      9 * inputs * outputs + outputs,
      (seed) => new ConvTranspose2d(this.gpu, inputs, outputs, { ...options, seed }),
    );
  }

  /** A layer that was made elsewhere. It is told of training, and its statistics move with its first use in a step. */
  layer(name: string, given: Layer): (x: Tensor) => Tensor {
    this.#add(name, 0, () => given);
    return (x) => {
      const { training = false, update = training } = this.#forward;
      const isFirst = !this.#applied.has(given);
      this.#applied.add(given);
      return given.forward(x, { ...this.#forward, update: update && isFirst });
    };
  }

  /** While `body` runs, layers that were made elsewhere are applied with these options. */
  applying<T>(options: ForwardOptions, body: () => T): T {
    this.#forward = options;
    // layers are applied outside of steps as well
    this.#applied.clear();
    try {
      return body();
    } finally {
      this.#forward = {};
    }
  }

  /** Hidden layers with ReLU, `name.0`, `name.1`, …: [n, widths[0]] → [n, widths.at(-1)]. */
  hidden(name: string, widths: readonly number[], activation: (x: Tensor) => Tensor = relu): (x: Tensor) => Tensor {
    const layers = widths.slice(1).map((width, i) => this.linear(`${name}.${i}`, widths[i]!, width));
    return (x) => layers.reduce((value, layer) => activation(layer.forward(value)), x);
  }

  /**
   * Linear layers `name.0`, `name.1`, … with leaky ReLU between them: [n, widths[0]] → [n, widths.at(-1)]. Where they are `frozen`, no
   * gradient reaches their parameters.
   */
  perceptron(name: string, widths: readonly number[], slope = 0): (x: Tensor, frozen?: boolean) => Tensor {
    const layers = widths.slice(1).map((width, i) => this.linear(`${name}.${i}`, widths[i]!, width));
    return (x, frozen = false) =>
      layers.reduce<Tensor>((value, { weight, bias }, i) => {
        const y = frozen ? linear(value, detach(weight), detach(bias!)) : linear(value, weight, bias);
        return i < layers.length - 1 ? leakyRelu(y, slope) : y;
      }, x);
  }

  /** A state that training moves. */
  parameter(name: string, values: Float32Array<ArrayBuffer>, shape: Shape): Tensor {
    return this.#state(this.parameters, name, values, shape);
  }

  /** A state that steps move themselves. */
  buffer(name: string, values: Float32Array<ArrayBuffer>, shape: Shape): Tensor {
    return this.#state(this.buffers, name, values, shape);
  }

  #state(list: { [name: string]: Tensor }, name: string, values: Float32Array<ArrayBuffer>, shape: Shape): Tensor {
    this.#reserve(count(shape));
    const tensor = this.gpu.state(values, shape);
    list[name] = tensor;
    return tensor;
  }

  /** What `make` returns; training does not move the parameters that it asks for. */
  freeze<T>(make: () => T): T {
    const before = Object.keys(this.parameters).length;
    const result = make();
    for (const [name, tensor] of Object.entries(this.parameters).slice(before)) {
      this.frozen[name] = tensor;
      delete this.parameters[name];
    }
    return result;
  }

  /** The encoder of these options; `extra` numbers stand beside each image. */
  encoder(name = "encoder", extra = 0, hidden = this.spec.hidden): Encoder {
    return this.#backbone.encoder(name, extra, hidden);
  }

  /** N(mean, e^logVar) of features: two heads out of one product. */
  normal(features: number, latent: number, names = ["mean", "log_var"]): (features: Tensor) => Normal {
    const heads = this.heads(Object.fromEntries(names.map((name) => [name, latent])), features);
    return (x) => normalOfHeads(heads.forward(x));
  }

  /** The decoder of these options, up to the distribution of pixels: z [..., inputs], of one batch or of several draws of it. */
  decoder(inputs: number = this.spec.latent, hidden = this.spec.hidden): (z: Tensor) => PixelDistribution {
    const { likelihood, spec } = this;
    const { forward } = this.#backbone.decoder("decoder", inputs, likelihood.outputs * spec.image[0], hidden);
    for (const [part, tensor] of Object.entries(likelihood.parameters ?? {}))
      this.parameters[`likelihood.${part}`] = tensor;
    return (z) =>
      z.rank === 2
        ? likelihood.at(forward(z))
        : severalCodes(z.shape.slice(0, -1), likelihood.at(forward(reshape(z, [-1, inputs]))));
  }

  /** What `make` returns; the layers that it asks for use `change(weight)` in place of their weights. */
  changed<T>(change: WeightChange, make: () => T): T {
    this.#change = change;
    try {
      return make();
    } finally {
      this.#change = null;
    }
  }

  /** What `make` returns, and the parameters that it asks for. */
  statesOf<T>(make: () => T): { readonly result: T; readonly tensors: readonly Tensor[] } {
    const before = Object.keys(this.parameters).length;
    const result = make();
    return { result, tensors: Object.values(this.parameters).slice(before) };
  }
}
