import type { Batch } from "../data/dataset.ts";
import type { Draw } from "../data/streams.ts";
import { check, show } from "../device/errors.ts";
import { constant } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import type { Parameters } from "./parameters.ts";

/** What an objective says of a batch, each a tensor of one element: `loss` is minimised, and all are reported by name. */
export interface Terms {
  /** What the model's parameters are moved against. */
  readonly loss: Tensor;
  /** Further numbers of the batch, such as the parts of the loss. */
  readonly [term: string]: Tensor;
}

/** What an objective may know besides the batch. */
export interface StepContext {
  /** u32 []: finished updates, 0 at the first step; for schedules and draws. */
  readonly step: Tensor;
  /** Whether this is a step of training. */
  readonly training: boolean;
  /** Samples in the training set. */
  readonly count: number;
  /** Random numbers of this step under a name, as `drawNormal` and `drawUniform` take them; evaluation draws others than training. */
  draw(name: string): Draw;
}

/** The terms of a batch, recorded: what training minimises. */
export type Objective = (batch: Batch, context: StepContext) => Terms;

/** Parameters that are moved against one of the objective's terms. Several stand in one step: gradients are taken before any moves. */
export interface Update {
  /** What is moved. */
  readonly parameters: Parameters;
  /** The name of the term that is minimised. */
  readonly loss: string;
}

/** What a context is made from, outside of training. */
export interface ContextOptions {
  /** Where its random numbers start; 0. */
  readonly seed?: number | undefined;
  /** Finished updates; 0. */
  readonly step?: Tensor | number | undefined;
  /** Whether to draw as training does; false. */
  readonly training?: boolean;
  /** Samples in the training set, for terms that depend on it. */
  readonly count?: number | undefined;
  /** Numbers in place of drawn ones: by name, or one tensor for `z`. */
  readonly noise?: Tensor | Parameters | undefined;
  /** What messages begin with; "objective". */
  readonly where?: string;
}

/**
 * A context of its own, in which an objective can be asked for its terms.
 *
 * Throws LatentError("argument") when the objective draws a name that `noise` leaves out, although it has others, and when it asks for a
 * `count` that nobody gave.
 */
export function stepContext(
  gpu: Gpu,
  { seed = 0, step = 0, training = false, count, noise, where = "objective" }: ContextOptions,
): StepContext {
  const given =
    noise && "shape" in noise && "gpu" in noise ? { z: noise as Tensor } : (noise as Parameters | undefined);
  return {
    step: typeof step === "number" ? constant(gpu, step, "u32") : step,
    training,
    get count() {
      check(
        count !== undefined,
        "argument",
        where,
        () => "expected count, the number of samples in the training set; got none.",
      );
      return count;
    },
    draw(name) {
      const values = given?.[name];
      check(
        !given || values !== undefined,
        "argument",
        "noise",
        () => `expected ${name}; got ${Object.keys(given!).join(", ")}.`,
      );
      return { seed, step, name: training ? name : `evaluation ${name}`, ...(values ? { given: values } : {}) };
    },
  };
}

/** Throws LatentError("shape") unless every term has one element, and "argument" unless `loss` and those of `updates` are there. */
export function checkTerms(where: string, terms: Terms, losses: readonly string[] = ["loss"]): void {
  for (const name of losses)
    check(
      terms?.[name] !== undefined,
      "argument",
      where,
      () =>
        `expected the objective to return { ${losses.join(", ")}, … }; got ${Object.keys(terms ?? {}).join(", ") || "nothing"}.`,
    );
  for (const [name, term] of Object.entries(terms))
    check(term.size === 1, "shape", where, () => `expected term ${name} of one element; got ${show(term.shape)}.`);
}
