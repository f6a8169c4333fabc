import { check, show } from "../../device/errors.ts";
import { count, sameShape } from "../dtype.ts";
import { axesOf, checkFloat } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { add, greater, less, notEqual, where } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { addUp, pick } from "./gather.ts";
import { type Indices, placesOf, type Places } from "./indices.ts";
import { embed, part } from "./part.ts";
import { expand, reshape } from "./shape.ts";
import { sort } from "./sort.ts";

/**
 * x with entries along `axis` (the first by default) replaced:  y[…, indices[i], …] = values[…, i, …], PyTorch's index_copy.
 *
 *     await put(gpu.tensor([1, 2, 3]), [2, 0], gpu.tensor([9, 8])).read(); // 8, 2, 9
 *     put(gpu.ones([2, 3]), [-1], gpu.zeros([1, 1]), 1)                  // zeros as the last column
 *
 * x: f32. indices: as for gather, [n]; of equal ones the last counts. values: x's shape with n along the axis, or what broadcasts to
 * it. An index outside in a tensor gives NaN. Gradients reach x and the values that stay. Throws LatentError("argument") or ("shape").
 */
export function put(x: Tensor, indices: Indices, values: Tensor, axis = 0): Tensor<"f32"> {
  checkFloat("put", x);
  checkFloat("put", values, "values as an f32 tensor");
  const [d] = axesOf("put", x.rank, axis) as [number];
  const places = placesOf("put", x, indices, x.shape[d]!);
  check(places.shape.length === 1, "shape", "put", () => `expected indices [n]; got ${show(places.shape)}.`);
  const shape = x.shape.with(d, places.shape[0]!);
  return replaced(x, places, expand(values, shape), d, false);
}

/**
 * x with one entry along `axis` (the last by default) replaced for each index, NumPy's put_along_axis and PyTorch's scatter:
 *
 *     y[…, indices[…, r, …], …] = values[…, r, …]
 *
 *     putAlongAxis(logits, argmax(logits, 1, { keepDims: true }), gpu.zeros([1, 1]), 1)   // without each row's best
 *
 * x: f32. indices: u32 or i32 with as many axes as x and, beside `axis`, its sizes; of equal ones the last counts. values: their
 * shape, or what broadcasts to it. Gradients reach x and the values that stay. Throws LatentError("argument") or ("shape").
 */
export function putAlongAxis(x: Tensor, indices: Indices, values: Tensor, axis = -1): Tensor<"f32"> {
  const where_ = "putAlongAxis";
  checkFloat(where_, x);
  checkFloat(where_, values, "values as an f32 tensor");
  const [d] = axesOf(where_, x.rank, axis) as [number];
  const places = placesOf(where_, x, indices, x.shape[d]!);
  check(
    places.shape.length === x.rank && sameShape(places.shape.toSpliced(d, 1), x.shape.toSpliced(d, 1)),
    "shape",
    where_,
    () => `expected indices like x ${show(x.shape)} beside axis ${d}; got ${show(places.shape)}.`,
  );
  return replaced(x, places, expand(values, places.shape), d, true);
}

/** Sorted indices show which values are the last of their place: these are added up with zeros for the others. */
function replaced(
  x: Tensor,
  { shape, signed, tensor }: Places,
  values: Tensor,
  d: number,
  along: boolean,
): Tensor<"f32"> {
  if (count(shape) === 0) return x as Tensor<"f32">;
  const [extent, axis] = [x.shape[d]!, along ? d : 0];
  const from0 = signed ? where(less(tensor, 0), add(tensor, extent), tensor) : tensor;
  const { values: sorted, indices: order } = sort(cast(from0, "u32"), { axis });
  const n = shape[axis]!;
  const next = embed(part(sorted, axis, 1, n - 1), axis, 0, 1, 2 ** 32 - 1);
  const last = notEqual(sorted, next);
  const places = { shape, signed: false, tensor: sorted };
  const broadcasted = along ? last : reshape(last, [n, ...x.shape.slice(d + 1).map(() => 1)]);
  const placed = pick(values as Tensor<"f32">, { shape, signed: false, tensor: order }, d, along, values.shape);
  const untouched = addUp(where(broadcasted, placed, 0), places, d, along, x.shape);
  const hit = addUp(expand(cast(broadcasted, "f32"), values.shape), places, d, along, x.shape);
  return where(greater(hit, 0), untouched, where(notEqual(hit, hit), hit, x)) as Tensor<"f32">;
}
