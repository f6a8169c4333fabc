import { check, show } from "../../device/errors.ts";
import type { DType } from "../dtype.ts";
import { checkTensor } from "../operand.ts";
import { axesOf } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { part } from "./part.ts";
import { flip } from "./rearrange.ts";
import { reshape } from "./shape.ts";

/** A bound of a slice: negative counts from the end, null (or nothing) is the end that the step comes from or goes to. */
export type Bound = number | null | undefined;
/** What to keep of an axis: one position (the axis goes), [start, stop, step], or null for all of it. */
export type Range = number | null | readonly [start?: Bound, stop?: Bound, step?: number];

/**
 * A part of x: positions start, start + step, … before `stop` along an axis, or ranges for several axes at once. NumPy's rules:
 * negative bounds count from the end, bounds beyond an end mean the end, a negative step walks backwards.
 *
 *     slice(x, 0, 2, 5)                            // x[2:5]
 *     slice(x, -1, null, null, 2)                  // x[..., ::2]
 *     slice(x, 1, -3, null)                        // x[:, -3:]
 *     slice(x, [[1, 3], null, [null, null, -1]])   // x[1:3, :, ::-1]
 *     slice(x, [0, [2]])                           // x[0, 2:]
 *
 * Free for positive steps: the same memory is read. The gradient has zeros in what was left out. Throws LatentError("argument")
 * if a bound is no whole number, a step is 0, or a single position is out of range.
 */
export function slice<D extends DType>(x: Tensor<D>, ranges: readonly Range[]): Tensor<D>;
export function slice<D extends DType>(
  x: Tensor<D>,
  axis: number,
  start: Bound,
  stop?: Bound,
  step?: number,
): Tensor<D>;
export function slice(x: Tensor, first: number | readonly Range[], ...bounds: Bound[]): Tensor {
  checkTensor("slice", x);
  if (typeof first === "number") {
    const [d] = axesOf("slice", x.rank, first) as [number];
    return along(x, d, bounds as [Bound?, Bound?, number?]);
  }
  check(
    Array.isArray(first) && bounds.length === 0 && first.length <= x.rank,
    "argument",
    "slice",
    () =>
      `expected an axis and its bounds, or at most ${x.rank} ranges for x ${show(x.shape)}; got ${Array.isArray(first) ? `${first.length} ranges` : typeof first}${bounds.length ? ` and ${bounds.length} more arguments` : ""}. Write slice(x, axis, start, stop), or slice(x, [[start, stop, step], …]).`,
  );
  let y = x;
  const gone: number[] = [];
  for (const [d, range] of (first as readonly Range[]).entries()) {
    if (range === null || range === undefined) continue;
    if (typeof range === "number") {
      const extent = x.shape[d]!;
      check(
        Number.isInteger(range) && range >= -extent && range < extent,
        "argument",
        "slice",
        () =>
          `position out of range on axis ${d}. Expected a whole number in [${-extent}, ${extent - 1}]; got ${range}.`,
      );
      const at = range < 0 ? range + extent : range;
      y = along(y, d, [at, at + 1]);
      gone.push(d);
    } else y = along(y, d, range);
  }
  return gone.length
    ? reshape(
        y,
        y.shape.filter((_, d) => !gone.includes(d)),
      )
    : y;
}

function along(x: Tensor, d: number, range: readonly [start?: Bound, stop?: Bound, step?: Bound]): Tensor {
  const extent = x.shape[d]!;
  const [start, stop, given] = range;
  const step = given ?? 1;
  check(
    Array.isArray(range) &&
      range.length <= 3 &&
      [start, stop].every((b) => (b ?? 0) === Math.trunc(b ?? 0)) &&
      Number.isInteger(step) &&
      step !== 0,
    "argument",
    "slice",
    () =>
      `expected whole bounds (negative from the end, null for an end) and a step that is not 0 on axis ${d}; got ${[start, stop, step].map(String).join(", ")}.`,
  );
  const [least, most] = step > 0 ? [0, extent] : [-1, extent - 1];
  const clamp = (b: Bound, otherwise: number): number =>
    b === null || b === undefined ? otherwise : Math.min(Math.max(b < 0 ? b + extent : b, least), most);
  const from = clamp(start, step > 0 ? 0 : extent - 1);
  const size = Math.max(0, Math.ceil((clamp(stop, step > 0 ? extent : -1) - from) / step));
  if (size === extent && step === 1) return x;
  if (step > 0) return part(x, d, from, size, step);
  return flip(part(x, d, size ? from + (size - 1) * step : 0, size, -step), d);
}
