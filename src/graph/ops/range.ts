import { check, checkOptions } from "../../device/errors.ts";
import { type DType, elements } from "../dtype.ts";
import { describe } from "../operand.ts";
import { constant } from "../record.ts";
import type { Runner, Tensor } from "../tensor.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { arange } from "./oneHot.ts";
import { expand } from "./shape.ts";

function checkEngine(where: string, gpu: Runner): void {
  check(
    typeof gpu?.register === "function",
    "argument",
    where,
    () => `expected the gpu first; got ${describe(gpu)} Use ${where}(gpu, …).`,
  );
}

/**
 * start, start + step, … before `stop`: NumPy's and PyTorch's arange of three numbers, f32 unless `dtype` says otherwise.
 *
 *     await range(gpu, 2, 10, 3).read(); // 2, 5, 8
 *     await range(gpu, 3, 0, -1, { dtype: "i32" }).read(); // 3, 2, 1
 *
 * Nothing where `stop` lies the other way. Throws LatentError("argument").
 */
export function range<D extends DType = "f32">(
  gpu: Runner,
  start: number,
  stop: number,
  step = 1,
  options: { readonly dtype?: D } = {},
): Tensor<D> {
  checkEngine("range", gpu);
  checkOptions("range", options, ["dtype"]);
  const { dtype = "f32" as D } = options;
  check(
    [start, stop, step].every(Number.isFinite) && step !== 0,
    "argument",
    "range",
    () => `expected finite numbers and a step that is not 0; got ${start}, ${stop} and ${step}.`,
  );
  const n = Math.max(0, Math.ceil((stop - start) / step));
  if (dtype === "f32") return add(mul(cast(arange(gpu, n), "f32"), step), start) as Tensor as Tensor<D>;
  check(dtype !== "bool", "argument", "range", () => "expected f32, i32, u32 or u8; got bool.");
  elements("range", dtype, n > 0 ? [start, start + (n - 1) * step] : []);
  elements("range", "i32", [step]);
  return cast(add(mul(cast(arange(gpu, n), "i32"), step), start | 0), dtype) as Tensor as Tensor<D>;
}

/**
 * `count` numbers from `start` to `stop`, both among them, at equal distances.
 *
 *     await linspace(gpu, 0, 1, 5).read(); // 0, 0.25, 0.5, 0.75, 1
 *
 * Throws LatentError("argument").
 */
export function linspace(gpu: Runner, start: number, stop: number, count: number): Tensor<"f32"> {
  checkEngine("linspace", gpu);
  check(
    [start, stop].every(Number.isFinite) && Number.isInteger(count) && count >= 0,
    "argument",
    "linspace",
    () => `expected finite ends and a whole count ≥ 0; got ${start}, ${stop} and ${count}.`,
  );
  if (count < 2) return expand(constant(gpu, start), [count]);
  const part = div(cast(arange(gpu, count), "f32"), count - 1);
  // both ends come out as they were given
  return add(mul(sub(1, part), start), mul(part, stop)) as Tensor<"f32">;
}
