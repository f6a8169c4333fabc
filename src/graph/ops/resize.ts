import { check, checkOptions, quote, show } from "../../device/errors.ts";
import { checkTensor } from "../operand.ts";
import { checkFloat } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul } from "./arithmetic.ts";
import { pick } from "./gather.ts";
import { type Line, lineOf, type LineOptions } from "./interpolation.ts";
import { matmul } from "./matmul.ts";
import { reshape, transpose } from "./shape.ts";

/** What resize takes. */
export interface ResizeOptions extends Omit<LineOptions, "scale"> {
  /** New pixels for each old one, vertically and horizontally, where that is not size / old size; it also gives a missing size. */
  readonly scale?: number | readonly [number, number];
}

const allowed = [
  "mode",
  "rule",
  "alignCorners",
  "antialias",
  "scale",
  "coordinates",
  "rounding",
  "cubic",
  "excludeOutside",
];
const choices = {
  mode: ["nearest", "nearest-exact", "bilinear", "bicubic", "lanczos", "box"],
  rule: ["pytorch", "pil", "tf1"],
  coordinates: ["half-pixel", "align-corners", "asymmetric"],
  rounding: ["floor", "ceil", "half-down", "half-up"],
} as const;

/**
 * Images at another size, one axis after the other, each new pixel a weighted sum of old ones.
 *
 *     resize(x, [64, 64])                                              // bilinear, as PyTorch's interpolate
 *     resize(x, [64, 64], { mode: "bicubic", alignCorners: true })
 *     resize(x, [299, 299], { rule: "pil", mode: "bicubic" })         // as PIL shrinks floats: smoothed
 *     resize(x, [299, 299], { rule: "tf1" })                          // as TensorFlow 1: corners of pixels, not centres
 *     resize(x, null, { scale: 2, mode: "nearest" })                  // every pixel twice: upsampling
 *
 * x: [n, channels, height, width]. Returns [n, channels, …size], or ⌊old size · scale⌋ without a size. Positions are worked out
 * in float64. "pytorch" puts pixel centres at i + ½, repeats the edge, has a = −¾ in bicubic, and smooths only with
 * `antialias` (a = −½ then); "nearest" is its ⌊i·old/new⌋, "nearest-exact" the nearest centre. "pil" always smooths (but for
 * nearest), and has box and lanczos. "tf1" takes i·old/new for a position (align_corners=False of that time). What else
 * ONNX's Resize can do: `coordinates`, `rounding` of nearest, `cubic` (a), `excludeOutside`. Throws LatentError("shape") or ("argument").
 */
export function resize(x: Tensor, size: readonly [number, number] | null, options: ResizeOptions = {}): Tensor<"f32"> {
  checkTensor("resize", x);
  const where = "resize";
  checkTensor(where, x);
  checkOptions(where, options, allowed);
  for (const [name, list] of Object.entries(choices)) {
    const value = options[name as keyof typeof choices];
    const expected = list.length > 2 ? `${list.slice(0, -1).join(", ")} or ${list.at(-1)}` : list.join(" or ");
    check(
      value === undefined || (list as readonly string[]).includes(value),
      "argument",
      where,
      () => `expected ${name} ${expected}; got ${quote(String(value))}.`,
    );
  }
  check(
    (options.mode !== "box" && options.mode !== "lanczos") || options.rule === "pil" || options.antialias === true,
    "argument",
    where,
    () => `mode ${options.mode} smooths. Use it with { rule: "pil" } or { antialias: true }.`,
  );
  check(x.rank === 4, "shape", where, () => `expected x [n, channels, height, width]; got ${show(x.shape)}.`);
  checkFloat(where, x);
  const old = x.shape.slice(2) as [number, number];
  const { scale: given, ...rules } = options;
  const scale = given === undefined ? undefined : [given, given].flat().slice(-2);
  check(
    scale === undefined || scale.every((s) => s > 0 && s < Infinity),
    "argument",
    where,
    () => `expected a scale > 0, or two; got ${String(given)}.`,
  );
  const fresh = size ?? (scale ? old.map((n, d) => Math.floor(n * scale[d]!)) : []);
  check(
    fresh.length === 2 && fresh.every((n) => Number.isInteger(n) && n > 0),
    "argument",
    where,
    () => `expected a size [height, width] of whole numbers > 0; got ${show(fresh)}.`,
  );
  return [3, 2].reduce((y: Tensor, d) => {
    const [from, to] = [old[d - 2]!, fresh[d - 2]!];
    const ratio = scale?.[d - 2];
    if (from === to && (ratio === undefined || ratio === 1)) return y;
    return resampled(y, d, lineOf(from, to, { ...rules, ...(ratio === undefined ? {} : { scale: ratio }) }));
  }, x) as Tensor<"f32">;
}

/** More taps than this are a product with a matrix. */
const MOST_TAPS = 4;

/** x with axis d (2 or 3) replaced by the line's weighted sums of it. */
function resampled(x: Tensor, d: number, { taps, from, to }: Line): Tensor {
  if (taps.length <= MOST_TAPS) {
    const shape = x.shape.with(d, to);
    const weightShape = [to, ...x.shape.slice(d + 1).map(() => 1)];
    const parts = taps.map(({ index, weight }) => {
      const tensor = x.gpu.upload(index, [to]);
      const picked = pick(x, { shape: [to], signed: false, tensor }, d, false, shape);
      return weight.every((w) => w === 1) ? picked : mul(picked, reshape(x.gpu.upload(weight, [to]), weightShape));
    });
    return parts.reduce((a, b) => add(a, b));
  }
  const matrix = new Float32Array(to * from);
  for (const { index, weight } of taps) for (let i = 0; i < to; i++) matrix[i * from + index[i]!]! += weight[i]!;
  const w = x.gpu.upload(matrix, [to, from]);
  return d === 3 ? matmul(x, transpose(w)) : matmul(w, x);
}
