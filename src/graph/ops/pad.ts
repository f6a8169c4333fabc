import { check, checkOptions, quote, show } from "../../device/errors.ts";
import { type DType, elements } from "../dtype.ts";
import { checkTensor } from "../operand.ts";
import { axesOf } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { cast, widened } from "./cast.ts";
import { pick } from "./gather.ts";
import { embed } from "./part.ts";

/** What pad takes. */
export interface PadOptions {
  /** What stands around x: `value`, its own edge, or x mirrored at its edge, which is not repeated. */
  readonly mode?: "constant" | "edge" | "reflect" | "wrap";
  /** What stands around x in mode "constant"; 0. */
  readonly value?: number;
}

/** [before, after] of an axis. */
export type Widths = readonly [before: number, after: number];

/**
 * More entries before and after those of x: a constant (0 by default), the edge repeated (PyTorch's "replicate"), x mirrored
 * ("reflect"), or x again ("wrap").
 *
 *     pad(x, 1, 2, 0)                                        // two zeros before each row
 *     pad(x, [[0, 0], [1, 1], [2, 2]], { mode: "reflect" })  // [before, after] of every axis
 *     pad(x, 1, { value: -1 })                               // a frame of −1 around all axes
 *
 * Returns x.shape with before + after added. reflect goes back and forth where a width is larger than x. The gradient adds up
 * what was repeated. Throws LatentError("argument").
 */
export function pad<D extends DType>(x: Tensor<D>, widths: number | readonly Widths[], options?: PadOptions): Tensor<D>;
export function pad<D extends DType>(
  x: Tensor<D>,
  axis: number,
  before: number,
  after: number,
  value?: number,
): Tensor<D>;
export function pad(
  x: Tensor,
  first: number | readonly Widths[],
  second?: number | PadOptions,
  after?: number,
  value = 0,
): Tensor {
  checkTensor("pad", x);
  if (typeof second === "number" || after !== undefined) {
    const [d] = axesOf("pad", x.rank, first as number) as [number];
    return padAxis(x, d, [second as number, after!], { value });
  }
  checkOptions("pad", second, ["mode", "value"]);
  const { mode = "constant" } = second ?? {};
  check(
    ["constant", "edge", "reflect", "wrap"].includes(mode),
    "argument",
    "pad",
    () => `expected mode constant, edge, reflect or wrap; got ${quote(String(mode))}.`,
  );
  const widths: readonly Widths[] = typeof first === "number" ? x.shape.map((): Widths => [first, first]) : first;
  check(
    Array.isArray(widths) && widths.length === x.rank && widths.every((w) => Array.isArray(w) && w.length === 2),
    "argument",
    "pad",
    () =>
      `expected [before, after] for each of the ${x.rank} axes of x ${show(x.shape)}, the first axis first; got ${JSON.stringify(first)}.`,
  );
  return widths.reduce((y: Tensor, width, d) => padAxis(y, d, width, second ?? {}), x);
}

function padAxis(x: Tensor, d: number, [before, after]: Widths, { mode = "constant", value = 0 }: PadOptions): Tensor {
  const fits = [before, after].every((width) => Number.isInteger(width) && width >= 0);
  check(fits, "argument", "pad", () => `expected whole widths ≥ 0; got ${before} and ${after}.`);
  if (mode === "constant") {
    elements("pad", x.dtype, [value]);
    return embed(x, d, before, after, value);
  }
  if (before + after === 0) return x;
  const n = x.shape[d]!;
  const least = mode === "reflect" ? 2 : 1;
  check(
    n >= least,
    "shape",
    "pad",
    () =>
      `too few entries to ${mode === "edge" ? "repeat" : mode}. Expected at least ${least} along axis ${d} of x; got ${n}.`,
  );
  const period = mode === "wrap" ? n : 2 * (n - 1);
  const words = Uint32Array.from({ length: before + n + after }, (_, k) => {
    const i = k - before;
    if (mode === "edge") return Math.min(Math.max(i, 0), n - 1);
    const at = ((i % period) + period) % period;
    return at < n ? at : period - at;
  });
  const tensor = x.gpu.upload(words, [words.length]);
  const places = { shape: tensor.shape, signed: false, tensor };
  return cast(pick(widened(x), places, d, false, x.shape.with(d, words.length)), x.dtype);
}
