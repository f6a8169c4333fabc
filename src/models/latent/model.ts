import type { Batch, Dataset, Samples } from "../../data/dataset.ts";
import { check, checkOptions, LatentError } from "../../device/errors.ts";
import { mul, sub } from "../../graph/ops/arithmetic.ts";
import { oneHot } from "../../graph/ops/oneHot.ts";
import { Tensor } from "../../graph/tensor.ts";
import { type ContextOptions, type StepContext, stepContext, type Terms } from "../../nn/objective.ts";
import { type Parameters, sizeOf, writeParameters } from "../../nn/parameters.ts";
import type { TrainResult } from "../../nn/train.ts";
import { checkGpu } from "../../program/checkGpu.ts";
import type { Gpu } from "../../program/gpu.ts";
import { annealed } from "./ais.ts";
import type { Ais, AisOptions, DrawOptions, Elbo, ImageOptions, SampleOptions, TermsOptions } from "./calls.ts";
import type { Distribution, Posterior, Prior } from "./distribution.ts";
import { describe, mostNumbers, parseModel, saveParameters } from "./file.ts";
import { codesOf, type FitOptions, fit, Lock, updatesOf } from "./fit.ts";
import { importanceWeighted } from "./importance.ts";
import { type Made, made, settingsOf } from "./made.ts";
import type { OptionTable } from "./options.ts";
import { between, checkCodes, classesAs, imagesAs } from "./pixels.ts";
import { type Density, fittedPrior } from "./prior.ts";
import type { Code, FittedCodes, OptionsOf, Parts, Recipe, Settings } from "./recipe.ts";

/**
 * A model of images with codes, p(x) = ∫ p(x|z) p(z) dz, as its recipe says. `defineModel` makes a class of it.
 *
 *     const model = new VAE(gpu, { image: [1, 28, 28] });
 *     if (model instanceof LatentModel) console.log(model.name);
 */
export class LatentModel<T extends OptionTable = OptionTable, C extends Code = Code> {
  /** The engine that it lives on. */
  readonly gpu: Gpu;
  /** What kind of model it is. */
  readonly name: string;
  /** The options that it was made with, defaults filled in. */
  readonly options: Settings<T>;
  /** What training moves, by PyTorch's names, and what is frozen; disposed with the model. */
  readonly parameters: Parameters;
  /** States that training steps move themselves, by name. */
  readonly buffers: Parameters;
  readonly #recipe: Recipe<T, Parts<C>>;
  readonly #made: Made<Parts<C>>;
  readonly #parts: Parts<C>;
  /** Whether this object frees the parameters. */
  readonly #isOwner: boolean;
  readonly #lock = new Lock();
  /** The Gaussian of the training images' codes. */
  #codes: FittedCodes | null = null;

  /** @internal */ constructor(
    gpu: Gpu,
    recipe: Recipe<T, Parts<C>>,
    options: OptionsOf<T>,
    { most, shared }: { readonly most?: number; readonly shared?: { made: Made<Parts<C>>; prior: Prior } } = {},
  ) {
    checkGpu(recipe.name, gpu);
    this.gpu = gpu;
    this.name = recipe.name;
    this.options = settingsOf(recipe, options);
    this.#recipe = recipe;
    this.#made = shared?.made ?? made(gpu, recipe, this.options, most);
    this.#isOwner = !shared;
    this.#parts = shared ? { ...this.#made.parts, prior: shared.prior } : this.#made.parts;
    const { build } = this.#made;
    this.parameters = { ...build.parameters, ...build.frozen };
    this.buffers = build.buffers;
  }

