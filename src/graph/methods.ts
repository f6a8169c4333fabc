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
  add<B extends DType = never>(other: Operandish<B>): Tensor<Joint<D, B>>;
  sub<B extends DType = never>(other: Operandish<B>): Tensor<Joint<D, B>>;
  mul<B extends DType = never>(other: Operandish<B>): Tensor<Joint<D, B>>;
  div(other: Operandish): Tensor<"f32">;
  pow<B extends DType = never>(exponent: Operandish<B>): Tensor<Joint<D, B>>;
  neg(): Tensor<D>;
  exp(): Tensor<"f32">;
  log(): Tensor<"f32">;
  matmul(other: Tensor): Tensor<"f32">;
  reshape(shape: Shape): Tensor<D>;
  transpose(order?: readonly number[]): Tensor<D>;
  sum(axes?: number | readonly number[], options?: ReduceOptions): Tensor<Total<D>>;
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
