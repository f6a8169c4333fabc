import { add, exp, expand, mul, random, reshape, slice, type Tensor } from "../../../index.ts";
import type { Engine } from "../engine.ts";
import { step } from "../step.ts";
import { FACTORS } from "./address.ts";

/** Draws of the code that a reconstruction is the mean of, and those of them that are shown. */
export const DRAWS = 32;
export const SHOWN = 6;

/**
 * What the VAE says of one digit [784] of grey levels in [0, 1], at each of the dial's factors t:
 *
 *     reconstruction [FACTORS · DRAWS]   log p(x | z) in nats, z = m + t·s·ε with the same normal ε at every t
 *     images [FACTORS · SHOWN, 784]      what the first of these codes decode to
 *     mean, logVar [latent]              m and ln s²
 *
 * Each pixel counts as (byte + ½)/256, as in training: log p(x | z) is linear in x, so that is its mean over dequantised pixels.
 */
export const dialProgram = (engine: Pick<Engine, "gpu" | "own" | "vae">) => {
  const { gpu, vae, own } = engine;
  const { latent } = vae.options;
  const factors = own(gpu.tensor(Float32Array.from(FACTORS), [FACTORS.length, 1, 1]));
  return step(engine, [1, 784], (grey) => {
    const x = add(mul(grey, 255 / 256), 0.5 / 256);
    const { mean, logVar } = vae.encode(x);
    const draws = random.normal(gpu, [1, DRAWS, latent], { seed: 1 });
    const noiseOf = (some: Tensor) => reshape(mul(some, factors), [FACTORS.length * some.shape[1]!, latent]);
    const z = noiseOf(draws);
    const images = expand(x, [z.shape[0]!, 784]);
    return {
      mean,
      logVar,
      reconstruction: vae.elbo(images, { noise: z }).reconstruction,
      images: vae.decode(add(mean, mul(noiseOf(slice(draws, 1, 0, SHOWN)), exp(mul(logVar, 0.5))))),
    };
  });
};
