import { type Draw, drawNormal } from "../../data/streams.ts";
import { add, sub } from "../../graph/ops/arithmetic.ts";
import { part } from "../../graph/ops/part.ts";
import { concat } from "../../graph/ops/shape.ts";
import { logsumexp } from "../../graph/ops/softmax.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { PixelDistribution, Posterior, Prior } from "./distribution.ts";

/** Floats of one block of decoded images: 16 MiB. */
const BLOCK = 2 ** 22;

/** What importance weights are made of. */
export interface Weighing {
  readonly q: Posterior;
  readonly prior: Prior;
  decode(z: Tensor): PixelDistribution;
}

/** log w = log p(x|z) + log p(z) − log q(z|x) of codes z [draws, n, latent] of images x [n, …]: [draws, n], and its first part. */
export function logWeights({ q, prior, decode }: Weighing, x: Tensor, z: Tensor, frozen: Posterior = q) {
  const reconstruction = decode(z).logProb(x);
  return { reconstruction, weights: add(reconstruction, sub(prior.logProb(z), frozen.logProb(z))) };
}

/** log 1/k Σ_i w_i per image with `samples` draws, decoded block by block; the blocks do not change the draws. */
export function importanceWeighted(parts: Weighing, x: Tensor, samples: number, draw: Draw): Tensor {
  const [n, latent] = parts.q.mean.shape as [number, number];
  const block = Math.max(1, Math.min(samples, Math.floor(BLOCK / x.size)));
  const noise = parts.q.takesNormal ? drawNormal(x.gpu, [samples, n, latent], draw) : null;
  const blocks: Tensor[] = [];
  for (let at = 0; at < samples; at += block) {
    const draws = Math.min(block, samples - at);
    const own = noise ? { ...draw, given: part(noise, 0, at, draws) } : { ...draw, name: `${draw.name} from ${at}` };
    blocks.push(logWeights(parts, x, parts.q.sample(own, draws)).weights);
  }
  return sub(logsumexp(concat(blocks, 0), 0), Math.log(samples));
}
