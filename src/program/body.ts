import { check, isPlain, named } from "../device/errors.ts";
import { sameDevice } from "../graph/record.ts";
import { Tensor } from "../graph/tensor.ts";
import type { Engine } from "./engine.ts";
import { checkLeaf } from "./lifetime.ts";
import { type Graph, valuesOf } from "./values.ts";

/** What a compiled function may return. */
export type Compiled = Tensor | readonly Tensor[] | { readonly [name: string]: Tensor } | void;

export type Body = (...inputs: readonly Tensor[]) => unknown;

/** The tensors in what a step returned, and how to put others in their places. */
interface Returned {
  readonly tensors: readonly Tensor[];
  readonly structure: (outputs: readonly Tensor[]) => unknown;
}

/** A step as its function recorded it. */
export interface Recorded {
  readonly inputs: readonly Tensor[];
  readonly graph: Graph;
  readonly returned: Returned;
}

/** @internal What `body` computes from inputs like `examples`. */
export function recordBody(gpu: Engine, body: Body, examples: readonly Tensor[]): Recorded {
  check(
    typeof body === "function",
    "argument",
    "compile",
    () => `expected a function that records a step; got ${named(body)}.`,
  );
  for (const x of examples) sameDevice("compile", gpu, x);
  const inputs = examples.map((x, position) => new Tensor(gpu, x, { kind: "input", position }));
  const { result, assignments } = gpu.trace(() => body(...inputs));
  const returned = flattenResult(result);
  const graph = valuesOf(returned.tensors, assignments);
  for (const leaf of graph.leaves) checkLeaf("compile", gpu, leaf);
  return { inputs, graph, returned };
}

/** Throws LatentError("argument") unless a step may return it. */
function flattenResult(result: unknown): Returned {
  const where = "compile";
  check(
    typeof (result as PromiseLike<unknown> | undefined)?.then !== "function",
    "argument",
    where,
    () => "the step is recorded at once, and cannot wait. Expected a function that returns tensors; got an async one.",
  );
  const fits = result === undefined || result instanceof Tensor || Array.isArray(result) || isPlain(result);
  check(
    fits,
    "argument",
    where,
    () => `expected a step that returns a tensor, an array or an object of tensors, or nothing; got ${named(result)}.`,
  );
  const entries = result instanceof Tensor ? [["", result] as const] : Object.entries(result ?? {});
  for (const [name, tensor] of entries)
    check(
      tensor instanceof Tensor,
      "argument",
      where,
      () => `the step may return tensors only. Expected a tensor as ${name}; got ${named(tensor)}.`,
    );
  const structure = (outputs: readonly Tensor[]): unknown => {
    if (!result) return undefined;
    if (result instanceof Tensor) return outputs[0];
    if (Array.isArray(result)) return [...outputs];
    return Object.fromEntries(entries.map(([name], i) => [name, outputs[i]]));
  };
  return { tensors: entries.map(([, tensor]) => tensor as Tensor), structure };
}
