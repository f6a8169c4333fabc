import { check, LatentError, quote } from "../device/errors.ts";
import { grad } from "../graph/grad.ts";
import { add, mul } from "../graph/ops/arithmetic.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkTerms, type StepContext, stepContext, type Terms } from "./objective.ts";
import { stepOf } from "./optimiser.ts";
import { type Parameters, placeOf, prefixed } from "./parameters.ts";
import type { Task } from "./task.ts";
import { TermHistory, type TermValues } from "./termHistory.ts";

/** The train counters, in checkpoints of all versions. */
const COUNTERS = "optimiser.clock";

/** One step of a task as it is recorded, and the states that it needs besides the task's own. */
export class TrainStep {
  readonly #task: Task;
  readonly #seed: number;
  /** u32 [count]: the samples' order in this epoch. */
  readonly #order: Tensor;
  /** u32 [4]: step, position in the order, halted, unused. */
  readonly trainCounters: Tensor;
  /** Terms of the last steps. */
  readonly history: TermHistory;
  /** Everything that a checkpoint holds: the task's parameters, what its optimisers remember, and the train counters. */
  readonly states: Parameters;

  /** Steps of `batch` samples; terms of `steps` of them stay on the GPU. */
  constructor(task: Task, seed: number, batch: number, steps: number) {
    const { gpu, dataset, updates, parameters } = task;
    this.#task = task;
    this.#seed = seed;
    const first = gpu.attempt(() => {
      const order = gpu.state(new Uint32Array(dataset.count), [dataset.count]);
      const trainCounters = gpu.state(new Uint32Array(4), [4]);
      const names = gpu.trace(() => Object.keys(this.#terms(order, trainCounters, batch))).result;
      const moments = updates.map(({ optimiser, loss = "loss" }, i) =>
        prefixed(i ? `optimiser.${loss}.` : "optimiser.", optimiser.moments),
      );
      const states = distinct([parameters, ...moments, { [COUNTERS]: trainCounters }]);
      return { order, trainCounters, states, history: new TermHistory(gpu, names, steps) };
    });
    this.#order = first.order;
    this.trainCounters = first.trainCounters;
    this.history = first.history;
    this.states = first.states;
  }

  #terms(order: Tensor, trainCounters: Tensor, rows: number): Terms {
    const { gpu, dataset, objective, updates } = this.#task;
    const options = { seed: this.#seed, step: stepOf(trainCounters), training: true, count: dataset.count };
    const context: StepContext = stepContext(gpu, options);
    const terms = objective(dataset.batch(order, trainCounters, rows), context);
    checkTerms("train", terms, ["loss", ...updates.map(({ loss = "loss" }) => loss)]);
    return terms;
  }

  /** Traced: one training step on `rows` samples. All gradients are taken before any parameter moves. */
  record(rows: number): void {
    const { updates } = this.#task;
    const { trainCounters } = this;
    const terms = this.#terms(this.#order, trainCounters, rows);
    const losses = updates.map(({ loss = "loss" }) => terms[loss]!);
    const gradients = updates.map(({ optimiser }, i) => grad(losses[i]!, optimiser.parameters));
    // the loss, or no number where another one is none: then nothing moves
    const guard = losses.filter((x) => x !== terms.loss).reduce((sum, x) => add(sum, mul(x, 0)), terms.loss);
    for (const [i, { optimiser }] of updates.entries()) optimiser.update(gradients[i]!, { loss: guard, trainCounters });
    this.history.record(trainCounters, terms, guard, rows);
  }

  /** Starts an epoch, or goes on in it, at sample `position` of `order`. */
  begin(order: Uint32Array<ArrayBuffer>, position: number): void {
    const { gpu } = this.#task;
    gpu.write(placeOf("train", this.#order), order);
    const counters = placeOf("train", this.trainCounters);
    gpu.write({ ...counters, offset: counters.offset + 4 }, Uint32Array.of(position));
  }

  /** What to throw where a loss was no number at `step`. */
  async diverged(step: number, epoch: number, terms: TermValues): Promise<LatentError> {
    const losses = ["loss", ...this.#task.updates.map(({ loss = "loss" }) => loss)];
    const name = losses.filter((loss) => !Number.isFinite(terms[loss])).at(-1) ?? "loss";
    return this.#fault(`${name} is ${terms[name]} at step ${step}`, step, epoch);
  }

  /** What to throw where the update of `step` left the finite numbers. */
  overflowed(step: number, epoch: number): Promise<LatentError> {
    return this.#fault(`the update of step ${step} overflows`, step, epoch);
  }

  async #fault(what: string, step: number, epoch: number): Promise<LatentError> {
    const all = await Promise.all(this.#task.updates.map(({ optimiser }) => optimiser.ratesAt(step)));
    const rates = [...new Set(all.flat())].join(", ");
    return new LatentError(
      "numeric",
      `train: ${what} (epoch ${epoch}, learning rate ${rates}). The parameters are those before that step; lower the rate or set clipNorm.`,
    );
  }

  dispose(): void {
    for (const owned of [this.#order, this.trainCounters, this.history]) owned.dispose();
  }
}

/** All states under one roof. Throws LatentError("argument") where two have one name: a checkpoint would hold one of them. */
function distinct(parts: readonly Parameters[]): Parameters {
  const entries = parts.flatMap(Object.entries) as [string, Tensor][];
  const names = entries.map(([name]) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  check(twice === undefined, "argument", "train", () => `expected a name for each state; got ${quote(twice!)} twice.`);
  return Object.fromEntries(entries);
}
