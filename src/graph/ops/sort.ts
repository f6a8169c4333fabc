import { check, checkOptions, show } from "../../device/errors.ts";
import { permute, sort as launch, type SortType, sortVariants } from "../../kernels/sort.ts";
import type { DType } from "../dtype.ts";
import type { KernelOp } from "../kernelOp.ts";
import { record, recordOne } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { lineAxis, linesOf } from "./argmax.ts";
import { cast } from "./cast.ts";
import { part } from "./part.ts";

/** What sort takes. */
export interface SortOptions {
  /** The last by default; negative from the end. */
  readonly axis?: number;
  /** The largest first. */
  readonly descending?: boolean;
}

/** What was sorted, and where each element was along the axis (u32). */
export interface Sorted<D extends DType = DType> {
  /** The elements in order. */
  readonly values: Tensor<D>;
  /** Where each was. */
  readonly indices: Tensor<"u32">;
}

const sortOp: KernelOp = {
  name: "sort",
  launch: ([x], _outputs, { axis, descending }, traits) =>
    launch(linesOf(x!.shape, Number(axis)), x!.dtype as SortType, descending === true, traits),
  variants: ([x], _outputs, { axis }) => sortVariants(linesOf(x!.shape, Number(axis))),
};

const pickOp: KernelOp = {
  name: "pick",
  launch: ([x], _outputs, { axis }) => permute(linesOf(x!.shape, Number(axis)), "pick"),
};
const placeOp: KernelOp = {
  name: "place",
  launch: ([x], _outputs, { axis }) => permute(linesOf(x!.shape, Number(axis)), "place"),
};

/** y[r] = x[indices[r]] along the axis, the places being a permutation. */
const pick = (x: Tensor, indices: Tensor, axis: number): Tensor =>
  recordOne(pickOp, [x, indices], { shape: x.shape, dtype: "f32" }, { axis }, ([g]) => [
    place(g!, indices, axis),
    null,
  ]);

/** y[indices[r]] = x[r] along the axis, the places being a permutation. */
const place = (x: Tensor, indices: Tensor, axis: number): Tensor =>
  recordOne(placeOp, [x, indices], { shape: x.shape, dtype: "f32" }, { axis }, ([g]) => [
    pick(g!, indices, axis),
    null,
  ]);

/**
 * The elements along an axis in order, and where each one came from, as PyTorch's torch.sort(stable=True).
 *
 *     values[r] = x[indices[r]],   values[0] ≤ values[1] ≤ …      (≥ where descending)
 *
 * x: of any dtype and shape with at least one axis; values and indices (u32) have its shape. Equal elements stay in
 * their order, and −0 equals 0. NaN counts as larger than every number: last, or first where descending. The gradient of the
 * values goes back to where they came from; the indices have none. Throws LatentError("argument").
 *
 *     const { values, indices } = sort(gpu.tensor([3, 1, 2]));
 *     await values.read(); // 1, 2, 3
 */
export function sort<D extends DType>(x: Tensor<D>, options: SortOptions = {}): Sorted<D> {
  checkOptions("sort", options, ["axis", "descending"]);
  const axis = lineAxis("sort", x, options.axis ?? -1);
  const { descending = false } = options;
  if (x.dtype === "u8" || x.dtype === "bool") {
    const { values, indices } = sort(cast(x as Tensor, "i32"), options);
    return { values: cast(values as Tensor, x.dtype as D), indices };
  }
  const specs = [
    { shape: x.shape, dtype: x.dtype },
    { shape: x.shape, dtype: "u32" },
  ] as const;
  const [values, indices]: readonly Tensor[] = record<DType>(
    sortOp,
    [x],
    specs,
    { axis, descending },
    x.dtype === "f32" ? ([g]): (Tensor | null)[] => [g ? place(g, indices!, axis) : null] : null,
  );
  return { values, indices } as object as Sorted<D>;
}

/** What topK takes. */
export interface TopKOptions {
  /** The last by default; negative from the end. */
  readonly axis?: number;
  /** The smallest ones instead. */
  readonly largest?: boolean;
}

/**
 * The k largest elements along an axis (or smallest), the best first, and where each one was: PyTorch's topk.
 *
 *     topK(gpu.tensor([5, 1, 4, 2]), 2)                       // values [5, 4], indices [0, 2]
 *     topK(gpu.tensor([5, 1, 4, 2]), 2, { largest: false })   // values [1, 2], indices [1, 3]
 *
 * x: of any dtype and shape with at least one axis, which becomes k long. Of equal elements the first come first; NaN counts as
 * larger than every number. The gradient of the values goes back to where they came from. Throws LatentError("argument").
 */
export function topK<D extends DType>(x: Tensor<D>, k: number, options: TopKOptions = {}): Sorted<D> {
  checkOptions("topK", options, ["axis", "largest"]);
  const axis = lineAxis("topK", x, options.axis ?? -1);
  const n = x.shape[axis]!;
  check(
    Number.isInteger(k) && k >= 0 && k <= n,
    "argument",
    "topK",
    () => `expected a whole number of elements, at most the ${n} along axis ${axis} of ${show(x.shape)}; got ${k}.`,
  );
  const { values, indices } = sort(x, { axis, descending: options.largest ?? true });
  return { values: part(values, axis, 0, k), indices: part(indices, axis, 0, k) };
}
