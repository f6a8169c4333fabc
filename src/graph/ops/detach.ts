import { checkTensor } from "../operand.ts";
import { recordView, layout } from "../record.ts";
import type { DType } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";

/**
 * The same values, through which no gradient flows.
 *
 *     const [d] = grad(sum(mul(w, detach(w))), [w]); // w, and not 2w
 *
 *     sub(x, detach(max(x)))   // the gradient is that of x alone
 */
export function detach<D extends DType>(x: Tensor<D>): Tensor<D> {
  checkTensor("detach", x);
  const { offset, strides } = layout(x);
  return recordView("detach", x, x.shape, offset, strides, () => [null]);
}
