import { add, div, mul, neg, pow, sub } from "./ops/arithmetic.ts";
import { exp, log } from "./ops/elementwise.ts";
import { matmul } from "./ops/matmul.ts";
import { reshape, transpose } from "./ops/shape.ts";
import { mean, type ReduceOptions, sum } from "./ops/sum.ts";
import type { Shape } from "./dtype.ts";
import type { Operandish } from "./record.ts";
import { Tensor } from "./tensor.ts";

declare module "./tensor.ts" {
  /** The cheap ops as methods; all ops exist as functions. */
  interface Tensor {
    add(other: Operandish): Tensor;
    sub(other: Operandish): Tensor;
    mul(other: Operandish): Tensor;
    div(other: Operandish): Tensor;
    pow(exponent: Operandish): Tensor;
    neg(): Tensor;
    exp(): Tensor;
    log(): Tensor;
    matmul(other: Tensor): Tensor;
    reshape(shape: Shape): Tensor;
    transpose(order?: readonly number[]): Tensor;
    sum(axes?: number | readonly number[], options?: ReduceOptions): Tensor;
    mean(axes?: number | readonly number[], options?: ReduceOptions): Tensor;
  }
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
