import { permutation } from "../data/philox.ts";
import { streamOf } from "../data/streams.ts";
import { check } from "../device/errors.ts";
import { abortable, madeUnless } from "../formats/call.ts";
import { Best } from "./best.ts";
import { type EpochRecord, type Position, readCheckpoint, restore, writeCheckpoint } from "./checkpoint.ts";
import { checkTrainOptions, type TrainOptions } from "./options.ts";
import { basesOf } from "./parameters.ts";
import { type Evaluation, evaluation, type Pass, passOver } from "./pass.ts";
import { Reporter } from "./progress.ts";
import { Snapshot } from "./snapshot.ts";
import type { Task, TrainResult } from "./task.ts";
import { addTerms, meanTerms, type TermValues } from "./termHistory.ts";
import { TrainStep } from "./trainStep.ts";

export type { Task, TrainResult };

/** Steps whose terms are kept on the GPU; they are read before others take their places. */
const KEPT = 4096;

/** Steps that have been submitted, and what will be known of them. */
interface Block {
  readonly times: number;
  /** The states before it. */
  readonly snapshot: Snapshot;
  /** The terms of a step, train counters, and whether all states are numbers after it. */
  readonly values: Promise<readonly [(step: number) => TermValues, Uint32Array, boolean]>;
}

const INTERVAL = 0.2; // seconds of work between two looks at terms and signal

/**
 * Trains: each epoch takes the samples in a new order drawn from the seed, batch by batch, the rest as a smaller batch.
 *
 * Many steps go into one submit; the terms of the objective stay on the GPU and are read a few times a second. Same seed, same
 * device: same bits, also after `resume`. An abort rejects with the signal's reason and leaves the parameters of the last step.
 *
 * Throws LatentError: "numeric" when a loss is not finite (naming step and learning rate; the parameters are those before that
 * step), "argument" on options or a checkpoint of another run, "format" on a broken checkpoint.
 *
 *     await train(task, { epochs: 3, batch: 128 });
 */
export function train(task: Task, options: TrainOptions): Promise<TrainResult> {
  return task.gpu.outside(async () => {
    const settings = checkTrainOptions("train", options);
    settings.control?.begin();
    try {
      const run = new Run(task, settings);
      try {
        return await run.train();
      } finally {
        run.dispose();
      }
    } finally {
      settings.control?.end();
    }
  });
}

type Settings = ReturnType<typeof checkTrainOptions>;

class Run {
  readonly #task: Task;
  readonly #settings: Settings;
  readonly #reporter: Reporter;
  readonly #step: TrainStep;
  readonly #snapshots: [Snapshot, Snapshot];
  readonly #best: Best | null;
  readonly #owned: { dispose(): void }[] = [];
  /** When the last block was done, in milliseconds. */
  #finished = 0;
  /** The block before that one: when its time began, and its steps. */
  #before = { since: 0, steps: 0 };
  #pass: Pass | null = null;
  #evaluation: Evaluation | null = null;
  #position: Position;
  #secondsPerStep: number | null = null;

