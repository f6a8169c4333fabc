import { check, checkOptions, show } from "../../device/errors.ts";
import { gather as launch, type GatherShape, scatter as launchScatter } from "../../kernels/gather.ts";
import { count, type DType, type Spec } from "../dtype.ts";
import type { KernelOp } from "../kernelOp.ts";
import { checkTensor } from "../operand.ts";
import { axesOf, recordOne } from "../record.ts";
import type { Vjp, Tensor } from "../tensor.ts";
import { bytesOf } from "./bytes.ts";
import { cast } from "./cast.ts";
import { checkRows, type Indices, type Places, placesOf } from "./indices.ts";
import { reshape } from "./shape.ts";
import { sort } from "./sort.ts";

const gatherOp: KernelOp = {
  name: "gather",
  launch: ([x], _outputs, { first, scale, ...shape }) =>
    launch(shape as unknown as GatherShape, x!.dtype as "f32", Number(first), Number(scale)),
};
const scatterOp: KernelOp = {
  name: "scatterAdd",
  launch: (inputs, _outputs, shape) => launchScatter(shape as unknown as GatherShape, inputs.length === 3),
};

/** Sums with more comparisons than this look for their terms among sorted indices. */
const MOST_COMPARISONS = 2 ** 22;

/** Bytes are picked as f32. */
export type Picked<D extends DType> = D extends "u8" ? "f32" : D;

/**
 * x at `places` along axis d, `along`: one place for each element of the result, else the same for all of the other axes.
 * `shape` is the result's; `gradient` one that is known to be simpler than sums at the places.
 */
export function pick<D extends DType>(
  x: Tensor<D>,
  places: Places,
  d: number,
  along: boolean,
  shape: readonly number[],
  scale = 1,
  gradient?: Vjp,
): Tensor<Picked<D>> {
  const sizes: GatherShape = {
    outer: count(x.shape.slice(0, d)),
    entries: x.shape[d]!,
    picks: along ? places.shape[d]! : count(places.shape),
    width: count(x.shape.slice(d + 1)),
    along,
    signed: places.signed,
  };
  const { base, first } = x.dtype === "u8" ? bytesOf("gather", x) : { base: x, first: 0 };
  const spec = { shape, dtype: x.dtype === "u8" ? "f32" : x.dtype } as Spec as Spec<Picked<D>>;
  const vjp: Vjp | null =
    x.dtype === "f32" ? (gradient ?? (([g]) => [addUp(g!, places, d, along, x.shape), null])) : null;
  return recordOne(gatherOp, [base, places.tensor], spec, { ...sizes, first, scale }, vjp);
}

/** The transpose of `pick`: g added up at `places` of zeros of `shape`. */
export function addUp(g: Tensor, places: Places, d: number, along: boolean, shape: readonly number[]): Tensor<"f32"> {
  const sizes: GatherShape = {
    outer: count(shape.slice(0, d)),
    entries: shape[d]!,
    picks: along ? places.shape[d]! : count(places.shape),
    width: count(shape.slice(d + 1)),
    along,
    signed: places.signed,
  };
  const inputs = [g, ...sorted(places, d, along, count(shape) * sizes.picks)];
  return recordOne(scatterOp, inputs, { shape, dtype: "f32" }, { ...sizes }, ([h]) => [
    pick(h!, places, d, along, g.shape),
    null,
    null,
  ]);
}

/** The indices, or where that makes for too many comparisons, the sorted ones and where each was. */
function sorted(places: Places, d: number, along: boolean, comparisons: number): Tensor[] {
  const index = places.tensor;
  if (comparisons <= MOST_COMPARISONS || index.rank === 0) return [index];
  const words = cast(along || index.rank === 1 ? index : reshape(index, [-1]), "u32");
  const { values, indices } = sort(words, { axis: along ? d : 0 });
  return [values, indices];
}

/** What gather takes. */
export interface GatherOptions {
  /** The axis of x that the indices walk, 0 by default; negative from the end. */
  readonly axis?: number;
  /** What u8 data is multiplied with. */
  readonly scale?: number;
}

