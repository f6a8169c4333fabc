import { drawUniform } from "../../../data/streams.ts";
import { add, div, less, mul, neg, square, sub, where } from "../../../graph/ops/arithmetic.ts";
import { customGradient } from "../../../graph/ops/customGradient.ts";
import { abs, expm1, log, log1p, sigmoid, tanh } from "../../../graph/ops/elementwise.ts";
import { bernoulliLogLikelihood, perSample } from "../../../graph/ops/likelihood.ts";
import type { Tensor } from "../../../graph/tensor.ts";
import type { Likelihood } from "../distribution.ts";

/** Below it, series about 0 keep float32's digits, as differences of large numbers do not. */
const SMALL = 0.5;

/** c₀ + c₁·s + c₂·s² + … */
const polynomial = (s: Tensor, coefficients: readonly number[]): Tensor =>
  coefficients.reduceRight<Tensor>((value, c) => add(mul(value, s), c), mul(s, 0));

/** Large where `o` is small, so that what stands in the other branch stays finite. */
const away = (o: Tensor): Tensor => where(less(abs(o), SMALL), 1, o);

/** The mean of a pixel with output o:  1/(1 − e^{−o}) − 1/o,  ½ + o/12 − o³/720 + … about 0. */
function meanOf(o: Tensor): Tensor {
  const series = add(mul(o, polynomial(square(o), [1 / 12, -1 / 720, 1 / 30240, -1 / 1209600])), 0.5);
  const far = away(o);
  return where(less(abs(o), SMALL), series, sub(neg(div(1, expm1(neg(far)))), div(1, far)));
}

/** log C(o) of each element, C(o) = o/tanh(o/2); its slope is sigmoid − mean, given as such, since 1/o − 1/sinh o cancels. */
const logNormaliser = customGradient(
  (o: Tensor) => {
    const series = polynomial(square(o), [Math.LN2, 1 / 12, -7 / 1440, 31 / 90720, -127 / 4838400]);
    const far = abs(away(o));
    return where(less(abs(o), SMALL), series, sub(log(far), log(tanh(mul(far, 0.5)))));
  },
  ([g], [o]) => [mul(g!, sub(sigmoid(o), meanOf(o)))],
);

/**
 * The continuous Bernoulli, a density on [0, 1] for grey pixels:  log p(x|o) = x·o − softplus(o) + log C(o),  C(o) = o/tanh(o/2).
 *
 * Pixels of exactly 0 or 1 let log p grow without end, so dequantise bytes: (byte + u)/256. The mean of a pixel is
 * 1/(1 − e^{−o}) − 1/o, and not sigmoid(o). Source: Loaiza-Ganem & Cunningham 2019.
 *
 *     const model = new VAE(gpu, { image: [1, 28, 28], likelihood: continuousBernoulli() });
 */
export const continuousBernoulli = (): Likelihood => ({
  outputs: 1,
  range: [0, 1],
  at: (output) => ({
    mean: meanOf(output),
    logProb: (x) => add(bernoulliLogLikelihood(output, x), perSample(logNormaliser(output))),
    // the quantile at u, from the side where e^o does not overflow:  log(1 + u(e^o − 1))/o = 1 − log(1 + (1−u)(e^{−o} − 1))/(−o)
    draw(draw) {
      const u = drawUniform(output.gpu, output.shape, draw);
      const negative = less(output, 0);
      const o = neg(abs(output));
      const inside = where(negative, u, sub(1, u));
      const tiny = less(abs(o), 1e-3);
      const part = where(tiny, inside, div(log1p(mul(inside, expm1(o))), where(tiny, -1, o)));
      return where(negative, part, sub(1, part));
    },
  }),
});
