import { Dataset, type DatasetSource } from "../../data/dataset.ts";
import { type Draw, drawUniform } from "../../data/streams.ts";
import { check, checkOptions, show } from "../../device/errors.ts";
import type { Shape } from "../../graph/dtype.ts";
import { less } from "../../graph/ops/arithmetic.ts";
import { cast } from "../../graph/ops/cast.ts";
import { Tensor } from "../../graph/tensor.ts";
import { concatenated } from "../../formats/concatenated.ts";
import { flag } from "../../formats/options.ts";
import { type AdamOptions, adam } from "../../nn/adam.ts";
import type { Objective } from "../../nn/objective.ts";
import { checkTrainOptions, trainOptionNames, type TrainOptions } from "../../nn/options.ts";
import type { Schedule } from "../../nn/schedule.ts";
import type { Parameters } from "../../nn/parameters.ts";
import type { Task, TaskUpdate } from "../../nn/task.ts";
import { train, type TrainResult } from "../../nn/train.ts";
import type { Gpu } from "../../program/gpu.ts";
import { checkClasses, checkLabelled } from "./pixels.ts";
import type { FurtherUpdate } from "./recipe.ts";

/** How a network is fitted. */
export interface FitOptions extends Omit<TrainOptions, "validation"> {
  /** Adam's; 1e-3, or a function of the step (`schedule`). */
  readonly learningRate?: number | Schedule;
  /** How strongly parameters are drawn to zero; 0. */
  readonly weightDecay?: number;
  /** The gradient over all parameters is scaled down to at most this Euclidean norm. */
  readonly clipNorm?: number;
  /** The class of each image, where the model has classes and the data set does not say them. */
  readonly labels?: ArrayLike<number> | Tensor;
  /** Images whose loss is measured after every epoch; a Dataset with labels where the model has classes. */
  readonly validation?: Dataset | DatasetSource;
  /** Draws each pixel as 0 or 1, anew in every step, its grey level being the probability of 1 (dynamic binarisation); false. */
  readonly binarize?: boolean;
}

/** Parameters, and the term that they minimise; options of its Adam where they differ from the fit's. */
export interface FitUpdate extends Pick<AdamOptions, "learningRate" | "betas"> {
  readonly parameters: Parameters;
  readonly loss: string;
}

/** What training moves against which term: each further update takes its parameters from the others. */
export function updatesOf(parameters: Parameters, further: readonly FurtherUpdate[] = []): FitUpdate[] {
  const some = (filter: (name: string) => boolean) =>
    Object.fromEntries(Object.entries(parameters).filter(([name]) => filter(name)));
  const rest = some((name) => !further.some(({ of }) => name.startsWith(of)));
  const own = further.map(({ of, ...update }) => ({ parameters: some((name) => name.startsWith(of)), ...update }));
  return [{ parameters: rest, loss: "loss" }, ...own];
}

export interface FitTask {
  readonly gpu: Gpu;
  readonly image: Shape;
  /** Parameters and buffers: what a checkpoint holds. */
  readonly parameters: Parameters;
  /** What is moved against which term, in one step. */
  readonly updates: readonly FitUpdate[];
  readonly objective: Objective;
  readonly metadata: NonNullable<Task["metadata"]>;
  /** How many classes the labels have; without it there are none. */
  readonly classes?: number | undefined;
  /** What floats must lie in. */
  readonly range?: readonly [number, number] | undefined;
  /** Called with the data set when training is over, before it is freed. */
  readonly after?: (dataset: Dataset, signal: AbortSignal | undefined) => Promise<void>;
}

