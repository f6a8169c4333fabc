import type { Dataset, Samples } from "../data/dataset.ts";
import { check, checkOptions } from "../device/errors.ts";
import { add, mul, square, sub } from "../graph/ops/arithmetic.ts";
import { type Heads, klHeads, sampleHeads, splitHeads } from "../graph/ops/heads.ts";
import { reparameterise } from "../graph/ops/likelihood.ts";
import { type Draw, streamOf } from "../data/streams.ts";
import { random } from "../graph/ops/random.ts";
import { concat, expand, reshape } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import { logsumexp } from "../graph/ops/softmax.ts";
import { mean, sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkGpu } from "../program/checkGpu.ts";
import type { Arena } from "../nn/arena.ts";
import type { LossContext } from "../nn/pass.ts";
import type { State } from "../nn/states.ts";
import type { TrainResult } from "../nn/train.ts";
import type { Gpu } from "../program/gpu.ts";
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
import { between, checkCodes, flat, pictures } from "./pictures.ts";

/** What a VAE is made of. */
export interface VaeOptions extends NetworkOptions {
  /** Weight of the divergence; with 1 the loss is minus the ELBO. */
  readonly beta?: number;
  /** Of the Gaussian likelihood: a number, or "learned" (the default). */
  readonly variance?: number | "learned";
}

/** Each [n], in nats;  elbo = reconstruction − beta · kl. */
export interface Elbo {
  /** The bound, [n] in nats. */
  readonly elbo: Tensor;
  /** Log-likelihood of the images given their codes, [n] in nats. */
  readonly reconstruction: Tensor;
  /** Divergence of the codes from the prior, [n] in nats. */
  readonly kl: Tensor;
}

/** How samples are drawn. */
export interface SampleOptions extends Partial<Draw> {
  /** Draws from p(x|z) instead of its means. */
  readonly draw?: boolean;
}

/** Checks options and fills in defaults. Throws LatentError("argument") naming what is unknown or out of range. */
function vaeSpec(options: VaeOptions): VAE["options"] {
  const spec = networkSpec("VAE", options, ["beta", "variance"]);
  const { beta = 1, variance = "learned" } = options;
  check(beta >= 0 && Number.isFinite(beta), "argument", "VAE", () => `expected beta ≥ 0; got ${String(beta)}.`);
  check(
    variance === "learned" || (variance > 0 && Number.isFinite(variance)),
    "argument",
    "VAE",
    () => `expected variance > 0 or "learned"; got ${String(variance)}.`,
  );
  return { ...spec, beta, variance };
}

/** Floats of one block of decoded images while importance weights are computed: 16 MiB. */
const BLOCK = 2 ** 22;

/**
 * Variational auto-encoder:  p(x) = ∫ p(x|z) N(z; 0, I) dz, with q(z|x) = N(mean(x), diag e^logVar(x)).
 *
 * The loss per image is  −log p(x|z) + beta · KL(q(z|x) ‖ N(0, I)),  z one draw from q.
 * Source: Kingma & Welling 2014; layers and recipe of the MLP as in pytorch/examples.
 *
 *     const model = new VAE(gpu, { image: [1, 28, 28], latent: 20 });
 *     await model.fit(data, { epochs: 3, batch: 128 });
 *     const pictures = await model.sample(16, { seed: 1 }).read();
 */
export class VAE {
  /** The engine that it lives on. */
  readonly gpu: Gpu;
  /** The options that it was made with, defaults filled in. */
  readonly options: NetworkSpec & { readonly beta: number; readonly variance: number | "learned" };
  /** What training moves, by PyTorch's names; disposed with the model. */
  readonly parameters: { readonly [name: string]: Tensor };
  readonly #network: Network;
  readonly #likelihood: Likelihood;
  readonly #states: readonly State[];
  readonly #arena: Arena;
  readonly #lock = new Lock();

