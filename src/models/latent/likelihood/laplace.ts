import { drawUniform } from "../../../data/streams.ts";
import { above } from "../../../formats/options.ts";
import { add, mul, sub } from "../../../graph/ops/arithmetic.ts";
import { abs, log1p, sign } from "../../../graph/ops/elementwise.ts";
import { perSample } from "../../../graph/ops/likelihood.ts";
import type { Likelihood } from "../distribution.ts";

/**
 * Laplace pixels:  log p(x|z) = −Σ (|x − output|/scale + log(2 · scale)), whose gradient does not grow with the error.
 *
 * scale: > 0; 1. Throws LatentError("argument") on another.
 *
 *     const model = new VAE(gpu, { image: [1, 28, 28], likelihood: laplace({ scale: 0.1 }) });
 */
export function laplace({ scale = 1 }: { readonly scale?: number } = {}): Likelihood {
  above(0).read("laplace", "scale", scale);
  return {
    outputs: 1,
    at: (output) => ({
      mean: output,
      logProb: (x) => mul(perSample(add(mul(abs(sub(x, output)), 1 / scale), Math.log(2 * scale))), -1),
      // −scale · sgn(u) · log(1 − 2|u|), u uniform on (−½, ½)
      draw(draw) {
        const u = sub(drawUniform(output.gpu, output.shape, draw), 0.5);
        return sub(output, mul(mul(sign(u), log1p(mul(abs(u), -2))), scale));
      },
    }),
  };
}
