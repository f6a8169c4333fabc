import { check, checkOptions, show } from "../device/errors.ts";
import { permutation } from "../data/philox.ts";
import { Tensor } from "../graph/tensor.ts";

/** What classScore may be asked for. */
export interface ClassScoreOptions {
  /** Parts that are scored on their own; 1. Common practice for the Inception Score is 10. */
  readonly splits?: number;
  /** Shuffles the samples first, so that sorted ones give parts of the same kind; without it they stay in order. */
  readonly seed?: number;
}

/** A class score, and what it rests on. */
export interface ClassScore {
  /** Mean over the splits, in [1, classes]. */
  readonly score: number;
  /** Standard deviation over the splits, dividing by their number. */
  readonly deviation: number;
  /** The score of each split. */
  readonly scores: readonly number[];
  /** log of the whole set's score: the mutual information of sample and class, in nats. */
  readonly information: number;
  /** Samples that were judged. */
  readonly samples: number;
  /** Parts that they were cut into. */
  readonly splits: number;
}

/**
 * exp(mean KL(p(y|x) ‖ p(y))) over samples x, with p(y) the mean of p(y|x): the Inception Score's formula, for any classifier.
 *
 * probabilities: [n, classes], rows that sum to 1 (Digits.probabilities, softmax of logits). With the Inception network and
 * 10 splits it is the Inception Score; name the classifier beside any other. Finished in float64 on the CPU.
 *
 * Throws LatentError: "argument" on more splits than samples, "data" on rows that are no probabilities.
 * Source: Salimans et al. 2016; torch-fidelity metric_isc.py.
 *
 *     const { score, deviation } = await classScore(probabilities);
 */
export async function classScore(probabilities: Tensor, options: ClassScoreOptions = {}): Promise<ClassScore> {
  const where = "classScore";
  checkOptions(where, options, ["splits", "seed"]);
  check(
    probabilities instanceof Tensor,
    "argument",
    where,
    () => `expected a tensor of probabilities [n, classes]; got ${typeof probabilities}. Make one: gpu.tensor(values).`,
  );
  check(
    probabilities.rank === 2 && probabilities.dtype === "f32",
    "shape",
    where,
    () => `expected probabilities [n, classes], f32; got ${probabilities.dtype} ${show(probabilities.shape)}.`,
  );
  const [samples, classes] = probabilities.shape as [number, number];
  const { splits = 1, seed } = options;
  check(
    Number.isInteger(splits) && splits > 0 && splits <= samples,
    "argument",
    where,
    () => `expected splits in [1, ${samples}], the number of samples; got ${splits}.`,
  );
  check(
    seed === undefined || (Number.isSafeInteger(seed) && seed >= 0),
    "argument",
    where,
    () => `expected a seed that is a whole number ≥ 0; got ${String(seed)}.`,
  );
  const p = (await probabilities.read()) as Float32Array;
  checkRows(where, p, classes);
  const order =
    seed === undefined ? Uint32Array.from({ length: samples }, (_, i) => i) : permutation(samples, { seed });
  const informations = Array.from({ length: splits }, (_, k) =>
    information(
      p,
      classes,
      order.subarray(Math.floor((k * samples) / splits), Math.floor(((k + 1) * samples) / splits)),
    ),
  );
  const scores = informations.map(Math.exp);
  const score = scores.reduce((a, b) => a + b, 0) / splits;
  const deviation = Math.sqrt(scores.reduce((sum, s) => sum + (s - score) ** 2, 0) / splits);
  return { score, deviation, scores, information: information(p, classes, order), samples, splits };
}

function checkRows(where: string, p: Float32Array, classes: number): void {
  for (let row = 0; row * classes < p.length; row++) {
    let total = 0;
    let least = 0;
    for (let c = 0; c < classes; c++) {
      total += p[row * classes + c]!;
      least = Math.min(least, p[row * classes + c]!);
    }
    // float32 softmax of a thousand classes rounds off by less than 1e-4
    check(
      Math.abs(total - 1) <= 1e-3 && least >= 0,
      "data",
      where,
      () => `row ${row} is no distribution. Expected values ≥ 0 that sum to 1; got a sum of ${total}.`,
    );
  }
}

/** Mean of Σ_c p_c (log p_c − log p̄_c) over `rows`, with 0 · log 0 = 0. */
function information(p: Float32Array, classes: number, rows: Uint32Array): number {
  const marginal = new Float64Array(classes);
  for (const row of rows) for (let c = 0; c < classes; c++) marginal[c]! += p[row * classes + c]! / rows.length;
  let total = 0;
  for (const row of rows)
    for (let c = 0; c < classes; c++) {
      const value = p[row * classes + c]!;
      if (value > 0) total += value * Math.log(value / marginal[c]!);
    }
  return Math.max(0, total / rows.length);
}
