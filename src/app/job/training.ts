import type { FitOptions } from "../../models/latent/fit.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Curve } from "../report.ts";
import type { JobContext } from "./modelEntry.ts";
import { gridPicture } from "./pictures.ts";
import type { OnProgress } from "./stages.ts";

/** Points of the training curve at most; beyond, every second one is dropped, again and again. */
const POINTS = 400;

export interface Training {
  key: string;
  title: string;
  /** What the loss is, such as "BCE + KL". */
  loss: string;
  epochs: number;
  /** Samples for a picture that grows better with each epoch. */
  sample?: (count: number, seed: number) => Tensor;
}

/** Options of a fit that tell of it: progress, the curve of training and test loss, and a grid of samples after each epoch. */
export function training(
  context: JobContext,
  report: OnProgress,
  { key, title, loss, epochs, sample }: Training,
): FitOptions {
  const { gpu, test, settings, seed, signal, tell } = context;
  let batches: [number, number][] = [];
  const tests: [number, number][] = [];
  const curve = (): Curve => ({
    key,
    title: `${title}: ${loss}`,
    x: "epoch",
    y: "nats per image",
    series: [
      { name: "training batches", role: "train", points: batches },
      { name: "test", role: "test", points: tests },
    ],
  });
  let last = 0;
  return {
    epochs,
    seed,
    batch: settings.batch,
    learningRate: settings.learningRate,
    validation: test,
    signal,
    onProgress({ step, total, loss: value, validation }) {
      const epoch = (epochs * step) / total;
      if (validation === undefined) batches.push([epoch, value]);
      else tests.push([epoch, validation]);
      if (batches.length > POINTS) batches = batches.filter((_, i) => i % 2 === 0);
      report({ step, total, status: `${loss} ${value.toFixed(1)}` });
      if (performance.now() - last < 1000 && validation === undefined) return;
      last = performance.now();
      tell({ kind: "curve", curve: curve() });
    },
    ...(sample ? { onEpoch: ({ epoch }) => (epoch < epochs ? show(sample, epoch) : undefined) } : {}),
  };

  async function show(draw: NonNullable<Training["sample"]>, epoch: number): Promise<void> {
    const [values, shape] = await gpu.scope(async () => {
      const images = draw(settings.grid, seed);
      return [(await images.read()) as Float32Array, images.shape] as const;
    });
    const picture = gridPicture(
      `${key}-samples`,
      `${title} after ${epoch} of ${epochs} epochs.`,
      values,
      shape,
      Math.round(Math.sqrt(settings.grid)),
    );
    tell({ kind: "picture", picture });
  }
}

/** Test images of one pass through a network. */
const BATCH = 1000;

/** Means over the test images of what `measure` gives for a batch: tensors [n], added up in float64. */
export async function testMeans(
  { gpu, test, signal }: JobContext,
  measure: (images: Tensor, start: number) => readonly Tensor[],
  report: OnProgress,
): Promise<number[]> {
  let sums: number[] = [];
  for (let start = 0; start < test.count; start += BATCH) {
    signal?.throwIfAborted();
    const stop = Math.min(test.count, start + BATCH);
    const parts = await gpu.scope(async () => {
      const tensors = measure(test.slice(start, stop), start);
      await gpu.evaluate(tensors);
      return Promise.all(tensors.map((tensor) => tensor.read()));
    });
    const added = parts.map((values) => (values as Float32Array).reduce((sum, value) => sum + value, 0));
    sums = added.map((sum, i) => (sums[i] ?? 0) + sum);
    report({ step: stop, total: test.count });
  }
  return sums.map((sum) => sum / test.count);
}
