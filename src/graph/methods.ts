import { elu, erf, gelu, silu } from "./ops/activation.ts";
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
import { detach } from "./ops/detach.ts";
import { matmul } from "./ops/matmul.ts";
import { pow } from "./ops/power.ts";
import { expand, reshape, transpose } from "./ops/shape.ts";
import { squeeze, tile, unsqueeze } from "./ops/rearrange.ts";
import { all, any, prod, std } from "./ops/reductions.ts";
import { argmax, argmin } from "./ops/argmax.ts";
import { cast } from "./ops/cast.ts";
import { max, mean, min, sum, variance } from "./ops/sum.ts";
import { Tensor } from "./tensor.ts";

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
  detach,
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
