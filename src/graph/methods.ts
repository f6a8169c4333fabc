import { add, div, mul, neg, pow, sub } from "./ops/arithmetic.ts";
import { exp, log } from "./ops/elementwise.ts";
import { matmul } from "./ops/matmul.ts";
import { reshape, transpose } from "./ops/shape.ts";
import { mean, type ReduceOptions, sum } from "./ops/sum.ts";
import type { DType, Joint, Shape, Total } from "./dtype.ts";
import type { Operandish } from "./record.ts";
import { Tensor } from "./tensor.ts";

/** The cheap ops as methods; all ops exist as functions, which say what each one does. */
export interface TensorMethods<D extends DType> {
  /** This + other, element by element. */
  add<B extends DType = never>(other: Operandish<B>): Tensor<Joint<D, B>>;
  /** This − other, element by element. */
  sub<B extends DType = never>(other: Operandish<B>): Tensor<Joint<D, B>>;
  /** This · other, element by element. */
  mul<B extends DType = never>(other: Operandish<B>): Tensor<Joint<D, B>>;
  /** This / other, element by element. */
  div(other: Operandish): Tensor<"f32">;
  /** This to the power of the exponent. */
  pow<B extends DType = never>(exponent: Operandish<B>): Tensor<Joint<D, B>>;
  /** −this. */
  neg(): Tensor<D>;
  /** e to the power of this. */
  exp(): Tensor<"f32">;
  /** The natural logarithm of this. */
  log(): Tensor<"f32">;
  /** The matrix product with other. */
  matmul(other: Tensor): Tensor<"f32">;
  /** The same elements in another shape. */
  reshape(shape: Shape): Tensor<D>;
  /** The axes in another order, by default the last two swapped. */
  transpose(order?: readonly number[]): Tensor<D>;
  /** The sum over the axes, by default over all. */
  sum(axes?: number | readonly number[], options?: ReduceOptions): Tensor<Total<D>>;
  /** The mean over the axes, by default over all. */
  mean(axes?: number | readonly number[], options?: ReduceOptions): Tensor<"f32">;
}

const binaries = { add, sub, mul, div, pow, matmul };
const unaries = { neg, exp, log };
const others = { reshape, transpose, sum, mean };

/** Gives tensors their methods; called once by whoever opens a gpu, so that importing this package does nothing by itself. */
export function installMethods(): void {
  for (const [name, op] of Object.entries({ ...binaries, ...unaries, ...others }))
    Object.defineProperty(Tensor.prototype, name, {
      configurable: true,
      value(this: Tensor, ...rest: unknown[]) {
        return (op as (...all: unknown[]) => Tensor)(this, ...rest);
      },
    });
}
