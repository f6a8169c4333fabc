import type { AdamShape, SgdShape } from "../kernels/adam.ts";
import type { UpdateInputs } from "../graph/ops/adam.ts";
import { add, div, equal, minimum, mul, neg, sqrt, square, sub, where } from "../graph/ops/arithmetic.ts";
import { cast } from "../graph/ops/cast.ts";
import { expm1, isFinite } from "../graph/ops/elementwise.ts";
import { part } from "../graph/ops/part.ts";
import { reshape } from "../graph/ops/shape.ts";
import type { Tensor } from "../graph/tensor.ts";

// The formulas of shaders/adam.wgsl and shaders/sgd.wgsl as maps, for a parameter that stays where it is: a part of another's
// arena, a program's state, a buffer of the app's. A map more each, instead of one dispatch for all.

type Chosen<Shape> = Omit<Shape, "size" | "guarded">;

const word = (trainCounters: Tensor, at: number): Tensor => reshape(part(trainCounters, 0, at, 1), []);

/** The gradient, with zeros where it is not finite, clipped. */
function slopeOf({ gradient, norm }: UpdateInputs, maxNorm: number): Tensor {
  const finite = where(isFinite(gradient), gradient, 0);
  return norm ? mul(finite, minimum(div(maxNorm, add(sqrt(norm), 1e-6)), 1)) : finite;
}

/** `next`, or what was there before, once a loss was not a number. */
function guarded(before: readonly Tensor[], next: readonly Tensor[], { trainCounters, loss }: UpdateInputs): Tensor[] {
  if (!loss) return [...next];
  const goesOn = mul(cast(isFinite(loss), "f32"), cast(equal(word(trainCounters, 2), 0), "f32"));
  return next.map((value, i) => where(goesOn, value, before[i]!));
}

/** The next p, m, v of Adam, each in p's shape. */
export function adamApart(p: Tensor, m: Tensor, v: Tensor, inputs: UpdateInputs, options: Chosen<AdamShape>): Tensor[] {
  const { beta1, beta2, epsilon, decay, decoupled, maxNorm } = options;
  const t = add(cast(word(inputs.trainCounters, 0), "f32"), 1);
  const bias = (beta: number) => neg(expm1(mul(t, Math.log(beta))));
  const clipped = slopeOf(inputs, maxNorm);
  const slope = decoupled || !decay ? clipped : add(clipped, mul(p, decay));
  const value = decoupled ? mul(p, sub(1, mul(inputs.rate, decay))) : p;
  const first = add(mul(m, beta1), mul(slope, 1 - beta1));
  const second = add(mul(v, beta2), mul(square(slope), 1 - beta2));
  const step = div(mul(div(inputs.rate, bias(beta1)), first), add(sqrt(div(second, bias(beta2))), epsilon));
  return guarded([p, m, v], [sub(value, step), first, second], inputs);
}

/** The next p and m of gradient descent with momentum. */
export function sgdApart(p: Tensor, m: Tensor, inputs: UpdateInputs, options: Chosen<SgdShape>): Tensor[] {
  const { momentum, nesterov, decay, maxNorm } = options;
  const slope = add(slopeOf(inputs, maxNorm), mul(p, decay));
  const first = add(mul(m, momentum), slope);
  const step = nesterov ? add(slope, mul(first, momentum)) : first;
  return guarded([p, m], [sub(p, mul(inputs.rate, step)), first], inputs);
}
