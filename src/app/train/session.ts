import { Dataset } from "../../data/dataset.ts";
import { progressOf } from "../../formats/call.ts";
import { count as sizeOf } from "../../graph/dtype.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { LatentModel } from "../../models/latent/model.ts";
import { TrainingControl } from "../../nn/control.ts";
import type { Gpu } from "../../program/gpu.ts";
import { models } from "../familyModels.ts";
import { isCheckpoint, opened } from "./file.ts";
import type { ImageSet } from "./images.ts";
import type { Answer } from "./messages.ts";
import { isSteered, optionsOf, type TrainSettings } from "./settings.ts";

/** Steps between two checkpoints. */
const CHECKPOINT_STEPS = 100;

/** One model in training, steered while it runs. */
export class Session {
  readonly model: LatentModel;
  readonly #control = new TrainingControl();
  readonly #gpu: Gpu;
  readonly #settings: TrainSettings;
  readonly #set: ImageSet;
  readonly #from: Uint8Array | null;
  readonly #abort = new AbortController();
  readonly #rate: Tensor;
  readonly #beta: Tensor | null;
  #step: number;
  /** When the first report came, with what is paused left out, and its step: the driver compiles before it. */
  #pace: { since: number; readonly step: number } | null = null;
  /** When it was paused. */
  #pausedAt = 0;
  /** Whether it waits until somebody lets it go on. */
  #paused = false;
  /** Works that need the training to hold still. */
  #works = 0;

  /** Throws LatentError on options that the model refuses, or a file of another one. */
  constructor(gpu: Gpu, settings: TrainSettings, set: ImageSet, from: Uint8Array | null) {
    const { model, seed, learningRate } = settings;
    const { options } = settings;
    this.#gpu = gpu;
    this.#settings = settings;
    this.#set = set;
    this.#from = from;
    this.#step = (from && opened(from).step) ?? 0;
    const all = optionsOf(model, set.image, options);
    const first = gpu.attempt(() => {
      const beta = isSteered(all) ? gpu.state(all["beta"] as number) : null;
      const rate = gpu.state(learningRate);
      const steered = beta ? { beta } : {};
      const fresh = from
        ? models[model].load(gpu, from, steered as never)
        : new models[model](gpu, { image: set.image, ...options, ...steered, seed } as never);
      return { beta, rate, model: fresh };
    });
    this.#beta = first.beta;
    this.#rate = first.rate;
    this.model = first.model;
  }

  /** Steps done. */
  get step(): number {
    return this.#step;
  }

  /** Whether a pause is asked for that nobody has ended. */
  get paused(): boolean {
    return this.#paused;
  }

  /** The weight of the divergence, and the learning rate, from the next submitted step on. */
  steer({ beta, learningRate }: { readonly beta?: number; readonly learningRate?: number }): void {
    if (beta !== undefined) this.#beta?.write(beta);
    if (learningRate !== undefined) this.#rate.write(learningRate);
  }

  /** Trains to the end; `reported` is called after each report. Rejects with an AbortError after `stop`. */
  async run(tell: (answer: Answer) => void, reported: () => void): Promise<void> {
    const { epochs, batch, seed } = this.#settings;
    const { train, labels, image } = this.#set;
    const count = train.length / sizeOf(image);
    const data = Dataset.from(this.#gpu, train, [count, ...image], labels ? { labels: labels.train } : {});
    try {
      await this.model.fit(data, {
        epochs,
        batch,
        seed,
        learningRate: () => this.#rate,
        control: this.#control,
        signal: this.#abort.signal,
        ...(this.#from && isCheckpoint(this.#from) ? { resume: this.#from } : {}),
        checkpoint: {
          everySteps: CHECKPOINT_STEPS,
          save: (bytes, { step }) => tell({ kind: "checkpoint", bytes, step }),
        },
        onProgress: ({ step, total, terms }) => {
          this.#step = step;
          const { since, step: first } = (this.#pace ??= { since: performance.now(), step });
          // views take their time as well, which the training's own estimate leaves out
          const { eta } = progressOf(since, step, total, step - first);
          tell({ kind: "progress", step, total, eta, terms });
          reported();
        },
      });
    } finally {
      data.dispose();
    }
  }

  /** Resolves when no step runs. */
  pause(): Promise<void> {
    this.#markPause();
    return this.#control.pause();
  }

  /** Resolves when one more step is done. */
  oneStep(): Promise<void> {
    this.#markPause();
    return this.#control.step();
  }

  #markPause(): void {
    if (!this.#paused) this.#pausedAt = performance.now();
    this.#paused = true;
  }

  resume(): void {
    if (this.#paused && this.#pace) this.#pace.since += performance.now() - this.#pausedAt;
    this.#paused = false;
    if (this.#works === 0) this.#control.resume();
  }

  /** Does something between two steps: beside them, their times would say nothing of how many may go into one submit. */
  async between(work: () => Promise<void>): Promise<void> {
    this.#works++;
    try {
      await this.#control.pause();
      await work();
    } finally {
      this.#works--;
      if (!this.#paused) this.resume();
    }
  }

  /** The model's file, and the step after which it is so. */
  async save(): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly step: number }> {
    let saved: { readonly bytes: Uint8Array<ArrayBuffer>; readonly step: number } | undefined;
    await this.between(async () => {
      saved = { bytes: await this.model.save(), step: this.#step };
    });
    return saved!;
  }

  /** Ends the training, which rejects with `reason`. Steps that were submitted are waited for, so that `step` is that of the parameters. */
  async stop(reason: unknown = new DOMException("The training was stopped.", "AbortError")): Promise<void> {
    const abort = async (): Promise<void> => this.#abort.abort(reason);
    // before the first report it compiles, which may take long
    await (this.#pace ? this.between(abort) : abort());
    this.resume();
  }

  dispose(): void {
    this.model.dispose();
    this.#beta?.dispose();
    this.#rate.dispose();
  }
}
