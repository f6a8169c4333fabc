import {
  adam as launchAdam,
  type AdamShape,
  advance as launchAdvance,
  note as launchNote,
  sgd as launchSgd,
  type SgdShape,
} from "../../kernels/adam.ts";
import { count } from "../dtype.ts";
import type { KernelOp } from "../kernelOp.ts";
import { record } from "../record.ts";
import type { Tensor } from "../tensor.ts";

// Ops that overwrite states. They have no gradient, and run only in compiled steps that assign what they return.

const f32 = (x: Tensor) => ({ shape: x.shape, dtype: "f32" }) as const;
type Settings<Shape> = Omit<Shape, "size" | "guarded">;

const adamOp: KernelOp = {
  name: "adam",
  inPlace: { 0: 0, 1: 1, 2: 2 },
  launch: ([p], _, attributes) => launchAdam({ ...(attributes as unknown as AdamShape), size: count(p!.shape) }),
};

const sgdOp: KernelOp = {
  name: "sgd",
  inPlace: { 0: 0, 1: 1 },
  launch: ([p], _, attributes) => launchSgd({ ...(attributes as unknown as SgdShape), size: count(p!.shape) }),
};

const advanceOp: KernelOp = {
  name: "advance",
  inPlace: { 0: 0, 1: 1 },
  launch: ([, history, ...terms], _, { rows }) =>
    launchAdvance(rows as number, count(history!.shape) / terms.length, terms.length),
};

const noteOp: KernelOp = {
  name: "note",
  inPlace: { 0: 0 },
  launch: ([history, , ...terms]) => launchNote(count(history!.shape) / terms.length, terms.length),
};

/** What an update reads besides its states. Without `loss` it is not guarded, without `norm` (Σ g²) not clipped. */
export interface UpdateInputs {
  readonly gradient: Tensor;
  readonly trainCounters: Tensor;
  readonly rate: Tensor;
  readonly loss?: Tensor | undefined;
  readonly norm?: Tensor | undefined;
}

/** Records the update of `states`, a parameter and its moments, all of one size; returns their next values. */
function update(op: KernelOp, states: readonly Tensor[], inputs: UpdateInputs, attributes: object): Tensor[] {
  const { gradient, trainCounters, rate, loss, norm } = inputs;
  return record(
    op,
    [...states, gradient, trainCounters, rate, loss ?? rate, norm ?? rate],
    states.map(f32),
    { ...attributes, guarded: loss !== undefined },
    null,
  );
}

/** The next p, m, v of Adam (shaders/adam.wgsl). */
export const adamStep = (states: readonly Tensor[], inputs: UpdateInputs, settings: Settings<AdamShape>): Tensor[] =>
  update(adamOp, states, inputs, settings);

/** The next p and m of gradient descent with momentum (shaders/sgd.wgsl). */
export const sgdStep = (states: readonly Tensor[], inputs: UpdateInputs, settings: Settings<SgdShape>): Tensor[] =>
  update(sgdOp, states, inputs, settings);

/**
 * The next train counters and history (shaders/advance.wgsl), `rows` rows of the data set later.
 * history: f32 [length · terms]; terms: at most MOST_TERMS of one element, the loss first.
 */
export const advanceStep = (trainCounters: Tensor, history: Tensor, terms: readonly Tensor[], rows: number): Tensor[] =>
  record(
    advanceOp,
    [trainCounters, history, ...terms],
    [{ shape: trainCounters.shape, dtype: "u32" }, f32(history)],
    { rows },
    null,
  );

/** The next history of further terms of the step; recorded before `advanceStep`. */
export const noteTerms = (trainCounters: Tensor, history: Tensor, terms: readonly Tensor[]): Tensor =>
  record(noteOp, [history, trainCounters, ...terms], [f32(history)], {}, null)[0]!;
