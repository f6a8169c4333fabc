import { check, checkOptions, show } from "../../device/errors.ts";
import { constant, recordMap } from "../record.ts";
import type { Runner } from "../runner.ts";
import type { Tensor } from "../tensor.ts";
import { abs, clamp, relu } from "./elementwise.ts";
import { add, less, lessEqual, mul, sub } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { matmul } from "./matmul.ts";
import { transpose } from "./shape.ts";

/** The position along `axis` of each element of a [rows, columns] matrix, as f32. */
const along = (gpu: Runner, rows: number, columns: number, axis: 0 | 1): Tensor => {
  const [stride, extent] = axis === 0 ? [columns, rows] : [1, columns];
  return cast(
    recordMap("resize", "position", [constant(gpu, stride, "u32"), constant(gpu, extent, "u32")], null, [
      rows,
      columns,
    ]),
    "f32",
  );
};

/** How much of pixel j of an old line goes into pixel i of the new one: [to, from], each row adding up to 1. */
function weights(gpu: Runner, from: number, to: number, mode: "bilinear" | "nearest"): Tensor {
  const i = along(gpu, to, from, 0);
  const j = along(gpu, to, from, 1);
  // j = ⌊i·from/to⌋, asked of whole numbers, which are exact
  const [old, fresh] = [mul(j, to), mul(i, from)];
  if (mode === "nearest") return mul(lessEqual(old, fresh), less(fresh, add(old, to)));
  const source = clamp(sub(mul(add(i, 0.5), from / to), 0.5), 0, from - 1);
  return relu(sub(1, abs(sub(source, j))));
}

/**
 * Images at another size: each axis a product with a matrix of interpolation weights, as PyTorch's interpolate does with
 * align_corners=false (pixel centres at i + ½; the edge repeats; no smoothing when shrinking).
 *
 * x: [n, channels, height, width]. Returns [n, channels, …size]. mode "bilinear" (default) or "nearest".
 */
export function resize(
  x: Tensor,
  size: readonly [number, number],
  options: { readonly mode?: "bilinear" | "nearest" } = {},
): Tensor<"f32"> {
  checkOptions("resize", options, ["mode"]);
  const { mode = "bilinear" } = options;
  check(
    mode === "bilinear" || mode === "nearest",
    "argument",
    "resize",
    () => `expected mode bilinear or nearest; got ${String(mode)}.`,
  );
  check(x.rank === 4, "shape", "resize", () => `expected x [n, channels, height, width]; got ${show(x.shape)}.`);
  check(
    size.length === 2 && size.every((n) => Number.isInteger(n) && n > 0),
    "argument",
    "resize",
    () => `expected a size [height, width] of whole numbers > 0; got ${show(size)}.`,
  );
  const [height, width] = x.shape.slice(2) as [number, number];
  const wide = width === size[1] ? x : matmul(x, transpose(weights(x.gpu, width, size[1], mode)));
  return height === size[0] ? (wide as Tensor<"f32">) : matmul(weights(x.gpu, height, size[0], mode), wide);
}
