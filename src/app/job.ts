import { Dataset } from "../data/dataset.ts";
import type { Mnist, MnistSplit } from "../data/mnist.ts";
import { checkOptions } from "../formats/errors.ts";
import type { Gpu } from "../program/gpu.ts";
import { type JobContext, type ModelEntry, type FittedModel, part } from "./job/modelEntry.ts";
import type { Listener, Stage } from "./job/events.ts";
import { type Evaluator, evaluator } from "./job/evaluator.ts";
import { registry } from "./job/registry.ts";
import { gridPicture } from "./job/pictures.ts";
import { presets, type Settings } from "./job/settings.ts";
import { spectrumOf } from "./job/spectrum.ts";
import { type OnProgress, Stages } from "./job/stages.ts";
import { SCHEMA, type Curve, type ModelReport, type PictureReport, type Preset, type Report } from "./report.ts";

export interface JobOptions {
  preset: Preset;
  /** Of weights, order, noise and samples; a whole number from 0 to 2³² − 1. */
  seed: number;
  /** Other settings than the preset's, for tests. */
  settings?: Partial<Settings>;
  signal?: AbortSignal;
  onProgress?: Listener;
  /** Written into the report. */
  version?: string;
  browser?: string;
}

/** The data set, or what loads it and tells how far that is. */
export type Source =
  | Mnist
  | ((options: { signal?: AbortSignal; onProgress: (at: { step: number; total: number }) => void }) => Promise<Mnist>);

/**
 * The main job: fits every model of the preset to MNIST, draws from it, scores the samples, and reports.
 *
 * An abort rejects with the signal's reason; whatever happens, all GPU memory of the job is freed.
 * Throws LatentError as the parts do.
 */
export async function runJob(gpu: Gpu, source: Source, options: JobOptions): Promise<Report> {
  checkOptions("runJob", options, ["preset", "seed", "settings", "signal", "onProgress", "version", "browser"]);
  const job = new Job(gpu, options);
  try {
    return await job.run(source);
  } finally {
    job.dispose();
  }
}

class Job {
  readonly #gpu: Gpu;
  readonly #options: JobOptions;
  readonly #settings: Settings;
  readonly #entries: readonly ModelEntry[];
  readonly #stages: Stages;
  readonly #list: readonly Stage[];
  readonly #listener: Listener;
  readonly #curves = new Map<string, Curve>();
  readonly #pictures = new Map<string, PictureReport>();
  readonly #owned: { dispose(): void }[] = [];