  /** Numbers that training moves. */
  get parameterCount(): number {
    return sizeOf(this.#made.build.parameters);
  }

  /** @internal */ get made(): Made<Parts<C>> {
    return this.#made;
  }
  /** q(z|x) of images [n, c, h, w] or [n, pixels], with its mean (and logVar) [n, latent]; codes [n, latent] where they are points. */
  encode(x: Tensor, options: ImageOptions = {}): C {
    const where = this.#where("encode", options, ["labels"]);
    return this.#encoded(where, x, options).q;
  }

  /** The mean of p(x|z): images [n, c, h, w] for codes [n, latent]. */
  decode(z: Tensor, options: ImageOptions = {}): Tensor {
    const where = this.#where("decode", options, ["labels"]);
    checkCodes(where, z, this.#parts.prior.shape[0]!);
    return this.#parts.decode(z, this.#labels(where, z.shape[0]!, options)).mean;
  }

  /** decode(mean of q(z|x)): the images as their codes give them back. */
  reconstruct(x: Tensor, options: ImageOptions = {}): Tensor {
    const where = this.#where("reconstruct", options, ["labels"]);
    const { q, labels } = this.#encoded(where, x, options);
    return this.#parts.decode(meanOf(q), labels).mean;
  }

  /** `n` images along the line between the mean codes of images a and b [1, …], both ends included. */
  interpolate(a: Tensor, b: Tensor, n: number, options: ImageOptions = {}): Tensor {
    const where = this.#where("interpolate", options, ["labels"]);
    const [from, to] = [a, b].map((x) => meanOf(this.#encoded(where, x, options).q));
    const labels = this.#labels(where, 1, options);
    const line = between(where, from!, to!, n);
    return this.#parts.decode(line, labels && labels.expand([n, labels.shape[1]!])).mean;
  }

  /** `n` images: means of p(x|z) for codes from the prior, or draws. Throws LatentError("argument") where no prior is known before fit. */
  sample(n: number, options: SampleOptions = {}): Tensor {
    const where = this.#where("sample", options, ["seed", "step", "draw", "labels"]);
    const { seed = 0, step = 0, draw = false } = options;
    check(Number.isInteger(n) && n > 0, "argument", where, () => `expected a whole number of images > 0; got ${n}.`);
    const isKnown = !this.#recipe.codes || !this.#isOwner || this.options.prior;
    const prior = this.#codes ?? (isKnown ? this.#parts.prior : null);
    if (!prior) throw new LatentError("argument", `${where}: no codes to draw from yet. Call fit first.`);
    const z = prior.sample(n, { seed, step, name: "prior" });
    const pixels = this.#parts.decode(z, this.#labels(where, n, options));
    return draw ? pixels.draw({ seed, step, name: "pixels" }) : pixels.mean;
  }

  /** The evidence lower bound with one draw of z per image, and its parts. Throws LatentError("unsupported") where codes are points. */
  elbo(x: Tensor, options: TermsOptions = {}): Elbo {
    const where = this.#where("elbo", options, ["seed", "step", "labels", "noise"]);
    const { images, q, labels } = this.#encoded(where, x, options);
    const z = this.#posterior(where, q).sample(this.#context(images, options, false).draw("z"));
    const reconstruction = this.#parts.decode(z, labels).logProb(images);
    const kl = this.#posterior(where, q).klTo(this.#parts.prior, z);
    const { beta = 1 } = this.options as { readonly beta?: number };
    return { elbo: sub(reconstruction, mul(kl, beta)), reconstruction, kl };
  }

  /**
   * Importance-weighted bound on log p(x), [n] in nats, rising towards it with the number of samples k:
   *
   *     log 1/k Σ_i p(x|z_i) p(z_i) / q(z_i|x),   z_i from q(z|x)
   *
   * Where codes are points: log p(x | its code), which bounds nothing. Source: Burda, Grosse & Salakhutdinov 2016.
   */
  logProb(x: Tensor, options: DrawOptions & { readonly samples?: number } = {}): Tensor {
    const where = this.#where("logProb", options, ["samples", "seed", "step", "labels"]);
    const { samples = 50, seed = 0, step = 0 } = options;
    check(Number.isInteger(samples) && samples > 0, "argument", where, () => {
      return `expected a whole number of samples > 0; got ${samples}.`;
    });
    const { images, q, labels } = this.#encoded(where, x, options);
    const { decode, prior } = this.#parts;
    if (q instanceof Tensor) return decode(q, labels).logProb(images);
    const draw = { seed, step, name: "evaluation z" };
    return importanceWeighted({ q, prior, decode: (z) => decode(z, labels) }, images, samples, draw);
  }

  /**
   * Annealed importance sampling of log p(x): slower than `logProb`, and closer where q(z|x) is narrow. "unsupported" where codes are no normal numbers.
   *
   *     const { logProb, deviations } = await new VAE(gpu, { image: [1, 28, 28] }).ais(gpu.zeros([2, 784]), { temperatures: 20 });
   */
  ais(x: Tensor, options: AisOptions = {}): Promise<Ais> {
    const where = `${this.name}.ais`;
    return this.gpu.outside(() =>
      annealed(where, this.gpu, this.#parts, () => this.#encoded(where, x, options), options),
    );
  }

  /**
   * Exactly what training makes small, and its named parts, each [] in nats per image: at drawn noise, or at `noise`.
   *
   *     const z = random.normal(gpu, [16, 20], { seed: 1 });
   *     const { loss, reconstruction, kl } = model.terms(x, { noise: { z } });
   */
  terms(x: Tensor, options: TermsOptions = {}): Terms {
    const where = this.#where("terms", options, ["noise", "labels", "seed", "step", "count"]);
    const images = imagesAs(where, x, this.options.image);
    const labels = this.#labels(where, images.shape[0]!, options);
    const context = this.#context(images, options, true);
    return this.#recipe.objective({ x: images, labels }, this.#parts, context, this.options);
  }

  #context(images: Tensor, { seed = 0, step = 0, noise, count = images.shape[0]! }: TermsOptions, training: boolean) {
    const given = noise === undefined ? {} : { noise };
    return stepContext(this.gpu, { seed, step, training, count, ...given } satisfies ContextOptions);
  }

  /** Checks options, and says where. */
  #where(method: string, options: object, known: readonly string[]): string {
    const where = `${this.name}.${method}`;
    checkOptions(where, options, known);
    return where;
  }

  #labels(where: string, n: number, { labels }: ImageOptions): Tensor | undefined {
    const classes = this.#recipe.classes?.(this.options);
    check((labels === undefined) === (classes === undefined), "argument", where, () =>
      classes === undefined
        ? "this model has no classes. Expected no labels; got some."
        : `expected labels, the class of each image, from 0 to ${classes - 1}; got none.`,
    );
    return labels === undefined ? undefined : classesAs(where, this.gpu, labels, n, classes!);
  }

  #encoded(where: string, x: Tensor, options: ImageOptions): { images: Tensor; labels: Tensor | undefined; q: C } {
    const images = imagesAs(where, x, this.options.image);
    const labels = this.#labels(where, images.shape[0]!, options);
    return { images, labels, q: this.#parts.encode(images, labels) };
  }

  #posterior(where: string, q: C): Posterior {
    if (!(q instanceof Tensor)) return q;
    throw new LatentError("unsupported", `${where}: codes of ${this.name} are points, so log p(x) has no bound here.`);
  }

  /** The same model, its parameters shared, with another distribution of codes to draw from and to score by: a Gaussian or a mixture. */
  withPrior(distribution: Distribution | Density): LatentModel<T, C> {
    const prior = fittedPrior(`${this.name}.withPrior`, this.#made.parts.prior.shape, distribution);
    const shared = { made: this.#made, prior };
    return new LatentModel<T, C>(this.gpu, this.#recipe, this.options as OptionsOf<T>, { shared });
  }

  /**
   * Trains on images: bytes (as 0 to 1), floats, a tensor, or a Dataset. Same seed and device: the same bits.
   * Throws LatentError: "data" on values that the likelihood cannot score or that are not finite, "busy" while another fit runs, and as
   * `train` does.
   */
  fit(images: Dataset | Samples, options: FitOptions = {}): Promise<TrainResult> {
    const where = `${this.name}.fit`;
    const { image } = this.options;
    const { build, states } = this.#made;
    const { range } = build.likelihood;
    const classes = this.#recipe.classes?.(this.options);
    const task = {
      gpu: this.gpu,
      image,
      parameters: states,
      updates: updatesOf(build.parameters, this.#recipe.updates),
      objective: ({ x, labels }: Batch, context: StepContext) => {
        const known = labels !== undefined || classes === undefined;
        check(known, "argument", where, () => {
          return `expected labels, the class of each image, from 0 to ${classes! - 1}; got none.`;
        });
        const rows = classes === undefined ? undefined : oneHot(labels!, classes);
        const images = { x, labels: rows };
        if (context.training)
          for (const [state, next] of this.#recipe.moves?.(images, this.#parts, context, this.options) ?? [])
            this.gpu.assign(state, next);
        return this.#recipe.objective(images, this.#parts, context, this.options);
      },
      metadata: describe(this.name, this.options),
      after: (dataset: Dataset, signal: AbortSignal | undefined) => this.#fitCodes(where, dataset, signal),
      ...(range ? { range } : {}),
    };
    return this.gpu.outside(() => this.#lock.run(where, () => fit(where, task, images, options)));
  }

  async #fitCodes(where: string, dataset: Dataset, signal: AbortSignal | undefined): Promise<void> {
    if (!this.#recipe.codes) return;
    const codes = await codesOf(dataset, (x) => meanOf(this.encode(x)), signal);
    this.#keep(this.#recipe.codes.of(where, this.gpu, codes, this.options.latent as number));
  }

  #keep(codes: FittedCodes | null): void {
    this.#codes?.dispose();
    this.#codes = codes;
  }

  /** The model as safetensors, with PyTorch's names and layouts. */
  save(): Promise<Uint8Array<ArrayBuffer>> {
    return saveParameters(this.#made.states, describe(this.name, this.options), this.#codes?.tensors);
  }

  /** @internal The model of a file; `own` are options that a file cannot hold. */
  static read<T extends OptionTable, C extends Code>(
    gpu: Gpu,
    recipe: Recipe<T, Parts<C>>,
    bytes: Uint8Array,
    own: Partial<OptionsOf<T>> | undefined,
    make: (options: OptionsOf<T>, most: number) => LatentModel<T, C>,
  ): LatentModel<T, C> {
    const where = `${recipe.name}.load`;
    checkGpu(where, gpu);
    const { tensors, options } = parseModel(bytes, recipe.name, own);
    const model = make(options as unknown as OptionsOf<T>, mostNumbers(tensors));
    try {
      writeParameters(gpu, where, model.#made.states, tensors);
      model.#keep(recipe.codes?.from(where, gpu, tensors, model.options.latent as number) ?? null);
      return model;
    } catch (error) {
      model.dispose();
      throw error;
    }
  }

  /** Frees the parameters; those of a model that `withPrior` made are the other's. */
  dispose(): void {
    this.#keep(null);
    if (this.#isOwner) this.#made.dispose();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

const meanOf = (q: Code): Tensor => (q instanceof Tensor ? q : q.mean);
