import type { Draw } from "../../data/streams.ts";
import { mean } from "../../graph/ops/sum.ts";
import type { Posterior } from "./distribution.ts";
import type { Images, Parts } from "./recipe.ts";

/**
 * Images encoded, one code drawn for each under the name "z", and decoded; what most losses are made of, averaged over the batch:
 *
 *     reconstruction = mean log p(x|z),   kl = mean KL(q(z|x) ‖ prior)
 */
export function onePass<Q extends Posterior>(
  { x, labels }: Images,
  { encode, decode, prior }: Parts<Q>,
  draw: (name: string) => Draw,
) {
  const q = encode(x, labels);
  const z = q.sample(draw("z"));
  const pixels = decode(z, labels);
  return { q, z, pixels, reconstruction: mean(pixels.logProb(x)), kl: mean(q.klTo(prior, z)) };
}
