import { elu, erf, gelu, type GeluOptions, silu } from "./ops/activation.ts";
import { add, div, mul, neg, remainder, sqrt, square, sub } from "./ops/arithmetic.ts";
import {
  abs,
  ceil,
  cos,
  exp,
  expm1,
  floor,
  isFinite,
  isNaN,
  leakyRelu,
  log,
  log1p,
  log2,
  relu,
  round,
  sigmoid,
  sign,
  sin,
  softplus,
  tan,
  tanh,
} from "./ops/elementwise.ts";
import { matmul } from "./ops/matmul.ts";
import { pow } from "./ops/power.ts";
import { expand, reshape, transpose } from "./ops/shape.ts";
import { squeeze, tile, unsqueeze } from "./ops/rearrange.ts";
import { all, any, prod, std } from "./ops/reductions.ts";
import { argmax, argmin } from "./ops/argmax.ts";
import { cast } from "./ops/cast.ts";
import { type Axes, max, mean, min, type ReduceOptions, sum, variance, type VarianceOptions } from "./ops/sum.ts";
import type { DType, Joint, Shape, Total } from "./dtype.ts";
import type { TensorOrNumber } from "./record.ts";
import { Tensor } from "./tensor.ts";

/** The cheap ops as methods; all ops exist as functions, which say what each one does. */
export interface TensorMethods<D extends DType> {
  /** This + other, element by element. */
  add<B extends DType = never>(other: TensorOrNumber<B>): Tensor<Joint<D, B>>;
  /** This − other, element by element. */
  sub<B extends DType = never>(other: TensorOrNumber<B>): Tensor<Joint<D, B>>;
  /** This · other, element by element. */
  mul<B extends DType = never>(other: TensorOrNumber<B>): Tensor<Joint<D, B>>;
  /** This / other, element by element. */
  div(other: TensorOrNumber): Tensor<"f32">;
  /** This to the power of the exponent. */
  pow<B extends DType = never>(exponent: TensorOrNumber<B>): Tensor<Joint<D, B>>;
  /** What this leaves, divided by other and rounded down. */
  remainder<B extends DType = never>(other: TensorOrNumber<B>): Tensor<Joint<D, B>>;
  /** −this. */
  neg(): Tensor<D>;
  /** e to the power of this. */
  exp(): Tensor<"f32">;
  /** The natural logarithm of this. */
  log(): Tensor<"f32">;
  /** e to the power of this, less 1. */
  expm1(): Tensor<"f32">;
  /** The natural logarithm of 1 + this. */
  log1p(): Tensor<"f32">;
  /** The logarithm of this to base 2. */
  log2(): Tensor<"f32">;
  /** The square root of this. */
  sqrt(): Tensor<"f32">;
  /** The nearest whole numbers, halves to even ones. */
  round(): Tensor<"f32">;
  /** The largest whole numbers not above this. */
  floor(): Tensor<"f32">;
  /** The smallest whole numbers not below this. */
  ceil(): Tensor<"f32">;
  /** The error function of this. */
  erf(): Tensor<"f32">;
  /** This · sigmoid(this). */
  silu(): Tensor<"f32">;
  /** The hyperbolic tangent of this. */
  tanh(): Tensor<"f32">;
  /** 1 / (1 + e^−this). */
  sigmoid(): Tensor<"f32">;
  /** max(this, 0). */
  relu(): Tensor<"f32">;
  /** log(1 + e^this). */
  softplus(): Tensor<"f32">;
  /** The sine of this, in radians. */
  sin(): Tensor<"f32">;
  /** The cosine of this, in radians. */
  cos(): Tensor<"f32">;
  /** The tangent of this, in radians. */
  tan(): Tensor<"f32">;
  /** This where it is above 0, else slope · this. */
  leakyRelu(slope?: number): Tensor<"f32">;
  /** This where it is above 0, else alpha · (e^this − 1). */
  elu(alpha?: number): Tensor<"f32">;
  /** This · Φ(this), exact or by tanh. */
  gelu(options?: GeluOptions): Tensor<"f32">;
  /** Whether this is NaN. */
  isNaN(): Tensor<"bool">;
  /** Whether this is neither infinite nor NaN. */
  isFinite(): Tensor<"bool">;
  /** This squared. */
  square(): Tensor<D>;
  /** The size of this, without its sign. */
  abs(): Tensor<D>;
  /** −1, 0 or 1. */
  sign(): Tensor<D>;
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
  /** The values as another dtype. */
  cast<T extends DType>(dtype: T): Tensor<T>;
  /** Repeated along axes of size 1, as broadcasting does. */
  expand(shape: Shape): Tensor<D>;
  /** Repeated along its axes. */
  tile(times: number | readonly number[]): Tensor<D>;
  /** Without axes of size 1. */
  squeeze(axes?: number | readonly number[]): Tensor<D>;
  /** With new axes of size 1. */
  unsqueeze(axes: number | readonly number[]): Tensor<D>;
  /** The mean squared deviation over the axes, by default over all. */
  variance(axes?: Axes, options?: VarianceOptions): Tensor<"f32">;
  /** The standard deviation over the axes, by default over all. */
  std(axes?: Axes, options?: VarianceOptions): Tensor<"f32">;
  /** The product over the axes, by default over all. */
  prod(axes?: Axes, options?: ReduceOptions): Tensor<Total<D>>;
  /** The largest element over the axes, by default over all. */
  max(axes?: Axes, options?: ReduceOptions): Tensor<D>;
  /** The smallest element over the axes, by default over all. */
  min(axes?: Axes, options?: ReduceOptions): Tensor<D>;
  /** Where the largest element along the axis is, by default along the last. */
  argmax(axis?: number, options?: ReduceOptions): Tensor<"u32">;
  /** Where the smallest element along the axis is, by default along the last. */
  argmin(axis?: number, options?: ReduceOptions): Tensor<"u32">;
  /** Whether an element over the axes is not 0, by default over all. */
  any(axes?: Axes, options?: ReduceOptions): Tensor<"bool">;
  /** Whether no element over the axes is 0, by default over all. */
  all(axes?: Axes, options?: ReduceOptions): Tensor<"bool">;
}

const binaries = { add, sub, mul, div, remainder, pow, matmul };
const unaries = {
  neg,
  square,
  sqrt,
  exp,
  log,
  abs,
  sign,
  expm1,
  log1p,
  log2,
  round,
  floor,
  ceil,
  tanh,
  sigmoid,
  relu,
  softplus,
  sin,
  cos,
  tan,
  leakyRelu,
  isNaN,
  isFinite,
};
const activations = { elu, erf, gelu, silu };
const others = {
  cast,
  expand,
  tile,
  squeeze,
  unsqueeze,
  variance,
  std,
  prod,
  max,
  min,
  argmax,
  argmin,
  any,
  all,
  reshape,
  transpose,
  sum,
  mean,
};

/** Gives tensors their methods; called once by whoever opens a gpu, so that importing this package does nothing by itself. */
export function installMethods(): void {
  for (const [name, op] of Object.entries({ ...binaries, ...unaries, ...activations, ...others }))
    Object.defineProperty(Tensor.prototype, name, {
      configurable: true,
      value(this: Tensor, ...rest: unknown[]) {
        return (op as (...all: unknown[]) => Tensor)(this, ...rest);
      },
    });
}
