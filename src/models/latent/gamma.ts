import { type Draw, drawNormal, drawUniform, keyOf } from "../../data/streams.ts";
import { check } from "../../device/errors.ts";
import { add, div, greater, less, mul, sqrt, square, sub, where } from "../../graph/ops/arithmetic.ts";
import { cast } from "../../graph/ops/cast.ts";
import { customGradient } from "../../graph/ops/customGradient.ts";
import { detach } from "../../graph/ops/detach.ts";
import { exp, log, softplus } from "../../graph/ops/elementwise.ts";
import { part } from "../../graph/ops/part.ts";
import { random } from "../../graph/ops/random.ts";
import { expand, reshape } from "../../graph/ops/shape.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Runner, Tensor } from "../../graph/tensor.ts";
import type { Posterior, Prior } from "./distribution.ts";
import { logGamma as logGammaOf } from "./likelihood/logCosh.ts";
import { sampledKl } from "./normal.ts";
import { LOG_TWO_PI } from "../../graph/logTwoPi.ts";

/** Shapes are raised by this much before the series of Stirling, whose next term is then below 10⁻⁷. */
const RAISED = 6;

/** Σ_{i<6} f(a + i). */
const overRaise = (a: Tensor, f: (x: Tensor) => Tensor): Tensor => {
  let total = f(a);
  for (let i = 1; i < RAISED; i++) total = add(total, f(add(a, i)));
  return total;
};

/** c₀ + s·(c₁ + s·(…)) */
const series = (s: Tensor, [first, ...rest]: readonly number[]): Tensor =>
  rest.length === 0 ? add(mul(s, 0), first!) : add(mul(s, series(s, rest)), first!);

/** ψ(a), the derivative of ln Γ, for a > 0. */
export function digamma(a: Tensor): Tensor {
  const y = add(a, RAISED);
  const s = div(1, square(y));
  const stirling = sub(sub(log(y), div(0.5, y)), mul(s, series(s, [1 / 12, -1 / 120, 1 / 252])));
  return sub(
    stirling,
    overRaise(a, (x) => div(1, x)),
  );
}

/** ln Γ(a) for a > 0, with ψ as its derivative. */
export const logGamma = customGradient(
  (a: Tensor) => {
    const y = add(a, RAISED);
    const tail = div(series(div(1, square(y)), [1 / 12, -1 / 360, 1 / 1260]), y);
    const stirling = add(add(sub(mul(sub(y, 0.5), log(y)), y), 0.5 * LOG_TWO_PI), tail);
    return sub(stirling, overRaise(a, log));
  },
  ([g], [a]) => [mul(g!, digamma(a))],
);

/** How gradients reach the shape of a Gamma draw. */
export type GammaGradient = "implicit" | "augmented";

/** Terms of the incomplete Gamma function's series. */
const TERMS = 64;

/**
 * ∂g/∂a of a unit-rate draw g of shape a:  −(∂P(a, g)/∂a) / pdf = g·Σ_n c_n (ψ(a+n+1) − log g),  c_n = g^n / (a(a+1)…(a+n)).
 *
 * P is the regularised lower incomplete Gamma function. Source: Figurnov, Mohamed & Mnih 2018.
 */
export function implicitSlope(a: Tensor, g: Tensor): Tensor {
  let [term, psi] = [div(g, a), add(digamma(a), div(1, a))];
  let total = mul(term, sub(psi, log(g)));
  for (let n = 1; n < TERMS; n++) {
    const next = add(a, n);
    [term, psi] = [mul(term, div(g, next)), add(psi, div(1, next))];
    total = add(total, mul(term, sub(psi, log(g))));
  }
  return total;
}

/** Γ(shape, rate) of each latent: a posterior. shape, rate: [n, latent], > 0. */
export interface Gamma extends Posterior {
  /** A code of each image, through whose draw gradients reach the shapes. */
  drawn(draw: (name: string) => Draw, gradient: GammaGradient, augmentation: number): Tensor;
}

/** KL(Γ(a, r) ‖ Γ(a₀, r₀)) = (a − a₀)ψ(a) − lnΓ(a) + lnΓ(a₀) + a₀ log(r/r₀) + a(r₀/r − 1), summed over latents: [n]. */
export function gammaKl(a: Tensor, r: Tensor, priorShape: number, priorRate: number): Tensor {
  const shapes = sub(mul(sub(a, priorShape), digamma(a)), logGamma(a));
  const rates = add(mul(log(mul(r, 1 / priorRate)), priorShape), mul(a, sub(div(priorRate, r), 1)));
  return sum(add(add(shapes, rates), logGammaOf(priorShape)), -1);
}

const logDensity = (z: Tensor, a: Tensor, r: Tensor): Tensor =>
  sum(sub(add(sub(mul(sub(a, 1), log(z)), mul(r, z)), mul(a, log(r))), logGamma(a)), -1);