  constructor(task: Task, settings: Settings) {
    const { gpu, dataset, parameters } = task;
    const { seed, batch, earlyStopping } = settings;
    this.#task = task;
    this.#settings = settings;
    this.#reporter = new Reporter(settings.onProgress);
    const own = <T extends { dispose(): void }>(resource: T): T => (this.#owned.push(resource), resource);
    try {
      this.#step = own(new TrainStep(task, seed, Math.min(batch, dataset.count), KEPT));
      const bases = basesOf(Object.values(this.#step.states));
      this.#snapshots = [own(new Snapshot(gpu, bases)), own(new Snapshot(gpu, bases))];
      this.#best = earlyStopping ? own(new Best(gpu, parameters, earlyStopping)) : null;
    } catch (error) {
      this.dispose();
      throw error;
    }
    const { count } = dataset;
    this.#position = { epoch: 0, stepInEpoch: 0, step: 0, seed, batch, count, sums: {}, history: [], best: null };
  }

  async train(): Promise<TrainResult> {
    const { gpu, dataset } = this.#task;
    const { batch, epochs, seed, validation, signal, resume, budgetMs } = this.#settings;
    for (const { optimiser } of this.#task.updates) optimiser.reset();
    if (resume) this.#resume(resume);
    const step = (rows: number) => this.#step.record(rows);
    this.#pass = await madeUnless(
      signal,
      passOver(gpu, dataset.count, Math.min(batch, dataset.count), step, budgetMs, signal),
    );
    await abortable(Promise.all(this.#snapshots.map((snapshot) => snapshot.compile(signal))), signal);
    if (validation)
      this.#evaluation = await madeUnless(
        signal,
        evaluation(gpu, validation, this.#task.objective, { batch, seed, count: dataset.count, budgetMs, signal }),
      );
    // a checkpoint may be of a run that early stopping has ended
    while (this.#position.epoch < epochs && !this.#isOver) {
      await this.#epoch();
      await this.#endEpoch();
    }
    const stopped = this.#isOver;
    const { best, history, step: steps } = this.#position;
    if (best) this.#best?.restore();
    await abortable(gpu.idle(), signal);
    return { history, steps, stopped, bestEpoch: best?.epoch ?? null, dispatches: this.#pass.dispatches };
  }

  async #epoch(): Promise<void> {
    const { dataset } = this.#task;
    const { seed, batch, checkpoint, control, signal } = this.#settings;
    const pass = this.#pass!;
    const order = permutation(dataset.count, { seed, stream: streamOf("order"), step: this.#position.epoch });
    this.#step.begin(order, this.#position.stepInEpoch * batch);
    let { stepInEpoch, step } = this.#position;
    // the terms of one block are read while the next one runs
    let late: Block | null = null;
    while (stepInEpoch < pass.steps) {
      const left = stepInEpoch < pass.whole ? pass.whole - stepInEpoch : 1;
      const paced = this.#secondsPerStep === null ? 1 : Math.max(1, Math.floor(INTERVAL / this.#secondsPerStep));
      const every = checkpoint?.everySteps;
      const most = Math.min(left, paced, KEPT / 2, every ? every - (step % every) : left);
      const times = control?.take(most) ?? most;
      const block: Block = await abortable(this.#submit(stepInEpoch, times), signal);
      stepInEpoch += times;
      step += times;
      if (late) await abortable(this.#settle(late), signal);
      late = block;
      const saves = every !== undefined && step % every === 0;
      if (saves || stepInEpoch === pass.steps || control?.paused) {
        await abortable(this.#settle(block), signal);
        late = null;
        if (saves) await this.#save();
        await this.#untilResumed();
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
    const reads = [this.#step.history.read(), this.#step.trainCounters.read() as Promise<Uint32Array>, answer] as const;
    const values = Promise.all(reads);
    values.catch(() => {});
    return { times, snapshot, values };
  }

  /** Reads the terms of a block, moves on by it and reports. */
  async #settle({ times, snapshot, values }: Block): Promise<void> {
    const [at, counters, finite] = await values;
    this.#settings.signal?.throwIfAborted();
    const before = this.#position;
    if (!finite) await this.#overflowed(times, snapshot);
    if (counters[2] !== 0) throw await this.#step.diverged(counters[0]!, before.epoch, at(counters[0]!));
    const sums = { ...before.sums };
    for (let i = 0; i < times; i++) {
      const rows = this.#pass!.rows(before.stepInEpoch + i);
      const terms = at(before.step + i);
      addTerms(sums, terms, rows);
      this.#reporter.add(terms, rows);
    }
    this.#position = { ...before, step: before.step + times, stepInEpoch: before.stepInEpoch + times, sums };
    const now = performance.now();
    // a block is read when the next is submitted, which may wait for it: of two that end together the second seems to take no time
    const { since, steps } = this.#before;
    const seconds = (now - (steps ? since : this.#finished)) / 1000 / (times + steps);
    this.#before = { since: this.#finished, steps: times };
    this.#finished = now;
    // the first steps of a program include the driver's own compilation
    this.#secondsPerStep =
      this.#secondsPerStep === null || times < 3 ? seconds : 0.5 * (this.#secondsPerStep + seconds);
    this.#report();
  }

  /** Waits while the control asks for a pause; the time does not count. */
  async #untilResumed(): Promise<void> {
    const { control, signal } = this.#settings;
    if (!control?.paused) return;
    const since = performance.now();
    await abortable(this.#task.gpu.idle(), signal);
    await control.untilResumed(signal);
    this.#reporter.skip(since);
    this.#finished = performance.now();
    this.#before = { since: 0, steps: 0 };
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
    throw await this.#step.overflowed(step + good, this.#position.epoch);
  }

  #report(validation?: number): void {
    const { steps } = this.#pass!;
    this.#reporter.report(this.#position.step, this.#settings.epochs * steps, validation);
  }

  /** Whether early stopping ends the run here. */
  get #isOver(): boolean {
    const { epoch, best } = this.#position;
    return this.#best?.isOver(epoch - 1, best) ?? false;
  }

  /** Validation, the best parameters, the checkpoint, whoever listens. */
  async #endEpoch(): Promise<void> {
    const { checkpoint, epochs, onEpoch, signal } = this.#settings;
    const { epoch, sums, step, history } = this.#position;
    const terms = meanTerms(sums, this.#position.count);
    const validation = await this.#evaluation?.run(signal);
    const epochRecord: EpochRecord = {
      loss: terms["loss"]!,
      terms,
      ...(validation ? { validation: validation["loss"]!, validationTerms: validation } : {}),
    };
    const best =
      validation && this.#best
        ? this.#best.consider(epoch, validation["loss"]!, this.#position.best)
        : this.#position.best;
    const next = { epoch: epoch + 1, stepInEpoch: 0, sums: {}, history: [...history, epochRecord], best };
    this.#position = { ...this.#position, ...next };
    if (validation) this.#report(validation["loss"]);
    if (checkpoint && !checkpoint.everySteps) await this.#save();
    await onEpoch?.({ ...epochRecord, epoch: epoch + 1, epochs, step });
    signal?.throwIfAborted();
    await this.#untilResumed();
  }

  async #save(): Promise<void> {
    const { checkpoint, signal } = this.#settings;
    const { best, epoch, step } = this.#position;
    const states = { ...this.#step.states, ...(best ? this.#best?.parameters : {}) };
    const { metadata = {} } = this.#task;
    const said = typeof metadata === "function" ? await abortable(metadata(), signal) : metadata;
    const bytes = await abortable(writeCheckpoint(states, this.#position, said), signal);
    await checkpoint!.save(bytes, { epoch, step });
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
    const best = position.best && this.#best;
    restore(this.#task.gpu, "resume", { ...this.#step.states, ...(best ? best.parameters : {}) }, tensors);
    // what a checkpoint of an earlier version does not know of its epoch
    const unknown = position.stepInEpoch > 0 ? this.#step.history.names.map((name) => [name, Number.NaN] as const) : [];
    const sums = { ...Object.fromEntries(unknown), ...position.sums };
    this.#position = { ...position, sums, best: best ? position.best : null };
    this.#reporter.startFrom(position.step);
  }

  dispose(): void {
    this.#pass?.dispose();
    this.#evaluation?.dispose();
    for (const owned of this.#owned) owned.dispose();
  }
}
