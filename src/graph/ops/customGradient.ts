import { check } from "../../device/errors.ts";
import { checkTensor } from "../operand.ts";
import { checkShape, constant, recordMap } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { expand } from "./shape.ts";

export const zerosLike = (like: Tensor): Tensor => expand(constant(like.gpu, 0), like.shape);

/**
 * `forward` with a gradient of one's own: `grad` does not look inside, but asks `vjp` for the gradient of each input (null:
 * none), given those of the outputs.
 *
 *     const roundStraight = customGradient((x) => floor(x.add(0.5)), ([g]) => [g!]);     // straight-through rounding
 *
 * `forward` takes f32 tensors and returns one, or a list of them; vjp(gradients, inputs, outputs) returns as many as there are
 * inputs, each of its input's shape. Throws LatentError("argument") or ("shape").
 */
export function customGradient<Inputs extends readonly Tensor[], Outputs extends Tensor | readonly Tensor[]>(
  forward: (...inputs: Inputs) => Outputs,
  vjp: (gradients: readonly Tensor[], inputs: Inputs, outputs: readonly Tensor[]) => readonly (Tensor | null)[],
): (...inputs: Inputs) => Outputs {
  const where = "customGradient";
  for (const part of [forward, vjp])
    check(typeof part === "function", "argument", where, () => `expected two functions; got ${typeof part}.`);
  return (...inputs) => {
    for (const x of inputs) checkTensor(where, x);
    const returned = forward(...inputs);
    const outputs: readonly Tensor[] = Array.isArray(returned) ? returned : [returned];
    for (const y of outputs) {
      checkTensor(where, y);
      check(y.dtype === "f32", "argument", where, () => `expected f32 results of forward; got ${y.dtype}.`);
    }
    const wrapped = outputs.map((y, place) =>
      recordMap(
        where,
        "copy",
        [y],
        ([g]) =>
          pulledBack(
            where,
            vjp(
              outputs.map((o, i) => (i === place ? g! : zerosLike(o))),
              inputs,
              outputs,
            ),
            inputs,
          ),
        undefined,
        inputs,
      ),
    );
    return (Array.isArray(returned) ? wrapped : wrapped[0]) as unknown as Outputs;
  };
}

/** Checks that there is a gradient for each input, of its shape. */
export function pulledBack(where: string, gradients: readonly (Tensor | null)[], inputs: readonly Tensor[]) {
  check(Array.isArray(gradients) && gradients.length === inputs.length, "shape", where, () => {
    return `expected its vjp to return ${inputs.length} gradients, one for each input; got ${Array.isArray(gradients) ? gradients.length : typeof gradients}.`;
  });
  for (const [i, g] of gradients.entries())
    if (g) {
      checkTensor(where, g);
      checkShape(where, `gradient ${i} as its input`, g, inputs[i]!.shape);
    }
  return gradients;
}
