import { add, concat, isNaN, mul, random, reshape, slerp, slice, square, sub, sum, type Tensor, where } from "../../../index.ts"; // prettier-ignore
import { BOUND_SAMPLES } from "../../studio/settings.ts";
import type { Engine } from "../engine.ts";
import { step, type Step } from "../step.ts";

/** Numbers of a code. */
export const latentOf = ({ vae }: Engine): number => vae.options.latent;

/** Images [codes, 784] of codes [codes, latent]. */
export const decoder = (engine: Engine, codes: number): Promise<Step<"images">> =>
  step(engine, [codes, latentOf(engine)], (z) => ({ images: engine.vae.decode(z) }));

/** Images [2n, 784] on the way between two codes [2, latent]: n along the straight line, then n along the arc. */
export const walker = (engine: Engine, n: number): Promise<Step<"images">> => {
  const { gpu, vae, own } = engine;
  const t = own(gpu.tensor(Float32Array.from({ length: n }, (_, i) => i / (n - 1)), [n, 1])); // prettier-ignore
  return step(engine, [2, latentOf(engine)], (ends) => {
    const [a, b] = [slice(ends, [[0, 1]]), slice(ends, [[1, 2]])];
    const line = add(a, mul(t, sub(b, a)));
    return { images: vae.decode(concat([line, slerp(a, b, n)], 0)) };
  });
};

/**
 * What the models say of an image [784] of grey levels in [0, 1]: its mean code and reconstruction by the VAE, log p of
 * its dequantised pixels under each model in nats, and its squared distance from each of `digits` [n, 784].
 */
export const scorer = (engine: Engine, digits: Tensor) => {
  const { gpu, vae, gaussian, mixture } = engine;
  return step(engine, [1, 784], (grey) => {
    // (byte + u)/256, as the models were trained
    const x = add(mul(grey, 255 / 256), mul(random.uniform(gpu, [1, 784], { seed: 1 }), 1 / 256));
    const code = vae.encode(grey).mean;
    return {
      code,
      reconstruction: vae.decode(code),
      vae: vae.logProb(x, { samples: BOUND_SAMPLES, seed: 1 }),
      gaussian: gaussian.logProb(x),
      mixture: mixture.logProb(x),
      distances: sum(square(sub(digits, grey)), 1),
    };
  });
};

/** Rounds of encoding and decoding by which the VAE fills what is hidden. */
const ROUNDS = 8;

/**
 * An image [784] with NaN where it is hidden, filled by each model: the Gaussian's and the mixture's expectation given
 * the rest; the VAE's by encoding and decoding again and again, what is seen put back each time.
 */
export const filler = (engine: Engine) => {
  const { vae, gaussian, mixture } = engine;
  return step(engine, [1, 784], (x) => {
    const hidden = isNaN(x);
    let filled = where(hidden, 0, x);
    for (let round = 0; round < ROUNDS; round++)
      filled = where(hidden, reshape(vae.reconstruct(filled), [1, 784]), filled);
    return { vae: filled, mixture: mixture.impute(x), gaussian: gaussian.impute(x) };
  });
};