/**
 * Entries of x at `indices` along an axis (the first by default):  y[…, i, …] = x[…, indices[i], …].
 *
 *     gather(gpu.tensor([[1, 2], [3, 4], [5, 6]]), gpu.tensor([2, 0], undefined, { dtype: "i32" }))   // [[5, 6], [1, 2]]
 *     gather(x, [0, -1], { axis: 1 })                                                               // first and last column
 *
 * x: f32, u32, i32, or u8 data, which becomes f32 times `scale` (1/255 for pixels), so that a data set stays bytes on the GPU.
 * indices: u32 or i32 of any shape, or numbers; negative ones count from the end. Returns x.shape with the axis replaced by
 * indices.shape. Numbers outside [−n, n) are refused; what tensors hold is known on the GPU alone: there an index outside gives
 * NaN, in i32 −2³¹ and in u32 2³² − 1, and a gradient of NaN along that axis. The gradient adds entries up in order
 * (scatterAdd); u8 and integers have none. Throws LatentError("argument") or ("shape").
 */
export function gather<D extends DType>(
  x: Tensor<D>,
  indices: Indices,
  options: number | GatherOptions = {},
): Tensor<Picked<D>> {
  checkTensor("gather", x);
  if (typeof options !== "number") checkOptions("gather", options, ["axis", "scale"]);
  const { axis = 0, scale = 1 } = typeof options === "number" ? { axis: options } : options;
  check(x.rank > 0, "shape", "gather", () => "expected x with at least one axis; got [].");
  const [d] = axesOf("gather", x.rank, axis) as [number];
  const places = placesOf("gather", x, indices, x.shape[d]!);
  check(
    scale === 1 || x.dtype === "u8",
    "argument",
    "gather",
    () => `expected scale only with u8 data; got ${scale} with ${x.dtype}.`,
  );
  return pick(x, places, d, false, x.shape.toSpliced(d, 1, ...places.shape), scale);
}

/**
 * Rows of g added up at `indices`, in order, without atomics:  y[r, …] = Σ_{i : indices[i] = r} g[i, …].
 *
 *     scatterAdd(gpu.tensor([1, 2, 3]), [0, 2, 0], 4)   // [4, 0, 2, 0]
 *
 * g: [...indices.shape, …] f32; indices as for gather. Returns [entries, …], NaN everywhere if a tensor holds an index
 * outside. At most 64 terms are added one after the other, so sums of any length keep their digits. Many indices are sorted
 * first: the cost is y.size · log(indices.size) + g.size. Throws LatentError("argument") or ("shape").
 */
export function scatterAdd(g: Tensor, indices: Indices, entries: number): Tensor<"f32"> {
  checkTensor("scatterAdd", g);
  check(
    Number.isInteger(entries) && entries > 0,
    "argument",
    "scatterAdd",
    () => `expected a whole number of entries > 0; got ${entries}.`,
  );
  const places = placesOf("scatterAdd", g, indices, entries);
  checkRows("scatterAdd", g, places.shape);
  return addUp(g, places, 0, false, [entries, ...g.shape.slice(places.shape.length)]);
}

/**
 * Rows of a table of vectors, PyTorch's Embedding:  y[…, :] = weight[indices[…], :].
 *
 *     embedding(weight, [3, 3, 1])   // [3, dim]
 *
 * weight: [entries, dim] f32; indices as for gather. Returns [...indices.shape, dim]; the gradient adds rows up in order.
 * Throws LatentError("shape") or ("argument").
 */
export function embedding(weight: Tensor, indices: Indices): Tensor<"f32"> {
  checkTensor("embedding", weight);
  check(
    weight.rank === 2 && weight.dtype === "f32",
    "shape",
    "embedding",
    () => `expected weight [entries, dim] f32; got ${show(weight.shape)} ${weight.dtype}.`,
  );
  const places = placesOf("embedding", weight, indices, weight.shape[0]!);
  return pick(weight as Tensor<"f32">, places, 0, false, [...places.shape, weight.shape[1]!]);
}