  constructor(gpu: Gpu, options: VaeOptions) {
    checkGpu("VAE", gpu);
    const spec = vaeSpec(options);
    this.gpu = gpu;
    this.options = spec;
    const made = assembled(gpu, () => {
      const net = network(gpu, spec, ["mean", "log_var"]);
      const likelihood = spec.likelihood === "bernoulli" ? bernoulli : gaussian(gpu, spec.variance);
      return { network: net, likelihood, states: [...net.states, ...likelihood.states] };
    });
    this.#network = made.network;
    this.#likelihood = made.likelihood;
    this.#states = made.states;
    this.#arena = made.arena;
    this.parameters = made.parameters;
  }

  /** Numbers that training moves. */
  get parameterCount(): number {
    return this.#states.reduce((total, { tensor }) => total + tensor.size, 0);
  }

  /** q(z|x): mean and logVar [n, latent] for images [n, c, h, w] or [n, pixels]. logVar is kept within [−20, 20]. */
  encode(x: Tensor): Heads {
    return splitHeads(this.#heads("VAE.encode", x));
  }

  #heads(where: string, x: Tensor): Tensor {
    return this.#network.encode(flat(where, x, this.options.image));
  }

  /** The mean of p(x|z): images [n, c, h, w] for codes [n, latent]. */
  decode(z: Tensor): Tensor {
    checkCodes("VAE.decode", z, this.options.latent);
    return pictures(this.#likelihood.mean(this.#network.decode(z)), this.options.image);
  }

  /** decode(mean of q(z|x)). */
  reconstruct(x: Tensor): Tensor {
    return this.decode(this.encode(x).mean);
  }

  /** `n` images along the line between the mean codes of images a and b [1, …], both ends included. */
  interpolate(a: Tensor, b: Tensor, n: number): Tensor {
    return this.decode(between("VAE.interpolate", this.encode(a).mean, this.encode(b).mean, n));
  }

  /** `n` images: means of p(x|z) for z from the prior, or draws from it. */
  sample(n: number, options: SampleOptions = {}): Tensor {
    checkOptions("VAE.sample", options, ["seed", "step", "draw"]);
    const { seed = 0, step = 0, draw = false } = options;
    check(
      Number.isInteger(n) && n > 0,
      "argument",
      "VAE.sample",
      () => `expected a whole number of images > 0; got ${n}.`,
    );
    const output = this.#network.decode(
      random.normal(this.gpu, [n, this.options.latent], { seed, step, stream: streamOf("prior") }),
    );
    return pictures(
      draw ? this.#likelihood.draw(output, { seed, step }) : this.#likelihood.mean(output),
      this.options.image,
    );
  }

  /** The evidence lower bound with one draw of z per image, and its parts. */
  elbo(x: Tensor, options: Partial<Draw> = {}): Elbo {
    checkOptions("VAE.elbo", options, ["seed", "step"]);
    const pixels = flat("VAE.elbo", x, this.options.image);
    const heads = this.#network.encode(pixels);
    const z = sampleHeads(heads, {
      seed: options.seed ?? 0,
      stream: streamOf("evaluation z"),
      step: options.step ?? 0,
    });
    const reconstruction = this.#likelihood.logProb(this.#network.decode(z), pixels);
    const kl = klHeads(heads);
    return { elbo: sub(reconstruction, mul(kl, this.options.beta)), reconstruction, kl };
  }

