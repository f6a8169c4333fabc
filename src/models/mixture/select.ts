import { permutation } from "../../data/philox.ts";
import { rowsOf, type Samples } from "../../data/rows.ts";
import { streamOf } from "../../data/streams.ts";
import { check, checkOptions } from "../../device/errors.ts";
import { checkCall, progressOf } from "../../formats/call.ts";
import { inside, listOf, oneOf, readOptions } from "../../formats/options.ts";
import { meanLogProb } from "../logProb.ts";
import { totalOf, weightsOf } from "../weights.ts";
import type { Missing } from "../observed.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { checkMixtureOptions, mixtureOptionNames, type MixtureOptions } from "./options.ts";

/** How the number of components is chosen. */
export type Criterion = "bic" | "aic" | "held-out";

/** What is chosen among, and how each is fitted. */
export interface SelectOptions extends Omit<MixtureOptions, "components" | "init" | "warmStart"> {
  /** Numbers of components to compare. */
  readonly components: readonly number[];
  /** "bic": −2 log L + p log n; "aic": −2 log L + 2p; "held-out": the mean log-likelihood of rows set apart. "bic" */
  readonly criterion?: Criterion;
  /** Part of the rows that is set apart for "held-out", at random by `seed`; 0.2. The best is fitted to all rows afterwards. */
  readonly heldOut?: number;
  /** As in `fit`, but for parameters. */
  readonly init?: "kmeans" | "k-means++" | "random" | "random-from-data";
}

/** One number of components. */
export interface Selected {
  /** Components of this mixture. */
  readonly components: number;
  /** Value of the criterion: least is best of bic and aic, most of held-out. */
  readonly value: number;
  /** Mean log-likelihood in nats of the rows that it was fitted to. */
  readonly score: number;
  /** Free parameters, as bic and aic count them. */
  readonly parameterCount: number;
  /** Iterations of EM. */
  readonly iterations: number;
  /** Whether EM ended by the tolerance. */
  readonly converged: boolean;
  /** Why there is no such mixture, where the fit refused. */
  readonly error?: Error;
}

/** A fitted mixture. */
interface Candidate {
  readonly components: number;
  readonly parameterCount: number;
  readonly iterations: number;
  readonly converged: boolean;
  logProb(x: Tensor, options: { readonly missing?: Missing }): Tensor;
  dispose(): void;
}

const selection = { components: listOf(), criterion: oneOf("bic", "aic", "held-out"), heldOut: inside(0, 1, 0.2) };

/** Fits one mixture for each number of components. See GaussianMixture.select. */
export async function selectMixture<M extends Candidate>(
  where: string,
  samples: Samples,
  options: SelectOptions,
  fit: (samples: Samples, options: MixtureOptions) => Promise<M>,
): Promise<{ best: M; table: Selected[] }> {
  checkOptions(where, options ?? {}, [...mixtureOptionNames, "criterion", "heldOut"]);
  checkCall(where, options ?? {});
  const values = readOptions(where, selection, options ?? {});
  const { criterion, heldOut, components, weights: own, onProgress, ...rest } = { ...options, ...values };
  for (const k of components) checkMixtureOptions(where, { ...rest, components: k });
  const rows = rowsOf(where, samples);
  const all = await weightsOf(where, own, rows.count);
  const apart = criterion === "held-out" ? setApart(where, rows.count, heldOut, rest.seed ?? 0, all) : null;
  const trained = apart?.trained ?? all;
  const began = performance.now();
  const call = { signal: rest.signal };
  const missing = rest.missing ? { missing: rest.missing } : {};
  const scoreOf = (model: M, weights: Float32Array | undefined) =>
    meanLogProb(where, (x) => model.logProb(x, missing), rows, model.components, call, weights);
  const table: Selected[] = [];
  let best: { model: M; value: number } | null = null;
  let scored: M | null = null;
  try {
    for (const [at, k] of components.entries()) {
      const report =
        onProgress && ((loss: number) => onProgress({ ...progressOf(began, at, components.length), loss }));
      const inFit = report ? { onProgress: ({ loss }: { loss: number }) => report(loss) } : {};
      let model: M;
      try {
        model = await fit(samples, { ...rest, ...inFit, components: k, ...(trained ? { weights: trained } : {}) });
      } catch (error) {
        // a covariance that got singular rules out this number alone
        if ((error as { code?: string }).code !== "numeric") throw error;
        const none = { value: criterion === "held-out" ? -Infinity : Infinity, score: -Infinity };
        table.push({
          components: k,
          ...none,
          parameterCount: 0,
          iterations: 0,
          converged: false,
          error: error as Error,
        });
        continue;
      }
      scored = model;
      const { parameterCount, iterations, converged } = model;
      const score = await scoreOf(model, trained);
      const count = trained ? totalOf(trained) : rows.count;
      const penalty = criterion === "bic" ? Math.log(count) : 2;
      const value = apart ? await scoreOf(model, apart.tested) : -2 * count * score + penalty * parameterCount;
      table.push({ components: k, value, score, parameterCount, iterations, converged });
      const isBetter = !best || (apart ? value > best.value : value < best.value);
      if (isBetter) best?.model.dispose();
      else model.dispose();
      if (isBetter) best = { model, value };
      scored = null;
      onProgress?.({ ...progressOf(began, at + 1, components.length), loss: -score });
    }
    if (!best) throw table[0]!.error!;
    if (!apart) return { best: best.model, table };
    const { components: k } = best.model;
    const again = await fit(samples, { ...rest, components: k, ...(all ? { weights: all } : {}) });
    best.model.dispose();
    return { best: again, table };
  } catch (error) {
    for (const model of [best?.model, scored]) model?.dispose();
    throw error;
  }
}

/** Weights of the rows that are fitted to, and of those set apart. */
function setApart(where: string, count: number, part: number, seed: number, weights: Float32Array | undefined) {
  const size = Math.round(part * count);
  check(size > 0 && size < count, "argument", where, () => {
    return `heldOut leaves no rows. Expected a part of ${count} rows that is at least one and not all; got ${part}.`;
  });
  const [trained, tested] = [new Float32Array(count), new Float32Array(count)];
  const order = permutation(count, { seed, stream: streamOf("held-out rows") });
  for (const [at, row] of order.entries()) (at < size ? tested : trained)[row] = weights?.[row] ?? 1;
  for (const one of [trained, tested])
    check(totalOf(one) > 0, "argument", where, () => "heldOut leaves rows of weight 0 alone. Choose another seed.");
  return { trained, tested };
}
