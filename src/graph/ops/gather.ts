import { check, checkOptions, show } from "../../device/errors.ts";
import { gather as launch, scatter } from "../../kernels/gather.ts";
import { count, remedy } from "../dtype.ts";
import type { KernelOp } from "../kernelOp.ts";
import { checkFloat, recordOne } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { bytesOf } from "./bytes.ts";

const kinds = { f32: "rows", u32: "words", i32: "words", u8: "bytes" } as const;

const gatherOp: KernelOp = {
  name: "gather",
  launch([x, indices], _outputs, { entries, width, first, scale }) {
    const shape = { picks: count(indices!.shape), width: Number(width), entries: Number(entries) };
    return launch(shape, kinds[x!.dtype], Number(first), Number(scale));
  },
};

const scatterOp: KernelOp = {
  name: "scatterAdd",
  launch([, indices], outputs) {
    const [entries, ...row] = outputs[0]!.shape;
    return scatter({ picks: count(indices!.shape), width: count(row), entries: entries! });
  },
};

function checkIndices(where: string, indices: Tensor): void {
  check(
    indices.dtype === "u32" || indices.dtype === "i32",
    "argument",
    where,
    () => `expected u32 or i32 indices; got ${indices.dtype}. ${remedy(indices)}`,
  );
}

/**
 * Rows of x at `indices`:  y[i, …] = x[indices[i], …].
 *
 * x: [n, …] f32, u32, i32, or u8 data, whose rows become f32 times `scale` (1/255 for pixels), so that a data set stays
 * bytes on the GPU. indices: u32 or i32 of any shape. Returns [...indices.shape, …]. An index outside [0, n) gives zeros.
 * The gradient adds rows up in order (scatterAdd); u8 and integers have none.
 */
export function gather(x: Tensor, indices: Tensor, options: { readonly scale?: number } = {}): Tensor {
  checkOptions("gather", options, ["scale"]);
  checkIndices("gather", indices);
  check(x.rank > 0, "shape", "gather", () => "expected x with at least one axis; got [].");
  const { scale = 1 } = options;
  check(
    scale === 1 || x.dtype === "u8",
    "argument",
    "gather",
    () => `expected scale only with u8 data; got ${scale} with ${x.dtype}.`,
  );
  const spec = { shape: [...indices.shape, ...x.shape.slice(1)], dtype: x.dtype === "u8" ? "f32" : x.dtype } as const;
  const { base, first } = x.dtype === "u8" ? bytesOf("gather", x) : { base: x, first: 0 };
  const attributes = { entries: x.shape[0]!, width: count(x.shape.slice(1)), first, scale };
  const pull =
    x.dtype === "f32" ? ([g]: readonly (Tensor | null)[]) => [scatterAdd(g!, indices, x.shape[0]!), null] : null;
  return recordOne(gatherOp, [base, indices], spec, attributes, pull);
}

/**
 * Rows of g added up at `indices`, in order, without atomics:  y[r, …] = Σ_{i : indices[i] = r} g[i, …].
 *
 * g: [...indices.shape, …] f32. Returns [entries, …]; indices outside [0, entries) add to nothing.
 * Every output element looks at every index, so the cost is y.size · indices.size comparisons.
 */
export function scatterAdd(g: Tensor, indices: Tensor, entries: number): Tensor {
  checkIndices("scatterAdd", indices);
  checkFloat("scatterAdd", g, "f32 rows");
  check(
    Number.isInteger(entries) && entries > 0,
    "argument",
    "scatterAdd",
    () => `expected a whole number of entries > 0; got ${entries}.`,
  );
  const row = g.shape.slice(indices.rank);
  check(
    show(g.shape) === show([...indices.shape, ...row]),
    "shape",
    "scatterAdd",
    () => `shapes differ. Expected g [...indices.shape, …]; got g ${show(g.shape)} and indices ${show(indices.shape)}.`,
  );
  return recordOne(scatterOp, [g, indices], { shape: [entries, ...row], dtype: "f32" }, {}, ([h]) => [
    gather(h!, indices),
    null,
  ]);
}

/** Rows of a table of vectors, PyTorch's Embedding: weight [entries, dim], indices u32 or i32; [...indices.shape, dim]. */
export function embedding(weight: Tensor, indices: Tensor): Tensor {
  check(
    weight.rank === 2 && weight.dtype === "f32",
    "shape",
    "embedding",
    () => `expected weight [entries, dim] f32; got ${show(weight.shape)} ${weight.dtype}.`,
  );
  return gather(weight, indices);
}
