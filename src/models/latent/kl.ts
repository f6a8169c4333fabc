import { check } from "../../device/errors.ts";
import { atLeast, whole } from "../../formats/options.ts";
import { add, div, maximum, minimum, mul } from "../../graph/ops/arithmetic.ts";
import { cast } from "../../graph/ops/cast.ts";
import { mean, sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Prior } from "./distribution.ts";
import { latentKl, type Normal, StandardNormal } from "./normal.ts";
import { weight } from "./weight.ts";

/**
 * The weight of a divergence in a loss: `beta`, to which it rises from 0 over `warmup` steps.
 *
 *     const beta = gpu.state(1);
 *     const model = new VAE(gpu, { image: [1, 28, 28], beta });
 *     void model.fit(data);
 *     beta.write([4]); // from the next submitted step on
 */
export const warmupOptions = { beta: weight(1), warmup: whole(0, 0) };

/**
 * The same, and `freeBits`: nats below which the divergence of a latent dimension, averaged over the batch, costs nothing. A divergence has a
 * part for each dimension only between normals, so another prior is refused beside it.
 */
export const klOptions = { ...warmupOptions, freeBits: atLeast(0, 0) };

/** A capacity for the divergence that rises to maxCapacity nats over capacitySteps. */
export const capacityOptions = { maxCapacity: atLeast(0, 25), capacitySteps: whole(1, 10_000) };

interface KlOptions {
  readonly beta: number | Tensor;
  readonly warmup: number;
  readonly freeBits?: number;
}

/** most · min(t / steps, 1) at step t; u32 [] → f32 []. */
export const rising = (step: Tensor, most: number | Tensor, steps: number): Tensor =>
  mul(minimum(div(cast(step, "f32"), steps), 1), most);

/**
 * What a divergence adds to a loss. kl: its mean over the batch, []. pairs: the normals q and p that it lies between, for free bits; p is
 * N(0, I) where none is given. Sources: Sønderby et al. 2016, Kingma et al. 2016.
 */
export function weighted(
  kl: Tensor,
  pairs: readonly (readonly [Normal, Normal?])[],
  { beta, warmup, freeBits = 0 }: KlOptions,
  step: Tensor,
): Tensor {
  const least = ([q, p]: readonly [Normal, Normal?]): Tensor => sum(maximum(mean(latentKl(q, p), 0), freeBits));
  const cost = freeBits > 0 ? pairs.map(least).reduce((a, b) => add(a, b)) : kl;
  return mul(cost, warmup > 0 ? rising(step, beta, warmup) : beta);
}

/** Throws LatentError("argument") where free bits stand beside another prior than N(0, I). */
export function checkFreeBits(where: string, options: { readonly prior?: Prior; readonly freeBits?: number }): void {
  const { freeBits = 0, prior } = options;
  check(
    freeBits === 0 || prior === undefined || prior instanceof StandardNormal,
    "argument",
    where,
    () =>
      `freeBits are of the divergence from N(0, I), latent by latent. Expected no other prior; got one, and freeBits ${freeBits}.`,
  );
}
