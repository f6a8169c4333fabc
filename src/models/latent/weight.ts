import { check } from "../../device/errors.ts";
import { atLeast, type Option } from "../../formats/options.ts";
import { Tensor } from "../../graph/tensor.ts";

/**
 * How often a term counts: a finite number ≥ 0, or a tensor f32 [] of one. A state, `gpu.state(4)`, may be written while training runs: the
 * next step that is submitted has the new weight. `save` and checkpoints hold the number that it is then.
 *
 *     const options = { beta: weight(1) };
 */
// @__NO_SIDE_EFFECTS__
export const weight = (standard: number): Option<number | Tensor> => ({
  default: standard,
  read(where, name, value) {
    if (!(value instanceof Tensor)) return atLeast(0).read(where, name, value);
    const isScalar = value.dtype === "f32" && value.rank === 0;
    check(isScalar, "argument", where, () => `expected ${name} as a number or a tensor f32 []; got ${String(value)}.`);
    return value;
  },
});
