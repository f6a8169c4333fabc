import type { Dataset } from "../data/dataset.ts";
import type { Gpu } from "../program/gpu.ts";
import type { Program } from "../program/program.ts";
import { abortable } from "../formats/call.ts";
import { checkTerms, type Objective, stepContext, type StepContext } from "./objective.ts";
import { stepOf } from "./optimiser.ts";
import { placeOf } from "./parameters.ts";
import { addTerms, meanTerms, TermHistory, type TermValues } from "./termHistory.ts";

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

/**
 * Compiles `body` for whole batches and, where the data set leaves one, for the rest: the same kernels over fewer rows, so that a
 * mean over the rest is exact, and statistics of a batch see no row that is not there.
 */
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
  /** Means of the terms over the data set; the same draws every time. */
  run(signal?: AbortSignal): Promise<TermValues>;
  dispose(): void;
}

/** What an evaluation is asked for. */
export interface EvaluationOptions {
  readonly batch: number;
  /** Where its random numbers start. */
  readonly seed: number;
  /** Samples in the training set. */
  readonly count: number;
  readonly budgetMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Compiles the means of an objective's terms over `dataset`, without training. */
export async function evaluation(
  gpu: Gpu,
  dataset: Dataset,
  objective: Objective,
  { seed, count, budgetMs, signal, ...options }: EvaluationOptions,
): Promise<Evaluation> {
  const batch = Math.min(options.batch, dataset.count);
  const trainCounters = gpu.state(new Uint32Array(4), [4]);
  const context = (): StepContext => stepContext(gpu, { seed, count, step: stepOf(trainCounters) });
  let history: TermHistory | null = null;
  let pass: Pass | null = null;
  const dispose = () => {
    pass?.dispose();
    history?.dispose();
    trainCounters.dispose();
  };
  try {
    const names = gpu.trace(() => Object.keys(objective(dataset.batch(null, trainCounters, batch), context()))).result;
    history = new TermHistory(gpu, names, Math.ceil(dataset.count / batch));
    const recorder = history;
    const body = (rows: number): void => {
      const terms = objective(dataset.batch(null, trainCounters, rows), context());
      checkTerms("validation", terms);
      recorder.record(trainCounters, terms, terms.loss, rows);
    };
    pass = await passOver(gpu, dataset.count, batch, body, budgetMs, signal);
  } catch (error) {
    dispose();
    throw error;
  }
  const [terms, steps] = [history, pass];
  return {
    async run(signal) {
      gpu.write(placeOf("validation", trainCounters), new Uint32Array(4));
      if (steps.whole) await abortable(steps.run(0, steps.whole), signal);
      if (steps.whole < steps.steps) await abortable(steps.run(steps.whole, 1), signal);
      const at = await abortable(terms.read(), signal);
      const [done, , halted] = await trainCounters.read();
      if (halted) return at(done!);
      const sums = {};
      for (let step = 0; step < steps.steps; step++) addTerms(sums, at(step), steps.rows(step));
      return meanTerms(sums, dataset.count);
    },
    dispose,
  };
}
