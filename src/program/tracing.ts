import { check, show } from "../device/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkAssigned } from "./assign.ts";
import { unwind } from "./lifetime.ts";
import type { Assignment } from "./values.ts";

/** What the step that is traced now, if any, has said so far. */
export class Tracing {
  #step: { readonly assignments: Assignment[]; readonly tensors: Tensor[] } | null = null;

  /** Throws LatentError("argument") inside a step: values do not exist there. */
  checkOutside(where: string): void {
    check(
      !this.#step,
      "argument",
      where,
      () => "values do not exist yet inside the function that gpu.compile traces. Return the tensor instead.",
    );
  }

  /** Whether `tensor` belongs to a step. */
  takes(tensor: Tensor): boolean {
    return this.#step !== null && this.#step.tensors.push(tensor) > 0;
  }

  /** `state` takes the value `next` at the end of the step. */
  assign(state: Tensor, next: Tensor): void {
    const step = this.#step;
    check(step !== null, "argument", "assign", () => "works only inside the function given to gpu.compile.");
    checkAssigned(state, step.assignments);
    check(
      show(state.shape) === show(next.shape) && state.dtype === next.dtype,
      "shape",
      "assign",
      () => `expected ${state.dtype} ${show(state.shape)}, the state's own; got ${next.dtype} ${show(next.shape)}.`,
    );
    step.assignments.push({ state, next });
  }

  /** Records what `body` does, without any claim on memory. */
  trace<R>(body: () => R): { result: R; assignments: readonly Assignment[] } {
    check(!this.#step, "argument", "compile", () => "one step cannot be compiled inside another.");
    const step = { assignments: [], tensors: [] };
    this.#step = step;
    try {
      return { result: body(), assignments: step.assignments };
    } finally {
      this.#step = null;
      unwind(step.tensors);
    }
  }
}
