import { type Draw, drawNormal, streamOf } from "../../data/streams.ts";
import { check, checkOptions, present, show } from "../../device/errors.ts";
import { add, mul, sub } from "../../graph/ops/arithmetic.ts";
import { exp } from "../../graph/ops/elementwise.ts";
import { gather } from "../../graph/ops/gather.ts";
import { matmul } from "../../graph/ops/matmul.ts";
import { oneHot } from "../../graph/ops/oneHot.ts";
import { random } from "../../graph/ops/random.ts";
import { reshape, transpose } from "../../graph/ops/shape.ts";
import { concat } from "../../graph/ops/part.ts";
import { logsumexp } from "../../graph/ops/softmax.ts";
import { sum } from "../../graph/ops/sum.ts";
import { Tensor } from "../../graph/tensor.ts";
import { numbersOf } from "../../linalg/numbers.ts";
import { ones } from "../../linalg/matrix.ts";
import type { CovarianceFamily, Tensors } from "./family.ts";
import { differences } from "./stack.ts";

/** What is known of the features. */
export interface ConditionalOptions {
  /** Features that are known; negative ones count from the end. */
  readonly observed: readonly number[];
  /** Their values, one row [observed] or many [n, observed]: a tensor, or numbers flat or nested. */
  readonly values: Tensor | ArrayLike<number> | readonly ArrayLike<number>[];
}

/** Components: log weights [K] or null for one alone, means [K, d], covariances. */
interface Components {
  readonly weights: Tensor | null;
  readonly means: Tensor;
  readonly covariances: Tensors;
}

/**
 * Some features of a Gaussian or a mixture, given the others: p(x_h | x_o) = Σ_k r_k N(x_h; m_k, C_k), one for each observed row, where
 *
 *     m_k = μ_h + Σ_ho Σ_oo⁻¹ (x_o − μ_o),   C_k = Σ_hh − Σ_ho Σ_oo⁻¹ Σ_oh,   r_k ∝ π_k N(x_o; μ_o, Σ_oo)
 *
 *     const rest: Conditional = (await Gaussian.fit(x)).conditional({ observed: [0], values: [[1.5]] });
 *     const filled = await rest.complete().read();
 */
export class Conditional {
  /** Known features, in the order of the values. */
  readonly observed: readonly number[];
  /** The others, ascending. */
  readonly hidden: readonly number[];
  /** r: the probability of each component given the values, [n, K]. */
  readonly weights: Tensor;
  /** m: [K, n, hidden]. */
  readonly means: Tensor;
  readonly #family: CovarianceFamily;
  readonly #covariances: Tensors;
  readonly #values: Tensor;
  readonly #single: boolean;
  readonly #owned: readonly Tensor[];

  private constructor(
    family: CovarianceFamily,
    features: { observed: readonly number[]; hidden: readonly number[] },
    parts: { weights: Tensor; means: Tensor; covariances: Tensors; values: Tensor; single: boolean },
    lent: readonly Tensor[],
  ) {
    this.#family = family;
    this.observed = features.observed;
    this.hidden = features.hidden;
    this.weights = parts.weights;
    this.means = parts.means;
    this.#covariances = parts.covariances;
    this.#values = parts.values;
    this.#single = parts.single;
    const tensors = [parts.weights, parts.means, parts.values, ...Object.values(parts.covariances)];
    this.#owned = tensors.filter((tensor) => !lent.includes(tensor));
  }

  /** @internal */
  static of(where: string, family: CovarianceFamily, components: Components, options: ConditionalOptions): Conditional {
    checkOptions(where, options, ["observed", "values"]);
    const { means, covariances } = components;
    const [k, d] = means.shape as [number, number];
    const { gpu } = means;
    const { observed, hidden } = split(where, options.observed, d);
    const { values, single } = valuesOf(where, means, options.values, observed.length);
    const [observedAt, hiddenAt] = [observed, hidden].map((list) =>
      gpu.upload(Uint32Array.from(list), [list.length]),
    ) as [Tensor, Tensor];
    const observedMeans = gather(means, observedAt, { axis: 1 });
    const centred = differences(values, observedMeans);
    const { shift, covariances: left } = family.condition(covariances, observedAt, hiddenAt, centred);
    const hiddenMeans = reshape(gather(means, hiddenAt, { axis: 1 }), [k, 1, hidden.length]);
    let weights = ones(gpu, [values.shape[0]!, 1]);
    if (components.weights) {
      const marginal = family.marginal(covariances, observedAt);
      const { logDet, tensors } = family.whitening(marginal, observedMeans);
      const squares = family.squaredDistances(values, {
        means: observedMeans,
        covariances: marginal,
        whitening: tensors,
      });
      const joint = sub(components.weights, mul(add(squares, logDet), 0.5));
      weights = exp(sub(joint, logsumexp(joint, 1, { keepDims: true })));
    }
    const parts = { weights, means: add(shift, hiddenMeans), covariances: left, values, single };
    // some families have nothing to condition, and hand on what the model owns
    const lent = [...Object.values(covariances), ...(options.values instanceof Tensor ? [options.values] : [])];
    return new Conditional(family, { observed, hidden }, parts, lent);
  }

  /** The expected values Σ_k r_k m_k: [n, hidden], or [hidden] where `values` was one row. */
  get mean(): Tensor {
    const [k, n, h] = this.means.shape as [number, number, number];
    const mixed = k === 1 ? reshape(this.means, [n, h]) : this.#mixed(this.weights, this.means);
    return this.#single ? reshape(mixed, [h]) : mixed;
  }

