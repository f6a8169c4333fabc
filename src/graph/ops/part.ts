import type { DType } from "../dtype.ts";
import { constant, layout, recordView } from "../record.ts";
import type { Tensor } from "../tensor.ts";
import { concat, expand, reshape } from "./shape.ts";

/** `size` entries of x along axis d: from, from + step, …; what slice is made of, without its checks. */
export function part<D extends DType>(x: Tensor<D>, d: number, from: number, size: number, step = 1): Tensor<D> {
  const extent = x.shape[d]!;
  if (size === extent && step === 1) return x;
  const { offset, strides } = layout(x);
  return recordView<D>(
    "slice",
    x,
    x.shape.with(d, size),
    offset + (size ? from * strides[d]! : 0),
    strides.with(d, strides[d]! * step),
    ([g]) => [insertStrided(g!, d, from, extent, step)],
  );
}

/** g at from, from + step, … of zeros with `extent` entries along axis d. */
function insertStrided(g: Tensor, d: number, from: number, extent: number, step: number): Tensor {
  const size = g.shape[d]!;
  if (step === 1 || size <= 1) return embed(g, d, from, extent - from - size);
  const apart = embed(reshape(g, g.shape.toSpliced(d + 1, 0, 1)), d + 1, 0, step - 1);
  const line = part(reshape(apart, g.shape.with(d, size * step)), d, 0, Math.min(size * step, extent - from));
  return embed(line, d, from, extent - from - line.shape[d]!);
}

/** x between `before` and `after` entries of `value` along axis d. */
export function embed<D extends DType>(x: Tensor<D>, d: number, before: number, after: number, value = 0): Tensor<D> {
  const filler = (width: number) => expand(constant(x.gpu, value, x.dtype), x.shape.with(d, width));
  return concat([...(before ? [filler(before)] : []), x, ...(after ? [filler(after)] : [])], d);
}
