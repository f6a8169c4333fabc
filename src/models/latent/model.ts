import type { Batch, Dataset, DatasetSource } from "../../data/dataset.ts";
import { checkOptions, LatentError } from "../../device/errors.ts";
import type { OptionTable } from "../../formats/options.ts";
import { mul, sub } from "../../graph/ops/arithmetic.ts";
import { oneHot } from "../../graph/ops/oneHot.ts";
import { Tensor } from "../../graph/tensor.ts";
import { type StepContext, stepContext, type Terms } from "../../nn/objective.ts";
import { type Parameters, sizeOf, writeParameters } from "../../nn/parameters.ts";
import type { TrainResult } from "../../nn/train.ts";
import { checkGpu } from "../../program/checkGpu.ts";
import type { Gpu } from "../../program/gpu.ts";
import { annealed } from "./ais.ts";
import type { Ais, AisOptions, DrawOptions, Elbo, ImageOptions, SampleOptions, TermsOptions } from "./calls.ts";
import type { Distribution, Prior } from "./distribution.ts";
import { describe, mostNumbers, parseModel, saveParameters } from "./file.ts";
import { codesOf, type FitOptions, fit, updatesOf } from "./fit.ts";
import { importanceWeighted } from "./importance.ts";
import { checkFreeBits } from "./kl.ts";
import { type Built, built, settingsOf } from "./built.ts";
import { between, checkCodes, checkCount, classesAs, imagesAs } from "./pixels.ts";
import { type Density, fittedPrior } from "./prior.ts";
import { type Code, type FittedCodes, type Images, meanOf, type OptionsOf, posteriorOf } from "./recipe.ts";
import type { Parts, Recipe, Settings } from "./recipe.ts";

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
  /** What training moves, by PyTorch's names, and what is frozen; disposed with the model. */
  readonly parameters: Parameters;
  /** States that training steps move themselves, by name. */
  readonly buffers: Parameters;
  readonly #recipe: Recipe<T, Parts<C>>;
  readonly #built: Built<Parts<C>>;
  #options: Settings<T>;
  #parts: Parts<C>;
  /** Whether this object frees the parameters. */
  readonly #isOwner: boolean;
  /** The Gaussian of the training images' codes. */
  #codes: FittedCodes | null = null;

  /** @internal */ constructor(
    gpu: Gpu,
    recipe: Recipe<T, Parts<C>>,
    options: OptionsOf<T>,
    { most, shared, prior }: { readonly most?: number; readonly shared?: Built<Parts<C>>; readonly prior?: Prior } = {},
  ) {
    checkGpu(recipe.name, gpu);
    this.gpu = gpu;
    this.name = recipe.name;
    this.#recipe = recipe;
    this.#options = settingsOf(recipe, options);
    checkFreeBits(recipe.name, this.#options);
    this.#built = shared ?? built(gpu, recipe, this.#options, most);
    this.#isOwner = !shared;
    this.#parts = this.#built.parts;
    if (prior ?? this.#options.prior) this.#drawFrom((prior ?? this.#options.prior)!);
    const { build } = this.#built;
    this.parameters = { ...build.parameters, ...build.frozen };
    this.buffers = build.buffers;
  }

  /** The options that it was made with, defaults filled in. */
  get options(): Settings<T> {
    return this.#options;
  }

  #drawFrom(prior: Prior): void {
    this.#options = { ...this.#options, prior };
    this.#parts = { ...this.#built.parts, prior };
  }

  /** Numbers that training moves. */
  get parameterCount(): number {
    return sizeOf(this.#built.build.parameters);
  }

  /** @internal */ get built(): Built<Parts<C>> {
    return this.#built;
  }
  /** q(z|x) of images [n, c, h, w] or [n, pixels], with its mean (and logVar) [n, latent]; codes [n, latent] where they are points. */
  encode(x: Tensor, options: ImageOptions = {}): C {
    return this.#encoded(this.#where("encode", options, ["labels"]), x, options).q;
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
    checkCount(where, "images", n);
    const isKnown = !this.#recipe.codes || this.options.prior !== undefined;
    const prior = isKnown ? this.#parts.prior : this.#codes;
    if (!prior) throw new LatentError("argument", `${where}: no codes to draw from yet. Call fit first.`);
    const z = prior.sample(n, { seed, step, name: "prior" });
    const pixels = this.#parts.decode(z, this.#labels(where, n, options));
    return draw ? pixels.draw({ seed, step, name: "pixels" }) : pixels.mean;
  }

  /** The evidence lower bound with one draw of z per image, and its parts (see `Elbo`). Throws LatentError("unsupported") where codes are points. */
  elbo(x: Tensor, options: TermsOptions = {}): Elbo {
    const where = this.#where("elbo", options, ["seed", "step", "labels", "noise"]);
    const { images, q, labels } = this.#encoded(where, x, options);
    const posterior = posteriorOf(where, q);
    const z = posterior.sample(this.#context(where, options, false).draw("z"));
    const reconstruction = this.#parts.decode(z, labels).logProb(images);
    const kl = posterior.klTo(this.#parts.prior, z);
    const weight = this.#recipe.klWeight?.(this.options) ?? 1;
    return { elbo: sub(reconstruction, weight === 1 ? kl : mul(kl, weight)), reconstruction, kl };
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
    checkCount(where, "samples", samples);
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
   * Exactly what training minimises, and its named parts, each [] in nats per image: at drawn noise, or at `noise`. What steps move
   * themselves (running statistics, a codebook) moves in `fit` alone. Throws LatentError("argument") where a term needs `count` and got none.
   *
   *     const z = random.normal(gpu, [16, 20], { seed: 1 });
   *     const { loss, reconstruction, kl } = model.terms(x, { noise: { z } });
   */
  terms(x: Tensor, options: TermsOptions = {}): Terms {
    const where = this.#where("terms", options, ["noise", "labels", "seed", "step", "count"]);
    const images = imagesAs(where, x, this.options.image);
    const labels = this.#labels(where, images.shape[0]!, options);
    return this.#record(where, { x: images, labels }, this.#context(where, options, true), false);
  }

  #context(where: string, { seed, step, noise, count }: TermsOptions, training: boolean): StepContext {
    return stepContext(this.gpu, { where, seed, step, noise, count, training });
  }

  /** The terms of a batch; with `update`, states that steps of training move themselves move. */
  #record(where: string, images: Images, context: StepContext, update: boolean): Terms {
    checkFreeBits(where, this.options);
    const { training, step } = context;
    return this.#built.build.applying({ training, step, update: training && update }, () => {
      const terms = this.#recipe.objective(images, this.#parts, context, this.options);
      if (training && update)
        for (const [state, next] of this.#recipe.moves?.(images, this.#parts, context, this.options) ?? [])
          this.gpu.assign(state, next);
      return terms;
    });
  }

  /** Checks options, and says where. */
  #where(method: string, options: object, allowed: readonly string[]): string {
    const where = `${this.name}.${method}`;
    checkOptions(where, options, allowed);
    return where;
  }

  #labels(where: string, n: number, { labels }: ImageOptions): Tensor | undefined {
    return classesAs(where, this.gpu, labels, n, this.#recipe.classes?.(this.options));
  }

  #encoded(where: string, x: Tensor, options: ImageOptions): { images: Tensor; labels: Tensor | undefined; q: C } {
    const images = imagesAs(where, x, this.options.image);
    const labels = this.#labels(where, images.shape[0]!, options);
    return { images, labels, q: this.#parts.encode(images, labels) };
  }

  /** The same model, its parameters shared, with another distribution of codes to draw from and to score by: a Gaussian or a mixture. */
  withPrior(distribution: Distribution | Density): LatentModel<T, C> {
    const prior = fittedPrior(`${this.name}.withPrior`, this.#built.parts.prior.shape, distribution);
    const options = { ...this.options, prior: undefined };
    return new LatentModel<T, C>(this.gpu, this.#recipe, options as OptionsOf<T>, { shared: this.#built, prior });
  }

  /**
   * Trains on images: bytes (as 0 to 1), floats, a tensor, or a Dataset. Same seed and device: the same bits.
   * Throws LatentError: "data" on values that the likelihood cannot score or that are not finite, "busy" while another fit runs, and as
   * `train` does.
   */
  fit(images: Dataset | DatasetSource, options: FitOptions = {}): Promise<TrainResult> {
    const where = `${this.name}.fit`;
    const { build, states, lock } = this.#built;
    const classes = this.#recipe.classes?.(this.options);
    const task = {
      gpu: this.gpu,
      image: this.options.image,
      classes,
      parameters: states,
      updates: updatesOf(build.parameters, this.#recipe.updates),
      objective: ({ x, labels }: Batch, context: StepContext) =>
        this.#record(where, { x, labels: classes && labels ? oneHot(labels, classes) : undefined }, context, true),
      metadata: () => describe(this.name, this.options),
      after: (dataset: Dataset, signal: AbortSignal | undefined) => this.#fitCodes(where, dataset, signal),
      range: build.likelihood.range,
    };
    return this.gpu.outside(() => lock.run(where, () => fit(where, task, images, options)));
  }

  async #fitCodes(where: string, dataset: Dataset, signal: AbortSignal | undefined): Promise<void> {
    await this.#recipe.fitPrior?.(this.#built.parts, (encode) => codesOf(dataset, encode, signal));
    if (!this.#recipe.codes) return;
    const codes = await codesOf(dataset, (x) => meanOf(this.encode(x)), signal);
    this.#keep(this.#recipe.codes.of(where, this.gpu, codes, this.options.latent as number));
  }

  #keep(codes: FittedCodes | null): void {
    this.#codes?.dispose();
    this.#codes = codes;
  }

  /** The model as safetensors, with PyTorch's names and layouts; a Gaussian or mixture that its codes are drawn from goes along. */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    const [said, prior] = [await describe(this.name, this.options), await this.options.prior?.save?.()];
    return saveParameters(this.#built.states, said, this.#codes?.tensors, prior);
  }

  /** @internal What `dispose` frees as well: the prior of its file. */ owned: { dispose(): void } | null = null;

  /** @internal The model of a file; `own` are options that a file cannot hold. */
  static read<T extends OptionTable, C extends Code>(
    gpu: Gpu,
    recipe: Recipe<T, Parts<C>>,
    bytes: Uint8Array,
    own: Partial<OptionsOf<T>> | undefined,
    make: (options: OptionsOf<T>, most: number) => LatentModel<T, C>,
  ): LatentModel<T, C> {
    const where = `${recipe.name}.load`;
    const { tensors, options } = parseModel(bytes, recipe.name, own);
    const { prior, ...others } = options;
    return gpu.attempt(() => {
      const model = make(others as unknown as OptionsOf<T>, mostNumbers(tensors));
      if (prior) model.#drawFrom(fittedPrior(where, model.#parts.prior.shape, prior as Density));
      writeParameters(gpu, where, model.#built.states, tensors);
      model.#keep(recipe.codes?.from(where, gpu, tensors, model.options.latent as number) ?? null);
      return model;
    });
  }

  /** Frees the parameters; those of a model that `withPrior` made are the other's. */
  dispose(): void {
    this.#keep(null);
    this.owned?.dispose();
    if (this.#isOwner) this.#built.dispose();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
