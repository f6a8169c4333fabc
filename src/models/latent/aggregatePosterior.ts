import { LatentError } from "../../device/errors.ts";
import { checkCall, type LongCall, progressOf } from "../../formats/call.ts";
import { inside, readOptions, whole } from "../../formats/options.ts";
import { sub } from "../../graph/ops/arithmetic.ts";
import { expand, reshape } from "../../graph/ops/shape.ts";
import { slice } from "../../graph/ops/slice.ts";
import { logsumexp } from "../../graph/ops/softmax.ts";
import { Tensor } from "../../graph/tensor.ts";
import type { ImageOptions } from "./calls.ts";
import type { LatentModel } from "./model.ts";

/** What aggregatePosterior may be asked for. */
export interface AggregateOptions extends LongCall, ImageOptions {
  /** Where its random numbers start; 0. */
  readonly seed?: number;
  /** Share of the codes that lie in places as empty as a hole; 0.01. */
  readonly quantile?: number;
}

/** What all posteriors of a set of images together look like, beside the prior. */
export interface AggregatePosterior {
  /** KL(q(z) ‖ p(z)) in nats, with q(z) the mean of the posteriors: what the prior cannot explain. */
  readonly kl: number;
  /** What a code says of its image, in nats: mean KL(q(z|x) ‖ q(z)), at most log n. */
  readonly mutualInformation: number;
  /** Share of draws of the prior that fall into holes: where q(z) is as low as at the emptiest `quantile` of its own codes, or lower. */
  readonly holes: number;
  /** Images. */
  readonly n: number;
}

const table = { seed: whole(0, 0), quantile: inside(0, 1, 0.01) };

/** Floats of one block of pairs: 16 MiB. */
const BLOCK = 2 ** 22;

/**
 * Diagnostics of the aggregate posterior q(z) = 1/n Σ_i q(z|x_i): the divergence of the ELBO is the sum of two parts,
 *
 *     mean KL(q(z|x) ‖ p(z)) = mutualInformation + kl,   kl = E_q(z)[log q(z) − log p(z)]
 *
 * at one draw z_i of each posterior. q(z) is exact for these images; for other images of the same kind it is lower, so that
 * mutualInformation comes near log n where codes are told apart. Samples from the prior are poor where `kl` or `holes` are large.
 * Source: Hoffman & Johnson 2016; holes as in Rezende & Viola 2018.
 *
 * x: [n, c, h, w] or [n, pixels]. Throws LatentError: "unsupported" where codes are points, of a codebook too, "argument" on options out of range.
 *
 *     const vae = new VAE(gpu, { image: [1, 1, a.shape[1]!] });
 *     const { kl, mutualInformation, holes } = await aggregatePosterior(vae, a);
 */
export async function aggregatePosterior(
  model: LatentModel,
  x: Tensor,
  options: AggregateOptions = {},
): Promise<AggregatePosterior> {
  const where = "aggregatePosterior";
  const { seed, quantile } = readOptions(where, table, options, ["labels", "signal", "onProgress"]);
  checkCall(where, options);
  const { labels, signal, onProgress } = options;
  const { gpu } = model;
  const q = model.encode(x, labels === undefined ? {} : { labels });
  if (q instanceof Tensor)
    throw new LatentError("unsupported", `${where}: codes of ${model.name} are points. Expected distributions.`);
  if (q.isPoint)
    throw new LatentError(
      "unsupported",
      `${where}: each image has one code of ${model.name}'s codebook, so its posterior is no density. Expected posteriors that spread; the frequencies of codes are what terms(x).perplexity tells.`,
    );
  const prior = model.options.prior ?? model.built.parts.prior;
  const n = q.mean.shape[0]!;
  const began = performance.now();
  const owned: Tensor[] = [];
  const evaluated = async (...tensors: Tensor[]): Promise<Tensor[]> => {
    owned.push(...tensors);
    await gpu.evaluate(tensors, { signal });
    return tensors;
  };
  /** log q of each code [m, latent]: Float32Array [m]. */
  const aggregate = async (codes: Tensor, done: number): Promise<Float32Array> => {
    const [m, latent] = codes.shape as [number, number];
    const rows = Math.max(1, Math.floor(BLOCK / (n * latent)));
    const found = new Float32Array(m);
    for (let at = 0; at < m; at += rows) {
      signal?.throwIfAborted();
      const size = Math.min(rows, m - at);
      const part = gpu.within(() => {
        const each = expand(reshape(slice(codes, 0, at, at + size), [size, 1, latent]), [size, n, latent]);
        return sub(logsumexp(q.logProb(each), 1), Math.log(n));
      });
      found.set((await part.read({ signal }).finally(() => part.dispose())) as Float32Array, at);
      onProgress?.(progressOf(began, done + at + size, 2 * n));
    }
    return found;
  };
  try {
    // its parameters, once for all blocks
    await evaluated(...Object.values(q).filter((part) => part instanceof Tensor));
    const draws = [q.sample({ seed, name: "aggregate codes" }), prior.sample(n, { seed, name: "aggregate prior" })];
    const [codes, drawn] = (await evaluated(...draws)) as [Tensor, Tensor];
    const [own, ofPrior] = (await evaluated(q.logProb(codes), prior.logProb(codes))) as [Tensor, Tensor];
    const [ofAggregate, ofDraws] = [await aggregate(codes, 0), await aggregate(drawn, n)];
    const meanGap = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
      Array.from(a).reduce((sum, value, i) => sum + (value - b[i]!), 0) / n;
    const least = Float32Array.from(ofAggregate).sort()[Math.floor(quantile * (n - 1))]!;
    return {
      kl: meanGap(ofAggregate, (await ofPrior.read({ signal })) as Float32Array),
      mutualInformation: meanGap((await own.read({ signal })) as Float32Array, ofAggregate),
      holes: ofDraws.filter((value) => value <= least).length / n,
      n,
    };
  } finally {
    for (const tensor of owned) tensor.dispose();
  }
}