/** Images as a data set of the right shape; `owned` ones are freed by whoever asked. */
export function imagesOf(
  where: string,
  gpu: Gpu,
  images: Dataset | DatasetSource,
  image: Shape,
  labels?: ArrayLike<number> | Tensor,
): { dataset: Dataset; owned: boolean } {
  const labelled = labels === undefined ? {} : { labels };
  const pixels = image.reduce((product, n) => product * n, 1);
  if (images instanceof Dataset) {
    check(images.gpu === gpu, "wrong-device", where, () => "the data set lives on another device.");
    check(
      images.features === pixels,
      "shape",
      where,
      () => `expected images ${show(image)}; got samples ${show(images.shape)}.`,
    );
    if (labels === undefined) return { dataset: images.withShape(image), owned: false };
    return { dataset: Dataset.from(gpu, images.samples, [images.count, ...image], labelled), owned: true };
  }
  const fits = images instanceof Tensor || (ArrayBuffer.isView(images) && "length" in images);
  check(
    fits,
    "argument",
    where,
    () =>
      `expected a Dataset, Tensor, Uint8Array or Float32Array; got ${Array.isArray(images) ? "an array" : typeof images}.`,
  );
  const size = images instanceof Tensor ? images.size : images.length;
  check(size > 0, "data", where, () => "expected at least one image; got none.");
  const count = images instanceof Tensor && images.rank > 1 ? images.shape[0]! : size / pixels;
  check(
    Number.isInteger(count) && count * pixels === size,
    "shape",
    where,
    () => `expected a multiple of ${pixels} values, images ${show(image)}; got ${size}.`,
  );
  return { dataset: Dataset.from(gpu, images, [count, ...image], labelled), owned: true };
}

/** Pixels drawn as 0 or 1: 1 with the probability that the grey level in [0, 1] says. */
const binarized = (x: Tensor, draw: Draw): Tensor => cast(less(drawUniform(x.gpu, x.shape, draw), x), "f32");

/** Fits a model by Adam; everything but the model's own states is freed at the end, however it ends. */
export async function fit(
  where: string,
  task: FitTask,
  images: Dataset | DatasetSource,
  options: FitOptions,
): Promise<TrainResult> {
  checkOptions(where, options, [...trainOptionNames, "learningRate", "weightDecay", "clipNorm", "labels", "binarize"]);
  checkTrainOptions(where, { ...options, validation: undefined } as TrainOptions, options.validation !== undefined);
  const { gpu, image, range, classes } = task;
  const { learningRate = 1e-3, weightDecay = 0, clipNorm, labels, validation, binarize = false, ...rest } = options;
  const { signal } = rest;
  flag().read(where, "binarize", binarize);
  const freed: { dispose(): void }[] = [];
  const datasetOf = async (
    name: string,
    values: Dataset | DatasetSource,
    given?: FitOptions["labels"],
  ): Promise<Dataset> => {
    const { dataset, owned } = imagesOf(name, gpu, values, image, given);
    if (owned) freed.push(dataset);
    await dataset.validate(name, range, signal);
    if (classes === undefined) return dataset;
    checkLabelled(name, dataset.labels !== null, classes);
    checkClasses(name, await dataset.labels!.read({ signal }), classes);
    return dataset;
  };
  if (classes === undefined) checkLabelled(where, labels !== undefined, classes);
  try {
    const dataset = await datasetOf(where, images, labels);
    const validationSet = validation === undefined ? undefined : await datasetOf(`${where} validation`, validation);
    const common = { learningRate, weightDecay, ...(clipNorm === undefined ? {} : { clipNorm }) };
    const updates = task.updates.map(({ parameters: trained, loss, ...own }): TaskUpdate => {
      const optimiser = adam(gpu, trained, { ...common, ...own });
      freed.push(optimiser);
      return { optimiser, loss };
    });
    const { parameters, metadata } = task;
    const objective: Objective = binarize
      ? (images, context) =>
          task.objective({ ...images, x: binarized(images.x, context.draw("binary pixels")) }, context)
      : task.objective;
    const result = await train(
      { gpu, dataset, parameters, updates, objective, metadata },
      { ...rest, ...(validationSet ? { validation: validationSet } : {}) },
    );
    await task.after?.(dataset, signal);
    return result;
  } finally {
    for (const resource of freed.reverse()) resource.dispose();
  }
}

/** Images encoded at once. */
const BLOCK = 2048;

/** What `encode` gives for all images of a data set, row after row: codes [n, latent], or indices as floats. */
export async function codesOf(
  dataset: Dataset,
  encode: (x: Tensor) => Tensor,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (let at = 0; at < dataset.count; at += BLOCK) {
    signal?.throwIfAborted();
    const part = encode(dataset.slice(at, Math.min(dataset.count, at + BLOCK)));
    parts.push((await part.read({ signal })) as Float32Array);
    part.dispose();
  }
  return concatenated(Float32Array, parts);
}
