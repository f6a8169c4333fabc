import { drawUniform } from "../../../data/streams.ts";
import { above } from "../../../formats/options.ts";
import { add, mul, sub } from "../../../graph/ops/arithmetic.ts";
import { abs, exp, log, log1p } from "../../../graph/ops/elementwise.ts";
import { perSample } from "../../../graph/ops/likelihood.ts";
import { random } from "../../../graph/ops/random.ts";
import type { Tensor } from "../../../graph/tensor.ts";
import { type Draw, keyOf } from "../../../data/streams.ts";
import type { Likelihood } from "../distribution.ts";
import { LOG_TWO_PI } from "../../../graph/logTwoPi.ts";

/** ln Γ(x) for x > 0: raised to x ≥ 8, then Stirling's series, whose first term left out is 10⁻¹². */
export function logGamma(x: number): number {
  let shift = 0;
  let y = x;
  for (; y < 8; y++) shift += Math.log(y);
  const s = 1 / (y * y);
  const series = (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s / 1188)))) / y;
  return (y - 0.5) * Math.log(y) - y + 0.5 * LOG_TWO_PI + series - shift;
}

/**
 * Pixels whose density falls as cosh(alpha·t)^{−1/alpha}, t = x − output: quadratic near 0, linear far away.
 *
 *     log p(x|z) = −Σ (|t| + (log(1 + e^{−2·alpha·|t|}) − log 2)/alpha + log Z),   Z = B(½, 1/(2·alpha))/alpha
 *
 * alpha: > 0; 10. Large ones make it Laplace's with scale 1, small ones a Gaussian of variance 1/alpha. Throws LatentError("argument").
 * Source: Chen et al., log hyperbolic cosine loss improves variational auto-encoder, 2018.
 *
 *     const model = new VAE(gpu, { image: [1, 28, 28], likelihood: logCosh({ alpha: 10 }) });
 */
export function logCosh({ alpha = 10 }: { readonly alpha?: number } = {}): Likelihood {
  above(0).read("logCosh", "alpha", alpha);
  const power = 1 / (2 * alpha);
  const logZ = logGamma(0.5) + logGamma(power) - logGamma(0.5 + power) - Math.log(alpha);
  return {
    outputs: 1,
    at: (output) => ({
      mean: output,
      logProb(x) {
        const t = abs(sub(x, output));
        const bend = mul(sub(log1p(exp(mul(t, -2 * alpha))), Math.LN2), 1 / alpha);
        return mul(perSample(add(add(t, bend), logZ)), -1);
      },
      // 2·alpha·t is the logit of a Beta(power, power), a ratio of two Gammas; log Γ(p) = log Γ(p + 1) + log(u)/p keeps small ones
      draw(draw) {
        const logDraw = (half: string): Tensor => {
          const of = (use: string): Draw => ({ ...draw, name: `${draw.name ?? "pixels"} ${half} ${use}` });
          const gamma = random.gamma(output.gpu, power + 1, output.shape, keyOf(of("gamma")));
          return add(log(gamma), mul(log(drawUniform(output.gpu, output.shape, of("uniform"))), 1 / power));
        };
        return add(output, mul(sub(logDraw("first"), logDraw("second")), power));
      },
    }),
  };
}