  constructor(gpu: Gpu, options: JobOptions) {
    const { preset, signal, onProgress } = options;
    this.#gpu = gpu;
    this.#options = options;
    this.#settings = { ...presets[preset], ...options.settings };
    this.#entries = registry(this.#settings);
    this.#listener = (event) => {
      if (event.kind === "curve") this.#curves.set(event.curve.key, event.curve);
      if (event.kind === "picture") this.#pictures.set(event.picture.key, event.picture);
      onProgress?.(event);
    };
    this.#list = [
      { key: "data", title: "MNIST onto the GPU", weight: 2 },
      { key: "spectrum", title: "Covariance spectrum", weight: 15 },
      { key: "network", title: "digits-v1: reference and floor", weight: 20 },
      ...this.#entries.map(({ key, name, weight }) => ({ key, title: name, weight: weight(this.#settings) })),
    ];
    this.#stages = new Stages(this.#list, this.#listener, signal);
  }

  dispose(): void {
    for (const one of this.#owned.reverse()) one.dispose();
  }

  #own<T extends { dispose(): void }>(one: T): T {
    this.#owned.push(one);
    return one;
  }

  async run(source: Source): Promise<Report> {
    const { preset, seed, signal, version = "unknown", browser = "unknown" } = this.#options;
    const begin = performance.now();
    const date = new Date().toISOString();
    const { vendor, architecture, description, software } = this.#gpu.info;
    const adapter = { vendor, architecture, description, software };
    this.#listener({ kind: "start", preset, seed, adapter, stages: [...this.#list] });
    const { context, images } = await this.#stages.run(
      "data",
      (progress) => this.#data(source, progress),
      ({ context: { train, test } }) => `${train.count} to train on, ${test.count} to test on`,
    );
    const spectrum = await this.#stages.run(
      "spectrum",
      (progress) => spectrumOf(context, images, progress),
      ({ shares }) => shares.map((one) => `${one.directions} directions for ${100 * one.share} %`).join(", "),
    );
    this.#listener({ kind: "spectrum", spectrum });
    const chosen = await this.#stages.run(
      "network",
      (progress) => this.#evaluator(context, progress),
      ({ report }) => `right on ${(100 * report.accuracy).toFixed(2)} % of ${report.n}`,
    );
    const models: ModelReport[] = [];
    for (const entry of this.#entries) {
      models.push(
        await this.#stages.run(entry.key, (progress) => this.#model(context, entry, chosen, progress), resultWords),
      );
    }
    signal?.throwIfAborted();
    return {
      schema: SCHEMA,
      tool: "latentgpu",
      version,
      date,
      preset,
      seed,
      seconds: (performance.now() - begin) / 1000,
      adapter,
      browser,
      data: {
        name: "MNIST",
        train: context.train.count,
        test: context.test.count,
        shape: [...context.train.shape],
        pixels: "grey levels 0 to 255, divided by 255",
      },
      network: chosen.report,
      floor: chosen.floor,
      models,
      curves: [...this.#curves.values()],
      spectrum,
      pictures: [...this.#pictures.values()],
    };
  }

  async #data(source: Source, progress: OnProgress): Promise<{ context: JobContext; images: Uint8Array }> {
    const { seed, signal } = this.#options;
    const mnist = typeof source === "function" ? await source({ signal, onProgress: progress }) : source;
    const train = first(mnist.train, this.#settings.trainImages);
    const test = first(mnist.test, this.#settings.testImages);
    const context: JobContext = {
      gpu: this.#gpu,
      train: this.#own(
        Dataset.from(this.#gpu, train.images, [train.count, ...train.shape], {
          labels: train.labels as Uint8Array<ArrayBuffer>,
        }),
      ),
      test: this.#own(
        Dataset.from(this.#gpu, test.images, [test.count, ...test.shape], {
          labels: test.labels as Uint8Array<ArrayBuffer>,
        }),
      ),
      settings: this.#settings,
      seed,
      tell: this.#listener,
      signal,
    };
    const shown = Float32Array.from(
      test.images.subarray(0, this.#settings.grid * context.test.features),
      (byte) => byte / 255,
    );
    this.#grid("test", "Real test images, for comparison.", shown);
    return { context, images: train.images };
  }

  #grid(key: string, caption: string, images: Float32Array): void {
    const count = images.length / 784;
    const picture = gridPicture(key, caption, images, [count, 1, 28, 28], Math.round(Math.sqrt(count)));
    this.#listener({ kind: "picture", picture });
  }

  async #evaluator(context: JobContext, progress: OnProgress): Promise<Evaluator> {
    const chosen = this.#own(await evaluator(context, progress));
    this.#listener({ kind: "floor", floor: chosen.floor });
    return chosen;
  }

  /** One model from fit to pictures. Whatever tensors it leaves behind, also when it is stopped, go with the scope. */
  #model(context: JobContext, entry: ModelEntry, chosen: Evaluator, progress: OnProgress): Promise<ModelReport> {
    return this.#gpu.scope(async () => {
      const start = performance.now();
      const model = await entry.fit(context, part(progress, 0, 0.8));
      try {
        await this.#gpu.idle();
        return await this.#report(
          context,
          entry,
          model,
          chosen,
          (performance.now() - start) / 1000,
          part(progress, 0.8, 1),
        );
      } finally {
        model.dispose();
      }
    });
  }

  async #report(
    { seed, settings }: JobContext,
    { key, name }: ModelEntry,
    model: FittedModel,
    chosen: Evaluator,
    seconds: number,
    progress: OnProgress,
  ): Promise<ModelReport> {
    const measured = await model.score(part(progress, 0, 0.5));
    const images = await this.#gpu.scope(() => model.sample(settings.samples, seed));
    const shown = ((await images.read()) as Float32Array).slice(0, settings.grid * 784);
    const scores = await chosen.scores(images, part(progress, 0.5, 1));
    images.dispose();
    this.#grid(`${key}-samples`, model.caption, shown);
    for (const picture of await model.pictures()) this.#listener({ kind: "picture", picture });
    const { about, parameters } = model;
    const report: ModelReport = { key, name, about, parameters, seconds, ...measured, scores };
    this.#listener({ kind: "model", model: report });
    return report;
  }
}

function first(split: MnistSplit, limit = split.count): MnistSplit {
  const count = Math.min(limit, split.count);
  return { ...split, count, images: split.images.subarray(0, count * 784), labels: split.labels.subarray(0, count) };
}

function resultWords({ logDensity, loss, scores }: ModelReport): string {
  const words = [
    logDensity ? `log p(x) ${logDensity.value.toFixed(1)}` : "",
    loss ? `${loss.kl === undefined ? "BCE" : "BCE + KL"} ${loss.value.toFixed(2)}` : "",
    scores
      ? `Fréchet ${scores.frechetDistance.value.toPrecision(3)}, class score ${scores.classScore.value.toFixed(2)}`
      : "",
  ];
  return words.filter(Boolean).join(", ");
}
