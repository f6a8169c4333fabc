import { type Draw, drawUniform } from "../../data/streams.ts";
import { add, div, equal, less, maximum, mul, neg, square, sub, where } from "../../graph/ops/arithmetic.ts";
import { argmin } from "../../graph/ops/argmax.ts";
import { cast } from "../../graph/ops/cast.ts";
import { detach } from "../../graph/ops/detach.ts";
import { exp, floor, log } from "../../graph/ops/elementwise.ts";
import { gather } from "../../graph/ops/gather.ts";
import { matmul } from "../../graph/ops/matmul.ts";
import { oneHot } from "../../graph/ops/oneHot.ts";
import { expand, reshape, transpose } from "../../graph/ops/shape.ts";
import { mean, sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { straightThrough } from "./categorical.ts";
import type { Posterior } from "./distribution.ts";

/** Codes [n, positions · dimension] on a codebook [codes, dimension]. */
export interface Quantised extends Posterior {
  /** Numbers of the nearest entries, u32 [n, positions]. */
  readonly indices: Tensor;
  /** The encoder's own codes, a row a position: [n · positions, dimension]. */
  readonly rows: Tensor;
  /** Their entries, with the gradient of the encoder's own codes. */
  readonly through: Tensor;
  /** mean over images of ‖codes − entries‖², whose gradient reaches only the codes, or only the entries. */
  distance(to: "codes" | "entries"): Tensor;
  /** e^H of the entries' frequencies in the batch: how many are in use. */
  perplexity(): Tensor;
}

/** The nearest entry of each position, the first of equally near ones. */
export function quantised(codes: Tensor, codebook: Tensor): Quantised {
  const [n, width] = codes.shape as [number, number];
  const [entries, dimension] = codebook.shape as [number, number];
  const rows = reshape(codes, [-1, dimension]);
  const scores = sub(sum(square(codebook), 1), mul(matmul(rows, transpose(codebook)), 2));
  const index = argmin(detach(scores), 1);
  const nearest = gather(codebook, index);
  const mean_ = reshape(detach(nearest), [n, width]);
  const positions = width / dimension;
  return {
    indices: reshape(index, [n, positions]),
    rows,
    mean: mean_,
    through: straightThrough(mean_, codes),
    distance(to) {
      const [a, b] = to === "codes" ? [rows, detach(nearest)] : [detach(rows), nearest];
      return mul(sum(square(sub(a, b))), 1 / n);
    },
    perplexity() {
      const frequencies = mean(oneHot(index, entries), 0);
      // 0 · log 0 = 0
      return exp(neg(sum(mul(frequencies, log(where(equal(frequencies, 0), 1, frequencies))))));
    },
    // the encoder says one code: q is a point of the discrete codes, with log q = 0
    isPoint: true,
    sample: (_, draws) => expand(mean_, [...[draws ?? []].flat(), n, width]),
    logProb: (z) => mul(sum(z, -1), 0),
    klTo: (prior, z) => neg(prior.logProb(z)),
  };
}

/** A codebook that follows its codes, and what it keeps for that. */
export interface MovingCodebook {
  /** [codes, dimension]. */
  readonly weight: Tensor;
  /** [codes]: how many codes each entry stood for, averaged. */
  readonly count: Tensor;
  /** [codes, dimension]: their sum, averaged. */
  readonly sum: Tensor;
}

/**
 * The next states of a codebook that is an exponential average of its codes, with n_k codes at entry k:
 *
 *     count ← decay·count + (1 − decay)·n,   sum ← decay·sum + (1 − decay)·Σ codes,   weight ← sum / ñ
 *     ñ = (count + ε)/(Σ count + K·ε) · Σ count
 *
 * An entry whose count falls below `deadBelow` becomes a code of the batch (`reset`, rows of it, given or drawn), with count 1.
 * Source: van den Oord, Vinyals & Kavukcuoglu 2017, appendix A.1.
 */
export function movedCodebook(
  { weight, count, sum: sums }: MovingCodebook,
  { indices, rows }: Quantised,
  { decay, epsilon, deadBelow }: { readonly decay: number; readonly epsilon: number; readonly deadBelow: number },
  reset: Draw,
): MovingCodebook {
  const [entries] = weight.shape as [number, number];
  const codes = detach(rows);
  const chosen = oneHot(reshape(indices, [rows.shape[0]!]), entries);
  const blend = (before: Tensor, now: Tensor) => add(mul(before, decay), mul(now, 1 - decay));
  const nextCount = blend(count, sum(chosen, 0));
  const nextSum = blend(sums, matmul(transpose(chosen), codes));
  const total = sum(nextCount);
  const smoothed = mul(div(add(nextCount, epsilon), add(total, entries * epsilon)), total);
  const isDead = less(nextCount, deadBelow);
  const uniform = reset.given ? null : drawUniform(weight.gpu, [entries], reset);
  const places = uniform ? floor(mul(uniform, rows.shape[0]!)) : reset.given!;
  const fresh = gather(codes, cast(places, "u32"));
  const column = reshape(isDead, [entries, 1]);
  return {
    count: where(isDead, 1, nextCount),
    sum: where(column, fresh, nextSum),
    weight: where(column, fresh, div(nextSum, reshape(maximum(smoothed, 1e-30), [entries, 1]))),
  };
}

/** The states of a codebook that follows its codes, each with its next value. */
export function codebookMoves(
  moving: MovingCodebook | null,
  q: Quantised,
  options: Parameters<typeof movedCodebook>[2],
  reset: Draw,
): (readonly [Tensor, Tensor])[] {
  if (!moving) return [];
  const next = movedCodebook(moving, q, options, reset);
  return [
    [moving.weight, next.weight],
    [moving.count, next.count],
    [moving.sum, next.sum],
  ];
}
