import { permutation } from "../data/philox.ts";
import { streamOf } from "../data/streams.ts";
import { check, LatentError } from "../device/errors.ts";
import { grad } from "../graph/grad.ts";
import type { Tensor } from "../graph/tensor.ts";
import { abortable } from "../formats/call.ts";
import { madeUnless } from "./abort.ts";
import { storageOf } from "./arena.ts";
import {
  type EpochRecord,
  type Position,
  readCheckpoint,
  restore,
  trainingRegions,
  writeCheckpoint,
} from "./checkpoint.ts";
import { checkTrainOptions, type TrainOptions } from "./options.ts";
import { type Evaluation, evaluation, type LossContext, type Pass, passOver } from "./pass.ts";
import { Snapshot } from "./snapshot.ts";
import type { Task, TrainResult } from "./task.ts";
import { basesOf, copyStates, type Region, regionsOf } from "./states.ts";

export type { Task, TrainResult };

/** Losses of this many steps fit into the loss history; it is read before it is full. */
const HISTORY_STEPS = 4096;
/** Steps that have been submitted, and what will be known of them. */
interface Block {
  readonly times: number;
  /** The states before it. */
  readonly snapshot: Snapshot;
  /** Losses, train counters, and whether all states are numbers after it. */
  readonly values: Promise<readonly [Float32Array, Uint32Array, boolean]>;
}

const INTERVAL = 0.2; // seconds of work between two looks at losses and signal

/**
 * Trains: each epoch takes the samples in a new order drawn from the seed, batch by batch, the rest as a smaller batch.
 *
 * Many steps go into one submit; losses stay on the GPU and are read a few times a second. Same seed, same device: same bits,
 * also after `resume`. An abort rejects with the signal's reason and leaves the parameters of the last step.
 *
 * Throws LatentError: "numeric" when a loss is not finite (naming step and learning rate; the parameters are those before that
 * step), "argument" on options or a checkpoint of another run, "format" on a broken checkpoint.
 *
 *     await train(task, { epochs: 3, batch: 128 });
 */
export function train(task: Task, options: TrainOptions): Promise<TrainResult> {
  return task.gpu.outside(async () => {
    const run = new Run(task, checkTrainOptions("train", options));
    try {
      return await run.train();
    } finally {
      run.dispose();
    }
  });
}

type Settings = ReturnType<typeof checkTrainOptions>;

class Run {
  readonly #task: Task;
  readonly #settings: Settings;
  readonly #order: Tensor;
  readonly #lossHistory: Tensor;
  readonly #owned: Tensor[] = [];
  readonly #snapshots: [Snapshot, Snapshot];
  /** When the last block was done, in milliseconds. */
  #finished = 0;
  readonly #regions: readonly Region[];
  #best: readonly Tensor[] = [];
  #pass: Pass | null = null;
  #evaluation: Evaluation | null = null;
  #position: Position;
  #secondsPerStep: number | null = null;
  #sinceReport = { sum: 0, samples: 0 };
  readonly #begin = performance.now();
  #stepsBefore = 0;

  constructor(task: Task, settings: Settings) {
    const { gpu, dataset, optimiser, states } = task;
    this.#task = task;
    this.#settings = settings;
    const model = regionsOf(states);
    this.#regions = [...model, ...trainingRegions(model, optimiser)];
    try {
      this.#order = this.#keep(gpu.state(new Uint32Array(dataset.count), [dataset.count]));
      this.#lossHistory = this.#keep(gpu.state(new Float32Array(HISTORY_STEPS), [HISTORY_STEPS]));
      const bases = basesOf(this.#regions);
      this.#snapshots = gpu.attempt(() => [new Snapshot(gpu, bases), new Snapshot(gpu, bases)]);
    } catch (error) {
      for (const tensor of this.#owned) tensor.dispose();
      throw error;
    }
    const { seed, batch } = settings;
    this.#position = {
      epoch: 0,
      stepInEpoch: 0,
      step: 0,
      seed,
      batch,
      count: dataset.count,
      lossSum: 0,
      history: [],
      best: null,
    };
  }

  #keep(tensor: Tensor): Tensor {
    this.#owned.push(tensor);
    return tensor;
  }

