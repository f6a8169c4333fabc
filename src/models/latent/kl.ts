import { add, div, maximum, minimum, mul, square, sub } from "../../graph/ops/arithmetic.ts";
import { cast } from "../../graph/ops/cast.ts";
import { exp } from "../../graph/ops/elementwise.ts";
import { mean, sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Normal } from "./normal.ts";
import { atLeast, whole } from "./options.ts";

/**
 * How a divergence counts in a loss: `beta` is its weight, which rises from 0 over `warmup` steps; below `freeBits` nats (of a latent
 * dimension, averaged over the batch) it costs nothing.
 */
export const klOptions = { beta: atLeast(0, 1), warmup: whole(0, 0), freeBits: atLeast(0, 0) };

/** A capacity for the divergence that rises to maxCapacity nats over capacitySteps. */
export const capacityOptions = { maxCapacity: atLeast(0, 25), capacitySteps: whole(1, 10_000) };

interface KlOptions {
  readonly beta: number;
  readonly warmup: number;
  readonly freeBits: number;
}

/** most · min(t / steps, 1) at step t; u32 [] → f32 []. */
export const rising = (step: Tensor, most: number, steps: number): Tensor =>
  mul(minimum(div(cast(step, "f32"), steps), 1), most);

/** What a divergence adds to a loss, given its mean over the batch, `kl` []. Sources: Sønderby et al. 2016, Kingma et al. 2016. */
export function weighted(kl: Tensor, q: Normal | null, { beta, warmup, freeBits }: KlOptions, step: Tensor): Tensor {
  const cost = q && freeBits > 0 ? sum(maximum(mean(latentKl(q), 0), freeBits)) : kl;
  return mul(cost, warmup > 0 ? rising(step, beta, warmup) : beta);
}

/** Divergence of each latent dimension from N(0, 1), [n, latent] in nats. */
const latentKl = ({ mean: m, logVar: l }: Normal): Tensor => mul(sub(add(square(m), exp(l)), add(l, 1)), 0.5);
