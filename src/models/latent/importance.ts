import { type Draw, drawNormal } from "../../data/streams.ts";
import { add, mul, neg, sub } from "../../graph/ops/arithmetic.ts";
import { customGradient } from "../../graph/ops/customGradient.ts";
import { detach } from "../../graph/ops/detach.ts";
import { exp } from "../../graph/ops/elementwise.ts";
import { part, concat } from "../../graph/ops/part.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { logsumexp } from "../../graph/ops/softmax.ts";
import { mean, sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Terms } from "../../nn/objective.ts";
import type { PixelDistribution, Posterior, Prior } from "./distribution.ts";
import { type Normal, normal } from "./normal.ts";

/** Floats of one block of decoded images: 16 MiB. */
const BLOCK = 2 ** 22;

/** What importance weights are made of. */
export interface Weighing<Q extends Posterior = Posterior> {
  readonly q: Q;
  readonly prior: Prior;
  decode(z: Tensor): PixelDistribution;
}

/** log w = log p(x|z) + log p(z) − log q(z|x) of codes z [..., n, latent] of images x [n, …]: [..., n], and its first part. */
function logWeights({ q, prior, decode }: Weighing, x: Tensor, z: Tensor) {
  const reconstruction = decode(z).logProb(x);
  return { reconstruction, weights: add(reconstruction, sub(prior.logProb(z), q.logProb(z))) };
}

/** log 1/k Σ_i w_i per image with `samples` draws, decoded block by block. */
export function importanceWeighted(parts: Weighing, x: Tensor, samples: number, draw: Draw): Tensor {
  const [n, latent] = parts.q.mean.shape as [number, number];
  const block = Math.max(1, Math.min(samples, Math.floor(BLOCK / x.size)));
  // where normal numbers make the draws, they are the same for every size of block
  const noise = parts.q.takesNormal ? drawNormal(x.gpu, [samples, n, latent], draw) : null;
  const blocks: Tensor[] = [];
  for (let at = 0; at < samples; at += block) {
    const draws = Math.min(block, samples - at);
    const own = noise ? { ...draw, given: part(noise, 0, at, draws) } : { ...draw, name: `${draw.name} from ${at}` };
    blocks.push(logWeights(parts, x, parts.q.sample(own, draws)).weights);
  }
  return sub(logsumexp(concat(blocks, 0), 0), Math.log(samples));
}

/** Which gradient of the importance-weighted bound: its own, sticking the landing, or the doubly reparameterised one. */
export type BoundGradient = "standard" | "stl" | "dreg";

/**
 * The importance-weighted bound with `samples` draws for each image (in `groups`, the mean of whose bounds it is), and its parts:
 *
 *     bound = mean_b [log Σ_k w_k − log K],   elbo = mean log w,   loss = −bound
 *
 * "stl" holds q's parameters inside log q(z|x) (Roeder et al. 2017: biased for K > 1); "dreg" gives, with w̃ the normalised weights, the
 * decoder the gradient with w̃ and the encoder that with w̃² (Tucker et al. 2019: no bias).
 */
export function boundTerms(
  parts: Weighing<Normal>,
  x: Tensor,
  lead: readonly number[],
  gradient: BoundGradient,
  draw: Draw,
): Terms {
  const { q } = parts;
  const axis = lead.length - 1;
  const detached: Weighing =
    gradient === "standard" ? parts : { ...parts, q: normal(detach(q.mean), detach(q.logVar)) };
  let normalised: Tensor | null = null;
  const scaled = customGradient(
    (z: Tensor) => z,
    ([g]) => [mul(g!, reshape(normalised!, [...normalised!.shape, 1]))],
  );
  const drawn = q.sample(draw, lead);
  const { reconstruction, weights } = logWeights(detached, x, gradient === "dreg" ? scaled(drawn) : drawn);
  const total = logsumexp(weights, axis, { keepDims: true });
  normalised = detach(exp(sub(weights, total)));
  const bound = sub(mean(total), Math.log(lead[axis]!));
  const groups = weights.size / (lead[axis]! * x.shape[0]!);
  const surrogate = mul(sum(mul(normalised, weights)), 1 / (groups * x.shape[0]!));
  // the value of the bound, the gradient of the weighted sum
  const loss = gradient === "dreg" ? neg(add(detach(bound), sub(surrogate, detach(surrogate)))) : neg(bound);
  return { loss, bound, elbo: mean(weights), reconstruction: mean(reconstruction) };
}