/** q(z|x) = Π Γ(shape, rate), whose divergence has a closed form from `own`, the Gamma prior that the codes belong to. */
export function gamma(a: Tensor, r: Tensor, own: GammaPrior): Gamma {
  const logProb = (z: Tensor): Tensor => logDensity(z, a, r);
  const unit = (draw: Draw, shape: readonly number[]) =>
    draw.given ? drawUniform(a.gpu, shape, draw) : random.gamma(a.gpu, detach(expand(a, shape)), shape, keyOf(draw));
  return {
    mean: div(a, r),
    logProb,
    klTo: (prior, z) =>
      prior === own ? gammaKl(a, r, own.gammaShape, own.gammaRate) : sampledKl({ logProb }, prior, z),
    sample: (draw, draws) => div(unit(draw, [...[draws ?? []].flat(), ...a.shape]), r),
    drawn(draw, gradient, augmentation) {
      if (gradient === "augmented") return div(augmented(a, augmentation, draw), r);
      const g = unit(draw("gamma"), a.shape);
      const reached = customGradient<[Tensor], Tensor>(
        () => g,
        ([slope]) => [mul(slope!, implicitSlope(a, g))],
      );
      return div(reached(a), r);
    },
  };
}

/** Attempts of the rejection sampler: four all fail with less than 10⁻⁵ at shapes above 1. */
const ATTEMPTS = 4;

/**
 * A draw of shape a from one of shape a + B, by Marsaglia and Tsang's transformation of an accepted normal ε:
 *
 *     t = a + B − ⅓,   g = t (1 + ε/√(9t))³ · Π_{i<B} u_i^{1/(a+i)}
 *
 * The gradient leaves out how a changes what is accepted: 1.1 % of it at B = 1, 0.07 % at B = 4. Source: Naesseth et al. 2017.
 */
function augmented(a: Tensor, b: number, draw: (name: string) => Draw): Tensor {
  const t = add(a, b - 1 / 3);
  const cube = (eps: Tensor) => {
    const v = add(div(eps, sqrt(mul(t, 9))), 1);
    return mul(square(v), v);
  };
  const eps = acceptedNormal(t, cube, draw);
  const u = drawUniform(a.gpu, [b, ...a.shape], draw("uniform"));
  let raised = mul(t, cube(eps));
  for (let i = 0; i < b; i++) raised = mul(raised, exp(div(log(reshape(part(u, 0, i, 1), a.shape)), add(a, i))));
  return raised;
}

/** The first of some normal numbers that the sampler accepts: log U < ½ε² + t − t·v + t·log v, v = (1 + ε/√(9t))³ > 0. */
function acceptedNormal(t: Tensor, cube: (eps: Tensor) => Tensor, draw: (name: string) => Draw): Tensor {
  const { given } = draw("normal");
  if (given) return drawNormal(t.gpu, t.shape, draw("normal"));
  const shape = [ATTEMPTS, ...t.shape];
  const normals = drawNormal(t.gpu, shape, draw("normal"));
  const uniforms = drawUniform(t.gpu, shape, draw("acceptance"));
  const pick = (x: Tensor, i: number) => reshape(part(x, 0, i, 1), t.shape);
  let chosen = mul(pick(normals, 0), 0);
  for (let i = ATTEMPTS - 1; i >= 0; i--) {
    const eps = pick(normals, i);
    const v = detach(cube(eps));
    const safe = where(greater(v, 0), v, 1);
    const bound = add(mul(square(eps), 0.5), mul(detach(t), add(sub(1, safe), log(safe))));
    const accepted = mul(cast(greater(v, 0), "f32"), cast(less(log(pick(uniforms, i)), bound), "f32"));
    chosen = where(greater(accepted, 0), eps, chosen);
  }
  return chosen;
}

/** Γ(gammaShape, gammaRate) for each dimension of a code. */
export interface GammaPrior extends Prior {
  readonly gammaShape: number;
  readonly gammaRate: number;
}

/** Γ(shape, rate) for each of `latent` dimensions. */
export function gammaPrior(gpu: Runner, latent: number, shape: number, rate: number): GammaPrior {
  check(
    shape > 0 && rate > 0,
    "argument",
    "gammaPrior",
    () => `expected shape and rate > 0; got ${shape} and ${rate}.`,
  );
  const constant = latent * (shape * Math.log(rate) - logGammaOf(shape));
  return {
    shape: [latent],
    gammaShape: shape,
    gammaRate: rate,
    parameters: {},
    logProb: (z) => add(sum(sub(mul(log(z), shape - 1), mul(z, rate)), -1), constant),
    sample: (n, draw) => mul(random.gamma(gpu, shape, [n, latent], keyOf(draw)), 1 / rate),
  };
}

/** floor + softplus of an output, > 0. */
export const positive = (output: Tensor, floor: number): Tensor => add(softplus(output), floor);