  /** C of a Gaussian: [hidden, hidden], the same for all rows. Of a mixture: [K, hidden, hidden], tied ones [1, hidden, hidden]. */
  get covariance(): Tensor {
    const h = this.hidden.length;
    const dense = this.#family.dense(this.#covariances, h);
    if (this.means.shape[0] === 1) return reshape(dense, [h, h]);
    // full ones are dense as they are: the caller gets a copy
    return Object.values(this.#covariances).includes(dense) ? add(dense, 0) : dense;
  }

  /** One draw for each row: [n, hidden], or [hidden] where `values` was one row. Equal seeds give equal bits on one device. */
  sample(options: Partial<Draw> = {}): Tensor {
    const where = "Conditional.sample";
    checkOptions(where, options, ["seed", "step"]);
    const draw = { seed: 0, ...present(options) };
    const [k, n, h] = this.means.shape as [number, number, number];
    const { gpu } = this.means;
    const labels =
      k === 1
        ? gpu.upload(new Uint32Array(n), [n])
        : random.categorical(gpu, this.weights, [n], {
            ...draw,
            stream: streamOf("conditional components"),
            probabilities: true,
          });
    const own = oneHot(labels, k);
    const coloured = this.#family.colour(this.#covariances, {
      noise: (columns, name) =>
        drawNormal(gpu, [n, columns], name === "directions" ? { ...draw, name: "covariance directions" } : draw),
      labels,
      features: h,
      timesOwn: (rows, factors, product) => timesOwnByMask(rows, factors, own, product),
    });
    const drawn = add(coloured, this.#mixed(own, this.means));
    return this.#single ? reshape(drawn, [h]) : drawn;
  }

  /** All features, those observed as they were given: [n, d], or [d] where `values` was one row. x: the hidden ones; their mean. */
  complete(x: Tensor = this.mean): Tensor {
    const [, n, h] = this.means.shape as [number, number, number];
    const d = this.observed.length + h;
    check(
      x.size === n * h,
      "shape",
      "Conditional.complete",
      () => `expected hidden features ${show([n, h])}; got ${show(x.shape)}.`,
    );
    const order = new Uint32Array(d);
    for (const [at, feature] of [...this.observed, ...this.hidden].entries()) order[feature] = at;
    const both = concat([this.#values, reshape(x, [n, h])], 1);
    const sorted = gather(both, this.means.gpu.upload(order, [d]), { axis: 1 });
    return this.#single ? reshape(sorted, [d]) : sorted;
  }

  /** Frees what it holds on the GPU; what its calls gave is the caller's. */
  dispose(): void {
    for (const tensor of this.#owned) tensor.dispose();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Σ_k weights[n, k] · parts[k, n, h]: [n, h]. */
  #mixed(weights: Tensor, parts: Tensor): Tensor {
    const [n, k] = weights.shape as [number, number];
    return sum(mul(reshape(transpose(weights), [k, n, 1]), parts), 0);
  }
}

/** Every row times every component's factor, and of that what belongs to it by own [n, K]; `product` serves where there is one. */
export function timesOwnByMask(
  rows: Tensor,
  factors: Tensor,
  own: Tensor,
  product: (rows: Tensor, factor: Tensor) => Tensor,
): Tensor {
  const [k, d, m] = factors.shape as [number, number, number];
  if (k === 1) return product(rows, reshape(factors, [d, m]));
  const [n] = rows.shape as [number, number];
  const all = reshape(matmul(rows, transpose(reshape(factors, [k * d, m]))), [n, k, d]);
  return sum(mul(reshape(own, [n, k, 1]), all), 1);
}

/** Features of a list, checked, and those that it does not name. */
function split(where: string, list: readonly number[], d: number) {
  check(
    Array.isArray(list) || ArrayBuffer.isView(list),
    "argument",
    where,
    () => `expected observed features as a list of whole numbers; got ${String(list)}.`,
  );
  const observed = Array.from(list, (feature) => {
    check(
      Number.isInteger(feature) && feature >= -d && feature < d,
      "argument",
      where,
      () => `expected observed features in [${-d}, ${d}); got ${String(feature)}.`,
    );
    return feature < 0 ? feature + d : feature;
  });
  const twice = observed.find((feature, at) => observed.indexOf(feature) !== at);
  check(twice === undefined, "argument", where, () => `expected each observed feature once; got ${twice} twice.`);
  check(
    observed.length > 0 && observed.length < d,
    "argument",
    where,
    () => `expected 1 to ${d - 1} observed features; got ${observed.length}.`,
  );
  const given = new Set(observed);
  return { observed, hidden: Array.from({ length: d }, (_, i) => i).filter((i) => !given.has(i)) };
}

/** Values as rows [n, observed]. */
function valuesOf(where: string, means: Tensor, given: ConditionalOptions["values"], columns: number) {
  if (given instanceof Tensor) {
    const single = given.rank === 1;
    check(
      given.dtype === "f32" && (single || given.rank === 2) && given.shape.at(-1) === columns && given.size > 0,
      "shape",
      where,
      () => `expected f32 values [n, ${columns}] or [${columns}]; got ${given.dtype} ${show(given.shape)}.`,
    );
    return { values: reshape(given, [given.size / columns, columns]), single };
  }
  const flat = numbersOf(where, "values", given);
  check(
    flat.length > 0 && flat.length % columns === 0,
    "shape",
    where,
    () => `expected rows of ${columns} values, one for each observed feature; got ${flat.length} values.`,
  );
  const nested = typeof (given as ArrayLike<unknown>)[0] !== "number";
  const single = !nested && flat.length === columns;
  return { values: means.gpu.upload(Float32Array.from(flat), [flat.length / columns, columns]), single };
}