  async train(): Promise<TrainResult> {
    const { gpu, dataset } = this.#task;
    const { batch, epochs, validation, signal, earlyStopping, resume, budgetMs } = this.#settings;
    const bases = basesOf(regionsOf(this.#task.states));
    if (earlyStopping) this.#best = bases.map((base) => gpu.state(new Float32Array(base.size), base.shape));
    if (resume) this.#resume(resume);
    const step = (rows: number) => this.#step(rows);
    this.#pass = await madeUnless(
      signal,
      passOver(gpu, dataset.count, Math.min(batch, dataset.count), step, budgetMs, signal),
    );
    await abortable(Promise.all(this.#snapshots.map((snapshot) => snapshot.compile(signal))), signal);
    if (validation)
      this.#evaluation = await madeUnless(
        signal,
        evaluation(gpu, validation, Math.min(batch, validation.count), this.#task.loss, budgetMs, signal),
      );
    let stopped = false;
    while (this.#position.epoch < epochs && !stopped) {
      await this.#epoch();
      stopped = await this.#endEpoch(bases);
    }
    const { best, history, step: steps } = this.#position;
    if (best && this.#best.length) copyStates(gpu, this.#best, bases);
    await abortable(gpu.idle(), signal);
    return { history, steps, stopped, bestEpoch: best?.epoch ?? null, dispatches: this.#pass.dispatches };
  }

  /** Traced: one training step on `rows` samples. */
  #step(rows: number): void {
    const { dataset, optimiser, loss } = this.#task;
    const { trainCounters } = optimiser;
    const context: LossContext = {
      step: optimiser.step,
      training: true,
      labels: (classes) => dataset.classes(this.#order, trainCounters, rows, classes),
    };
    const value = loss(dataset.batch(this.#order, trainCounters, rows), context);
    optimiser.update(grad(value, optimiser.parameters), { loss: value, lossHistory: this.#lossHistory, rows });
  }

  async #epoch(): Promise<void> {
    const { gpu, dataset, optimiser } = this.#task;
    const { seed, batch, checkpoint, signal } = this.#settings;
    const pass = this.#pass!;
    const order = permutation(dataset.count, { seed, stream: streamOf("order"), step: this.#position.epoch });
    gpu.write(storageOf("train", this.#order), order);
    const trainCounters = storageOf("train", optimiser.trainCounters);
    gpu.write(
      { ...trainCounters, offset: trainCounters.offset + 4 },
      Uint32Array.of(this.#position.stepInEpoch * batch),
    );
    let { stepInEpoch, step } = this.#position;
    // the losses of one block are read while the next one runs
    let late: Block | null = null;
    while (stepInEpoch < pass.steps) {
      const left = stepInEpoch < pass.whole ? pass.whole - stepInEpoch : 1;
      const paced = this.#secondsPerStep === null ? 1 : Math.max(1, Math.floor(INTERVAL / this.#secondsPerStep));
      const every = checkpoint?.everySteps;
      const times = Math.min(left, paced, HISTORY_STEPS / 2, every ? every - (step % every) : left);
      const block: Block = await abortable(this.#submit(stepInEpoch, times), signal);
      stepInEpoch += times;
      step += times;
      if (late) await abortable(this.#losses(late), signal);
      late = block;
      if ((every && step % every === 0) || stepInEpoch === pass.steps) {
        await abortable(this.#losses(block), signal);
        late = null;
        if (every && step % every === 0) await this.#save();
      }
    }
  }

  /** Submits `times` steps, and behind them what reads their losses. */
  async #submit(stepInEpoch: number, times: number): Promise<Block> {
    // two in turn: the one before is needed until its block is known to be good
    this.#snapshots.reverse();
    const [snapshot] = this.#snapshots;
    this.#finished ||= performance.now();
    snapshot.take();
    await this.#pass!.run(stepInEpoch, times);
    const { answer } = await snapshot.asked();
    const reads = [
      this.#lossHistory.read() as Promise<Float32Array>,
      this.#task.optimiser.trainCounters.read() as Promise<Uint32Array>,
      answer,
    ] as const;
    const values = Promise.all(reads);
    values.catch(() => {});
    return { times, snapshot, values };
  }

  /** Reads the losses of a block, moves on by it and reports. */
  async #losses({ times, snapshot, values }: Block): Promise<void> {
    const [lossHistory, trainCounters, finite] = await values;
    this.#settings.signal?.throwIfAborted();
    const before = this.#position;
    if (!finite) await this.#overflowed(times, snapshot);
    if (trainCounters[2] !== 0)
      await this.#diverged(trainCounters[0]!, lossHistory[trainCounters[0]! % HISTORY_STEPS]!);
    let { lossSum } = before;
    for (let i = 0; i < times; i++) {
      const rows = this.#pass!.rows(before.stepInEpoch + i);
      const part = lossHistory[(before.step + i) % HISTORY_STEPS]! * rows;
      lossSum += part;
      this.#sinceReport.sum += part;
      this.#sinceReport.samples += rows;
    }
    this.#position = { ...before, step: before.step + times, stepInEpoch: before.stepInEpoch + times, lossSum };
    const now = performance.now();
    const seconds = (now - this.#finished) / 1000 / times;
    this.#finished = now;
    // the first steps of a program include the driver's own compilation
    this.#secondsPerStep =
      this.#secondsPerStep === null || times < 3 ? seconds : 0.5 * (this.#secondsPerStep + seconds);
    this.#report();
  }

  /** Goes back to the last step of these that left every parameter and moment a number: steps are the same each time. */
  async #overflowed(times: number, snapshot: Snapshot): Promise<never> {
    const { step, stepInEpoch } = this.#position;
    snapshot.restore();
    let good = 0;
    for (; good < times; good++) {
      this.#settings.signal?.throwIfAborted();
      await this.#pass!.run(stepInEpoch, 1);
      if (!(await snapshot.isFinite())) break;
    }
    snapshot.restore();
    if (good > 0) await this.#pass!.run(stepInEpoch, good);
    const rate = await this.#task.optimiser.rateAt(step + good);
    throw new LatentError(
      "numeric",
      `train: the update of step ${step + good} overflows (epoch ${this.#position.epoch}, learning rate ${rate}). The parameters are those before that step; lower the rate or set clipNorm.`,
    );
  }

  async #diverged(step: number, loss: number): Promise<never> {
    const rate = await this.#task.optimiser.rateAt(step);
    const epoch = this.#position.epoch;
    throw new LatentError(
      "numeric",
      `train: loss is ${loss} at step ${step} (epoch ${epoch}, learning rate ${rate}). The parameters are those before that step; lower the rate or set clipNorm.`,
    );
  }

  #report(validation?: number): void {
    const { onProgress, epochs } = this.#settings;
    const { step } = this.#position;
    const total = epochs * this.#pass!.steps;
    const seconds = (performance.now() - this.#begin) / 1000;
    const done = step - this.#stepsBefore;
    const { sum, samples } = this.#sinceReport;
    this.#sinceReport = { sum: 0, samples: 0 };
    const last = this.#position.history.at(-1)?.loss ?? Number.NaN;
    onProgress?.({
      step,
      total,
      loss: samples ? sum / samples : last,
      seconds,
      eta: done ? (seconds * (total - step)) / done : 0,
      ...(validation === undefined ? {} : { validation }),
    });
  }

  /** Validation, the best parameters, the checkpoint. Returns whether to stop. */
  async #endEpoch(bases: readonly Tensor[]): Promise<boolean> {
    const { gpu, dataset } = this.#task;
    const { earlyStopping, checkpoint, signal } = this.#settings;
    const { epoch, lossSum, history } = this.#position;
    const validation = await this.#evaluation?.run(signal);
    const record: EpochRecord = { loss: lossSum / dataset.count, ...(validation === undefined ? {} : { validation }) };
    let { best } = this.#position;
    if (
      earlyStopping &&
      validation !== undefined &&
      !(validation >= (best?.loss ?? Infinity) - (best ? (earlyStopping.minDelta ?? 0) : 0))
    ) {
      check(
        Number.isFinite(validation),
        "numeric",
        "train",
        () => `validation loss is ${validation} after epoch ${epoch}.`,
      );
      best = { epoch, loss: validation };
      copyStates(gpu, bases, this.#best);
    }
    this.#position = {
      ...this.#position,
      epoch: epoch + 1,
      stepInEpoch: 0,
      lossSum: 0,
      history: [...history, record],
      best,
    };
    if (validation !== undefined) this.#report(validation);
    if (checkpoint && !checkpoint.everySteps) await this.#save();
    return earlyStopping !== undefined && best !== null && epoch - best.epoch >= earlyStopping.patience;
  }

  /** Regions of the best parameters so far, where they are kept. */
  #bestRegions(): Region[] {
    const bases = basesOf(regionsOf(this.#task.states));
    return regionsOf(this.#task.states).map((r) => ({
      ...r,
      name: `best.${r.name}`,
      base: this.#best[bases.indexOf(r.base)]!,
    }));
  }

  async #save(): Promise<void> {
    const { checkpoint, signal } = this.#settings;
    const regions = [...this.#regions, ...(this.#position.best ? this.#bestRegions() : [])];
    const bytes = await abortable(writeCheckpoint(regions, this.#position, this.#task.metadata ?? {}), signal);
    await checkpoint!.save(bytes, { epoch: this.#position.epoch, step: this.#position.step });
    signal?.throwIfAborted();
  }

  #resume(bytes: Uint8Array): void {
    const { tensors, position } = readCheckpoint(bytes);
    for (const name of ["seed", "batch", "count"] as const)
      check(
        position[name] === this.#position[name],
        "argument",
        "resume",
        () => `${name} differs from the checkpoint's. Expected ${position[name]}; got ${this.#position[name]}.`,
      );
    const keepsBest = position.best !== null && this.#best.length > 0;
    restore(this.#task.gpu, "resume", [...this.#regions, ...(keepsBest ? this.#bestRegions() : [])], tensors);
    this.#position = keepsBest ? position : { ...position, best: null };
    this.#stepsBefore = position.step;
  }

  dispose(): void {
    this.#pass?.dispose();
    this.#evaluation?.dispose();
    for (const snapshot of this.#snapshots) snapshot.dispose();
    for (const tensor of [...this.#owned, ...this.#best]) tensor.dispose();
  }
}
