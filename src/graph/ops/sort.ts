import { check, checkOptions, show } from "../../device/errors.ts";
import { permute, sort as launch, type SortType, sortVariants } from "../../kernels/sort.ts";
import type { DType } from "../dtype.ts";
import type { KernelOp } from "../kernelOp.ts";
import { axesOf, record, recordOne } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { linesOf } from "./argmax.ts";

export interface SortOptions {
  /** The last by default; negative from the end. */
  readonly axis?: number;
  /** The largest first. */
  readonly descending?: boolean;
}

/** What was sorted, and where each element was along the axis (u32). */
export interface Sorted<D extends DType = DType> {
  readonly values: Tensor<D>;
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
 * x: f32, i32 or u32 of any shape with at least one axis; values and indices (u32) have its shape. Equal elements stay in
 * their order, and −0 equals 0. NaN counts as larger than every number: last, or first where descending. The gradient of the
 * values goes back to where they came from; the indices have none. Throws LatentError("argument").
 */
export function sort<D extends DType>(x: Tensor<D>, options: SortOptions = {}): Sorted<D> {
  checkOptions("sort", options, ["axis", "descending"]);
  check(
    x.dtype !== "u8" && x.rank > 0,
    "argument",
    "sort",
    () => `expected an f32, i32 or u32 tensor with at least one axis; got ${x.dtype} ${show(x.shape)}.`,
  );
  const { axis: given = -1, descending = false } = options;
  const [axis] = axesOf("sort", x.rank, given) as [number];
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