  /**
   * Importance-weighted bound on log p(x), [n] in nats, rising towards it with the number of samples k:
   *
   *     log 1/k Σ_i p(x|z_i) p(z_i) / q(z_i|x),   z_i from q(z|x)
   *
   * Source: Burda, Grosse & Salakhutdinov 2016.
   */
  logProb(x: Tensor, options: Partial<Draw> & { readonly samples?: number } = {}): Tensor {
    const where = "VAE.logProb";
    checkOptions(where, options, ["samples", "seed", "step"]);
    const { samples = 50, seed = 0, step = 0 } = options;
    check(
      Number.isInteger(samples) && samples > 0,
      "argument",
      where,
      () => `expected a whole number of samples > 0; got ${samples}.`,
    );
    const pixels = flat(where, x, this.options.image);
    const { mean: mu, logVar } = splitHeads(this.#network.encode(pixels));
    const [n, latent] = mu.shape as [number, number];
    const noise = random.normal(this.gpu, [samples, n, latent], { seed, step, stream: streamOf("evaluation z") });
    const block = Math.max(1, Math.min(samples, Math.floor(BLOCK / (n * pixels.shape[1]!))));
    const parts: Tensor[] = [];
    for (let at = 0; at < samples; at += block) {
      const draws = Math.min(block, samples - at);
      const shape = [draws, n, latent];
      const eps = slice(noise, 0, at, at + draws);
      const spread = (t: Tensor) => expand(t, shape);
      const z = reparameterise(spread(mu), spread(logVar), eps);
      // log p(z) − log q(z|x), the normalisers of both normals being equal
      const ratio = mul(sum(sub(add(square(eps), spread(logVar)), square(z)), 2), 0.5);
      const output = this.#network.decode(reshape(z, [draws * n, latent]));
      const images = reshape(expand(pixels, [draws, ...pixels.shape]), [draws * n, pixels.shape[1]!]);
      parts.push(add(reshape(this.#likelihood.logProb(output, images), [draws, n]), ratio));
    }
    return sub(logsumexp(concat(parts, 0), 0), Math.log(samples));
  }

  /**
   * Trains on images: bytes (as 0 to 1), floats, a tensor, or a Dataset. Same seed and device: the same bits.
   * Throws LatentError: "data" on values outside [0, 1] under the Bernoulli likelihood or not finite, "busy" while another
   * fit runs, and as `train` does.
   */
  fit(images: Dataset | Samples, options: FitOptions = {}): Promise<TrainResult> {
    const { image, likelihood } = this.options;
    const seed = options.seed ?? 0;
    const task = {
      gpu: this.gpu,
      image,
      states: this.#states,
      parameters: this.#arena.slots.map((s) => s.tensor),
      loss: (x: Tensor, context: LossContext) => this.#loss(x, context, seed),
      metadata: this.#metadata(),
      ...(likelihood === "bernoulli" ? { range: [0, 1] as const } : {}),
    };
    return this.gpu.outside(() => this.#lock.hold("VAE.fit", () => fit("VAE.fit", task, images, options)));
  }

  #loss(x: Tensor, { step, training }: LossContext, seed: number): Tensor {
    const pixels = flat("VAE.fit", x, this.options.image);
    const heads = this.#network.encode(pixels);
    const z = sampleHeads(heads, { seed, stream: streamOf(training ? "z" : "evaluation z"), step });
    const reconstruction = this.#likelihood.logProb(this.#network.decode(z), pixels);
    return mean(sub(mul(klHeads(heads), this.options.beta), reconstruction));
  }

  #metadata(): Readonly<Record<string, string>> {
    return describe("VAE", this.options);
  }

  /** The model as safetensors, with PyTorch's names and layouts. */
  save(): Promise<Uint8Array<ArrayBuffer>> {
    return saveStates(this.#states, this.#metadata());
  }

  /** The model that `save` or a checkpoint wrote. Throws LatentError("format") where a tensor is missing or differs. */
  static load(gpu: Gpu, bytes: Uint8Array): VAE {
    checkGpu("VAE.load", gpu);
    const { tensors, options } = parseModel(bytes, "VAE");
    checkSize("VAE.load", networkSize(vaeSpec(options as unknown as VaeOptions), 2), tensors);
    const vae = new VAE(gpu, options as unknown as VaeOptions);
    try {
      loadStates(gpu, "VAE.load", vae.#states, tensors);
      return vae;
    } catch (error) {
      vae.dispose();
      throw error;
    }
  }

  /** Frees the parameters. */
  dispose(): void {
    for (const tensor of Object.values(this.parameters)) tensor.dispose();
    for (const { tensor } of this.#states) tensor.dispose();
    this.#arena.values.dispose();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
