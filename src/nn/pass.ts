import type { Dataset } from "../data/dataset.ts";
import { advanceStep } from "../graph/ops/adam.ts";
import { part } from "../graph/ops/part.ts";
import { reshape } from "../graph/ops/shape.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import type { Program } from "../program/program.ts";
import { abortable } from "../formats/call.ts";
import { write } from "./optimiser.ts";

/** What a loss may know besides the samples. */
export interface LossContext {
  /** u32 []: a number of its own for each step, for random draws. */
  readonly step: Tensor;
  /** Whether this is a step of training. */
  readonly training: boolean;
  /** The samples' labels as rows with a single 1: [batch, classes]. */
  labels(classes: number): Tensor;
}

/** Mean loss of a batch of samples [batch, …]: f32 []. */
export type Loss = (samples: Tensor, context: LossContext) => Tensor;

/** Steps over one data set: whole batches, and one smaller batch for the rest. */
export interface Pass {
  readonly whole: number;
  readonly steps: number;
  /** Samples in step `step`. */
  rows(step: number): number;
  /** Submits `times` steps from step `step` on; they must be of one size. */
  run(step: number, times: number): Promise<unknown>;
  readonly dispatches: number;
  dispose(): void;
}

/** Compiles `body` for whole batches and, where the data set leaves one, for the rest. */
export async function passOver(
  gpu: Gpu,
  count: number,
  batch: number,
  body: (rows: number) => void,
  budgetMs: number | undefined,
  signal?: AbortSignal,
): Promise<Pass> {
  const whole = Math.floor(count / batch);
  const rest = count % batch;
  const programs: Program<unknown, []>[] = [];
  try {
    if (whole) programs.push(await gpu.compileFor(signal, () => body(batch)));
    if (rest) programs.push(await gpu.compileFor(signal, () => body(rest)));
  } catch (error) {
    for (const program of programs) program.dispose();
    throw error;
  }
  const programOf = (step: number): Program<unknown, []> => (step < whole ? programs[0]! : programs.at(-1)!);
  return {
    whole,
    steps: whole + Number(rest > 0),
    rows: (step) => (step < whole ? batch : rest),
    run: (step, times) => programOf(step).repeat(times, budgetMs === undefined ? {} : { budgetMs }),
    dispatches: programs[0]!.stats.dispatches,
    dispose: () => {
      for (const program of programs) program.dispose();
    },
  };
}

export interface Evaluation {
  /** Mean loss over the data set; the same draws every time. */
  run(signal?: AbortSignal): Promise<number>;
  dispose(): void;
}

/** Compiles the mean of `loss` over `dataset`, without training. */
export async function evaluation(
  gpu: Gpu,
  dataset: Dataset,
  batch: number,
  loss: Loss,
  budgetMs?: number,
  signal?: AbortSignal,
): Promise<Evaluation> {
  const steps = Math.ceil(dataset.count / batch);
  const trainCounters = gpu.state(new Uint32Array(4), [4]);
  const lossHistory = gpu.state(new Float32Array(steps), [steps]);
  const states = [trainCounters, lossHistory];
  const free = () => {
    for (const state of states) state.dispose();
  };
  const body = (rows: number): void => {
    const context: LossContext = {
      step: reshape(part(trainCounters, 0, 0, 1), []),
      training: false,
      labels: (classes) => dataset.classes(null, trainCounters, rows, classes),
    };
    const value = loss(dataset.batch(null, trainCounters, rows), context);
    for (const [i, next] of advanceStep(trainCounters, lossHistory, value, rows).entries())
      gpu.assign(states[i]!, next);
  };
  const pass = await passOver(gpu, dataset.count, Math.min(batch, dataset.count), body, budgetMs, signal).catch(
    (error: unknown) => {
      free();
      throw error;
    },
  );
  return {
    async run(signal) {
      write(gpu, trainCounters, new Uint32Array(4));
      if (pass.whole) await abortable(pass.run(0, pass.whole), signal);
      if (pass.whole < pass.steps) await abortable(pass.run(pass.whole, 1), signal);
      const losses = (await abortable(lossHistory.read(), signal)) as Float32Array;
      const [done, , halted] = await trainCounters.read();
      if (halted) return losses[done!]!;
      return losses.reduce((sum, value, step) => sum + value * pass.rows(step), 0) / dataset.count;
    },
    dispose() {
      pass.dispose();
      free();
    },
  };
}
