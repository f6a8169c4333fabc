import type { Tensor } from "../tensor.ts";
import { equal, maximum, mul, notEqual } from "./arithmetic.ts";
import { cast } from "./cast.ts";

const truth = (x: Tensor): Tensor<"bool"> => cast(x, "bool");

/**
 * Whether both are true (not 0), element by element, broadcast; of any dtype. PyTorch's logical_and, and & of bools.
 *
 *     await logicalAnd(gpu.tensor([true, true]), gpu.tensor([true, false])).read(); // 1, 0
 */
export const logicalAnd = (a: Tensor, b: Tensor): Tensor<"bool"> => mul(truth(a), truth(b));
/**
 * Whether at least one is true (not 0), element by element, broadcast; of any dtype. PyTorch's logical_or, and | of bools.
 *
 *     await logicalOr(gpu.tensor([false, true]), gpu.tensor([false, false])).read(); // 0, 1
 */
export const logicalOr = (a: Tensor, b: Tensor): Tensor<"bool"> => maximum(truth(a), truth(b));
/**
 * Whether just one is true (not 0), element by element, broadcast; of any dtype. PyTorch's logical_xor, and ^ of bools.
 *
 *     await logicalXor(gpu.tensor([true, true]), gpu.tensor([true, false])).read(); // 0, 1
 */
export const logicalXor = (a: Tensor, b: Tensor): Tensor<"bool"> => notEqual(truth(a), truth(b));
/**
 * Whether x is false (0), element by element; of any dtype. PyTorch's logical_not, and ~ of bools.
 *
 *     await logicalNot(gpu.tensor([true, false])).read(); // 0, 1
 */
export const logicalNot = (x: Tensor): Tensor<"bool"> => equal(truth(x), 0);
