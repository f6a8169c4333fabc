import { allFinite } from "../data/rows.ts";
import { add, div, equal, maximum, minimum, mul, neg, square, sub, where } from "../graph/ops/arithmetic.ts";
import { abs, floor, log2 } from "../graph/ops/elementwise.ts";
import { gram } from "../graph/ops/gram.ts";
import { pow } from "../graph/ops/power.ts";
import { slice } from "../graph/ops/slice.ts";
import { concat } from "../graph/ops/part.ts";
import { reshape } from "../graph/ops/shape.ts";
import { max, mean as meanOf, sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import { deviation } from "./covariance.ts";

/** What was added up: count, mean and centred products in float64. */
interface Sums {
  readonly count: number;
  readonly mean: Float64Array;
  readonly products: Float64Array;
  readonly gpu: Gpu;
}

/** The largest exponent of a feature's scale: 2⁻¹²⁰ times it is a normal f32. */
const MAX_EXPONENT = 120;

/** a + b rounded, and what the rounding lost (Knuth 1969): exact unless a compiler reorders it, which costs the second part only. */
function twoSum(a: Tensor, b: Tensor): [sum: Tensor, lost: Tensor] {
  const total = add(a, b);
  const shift = sub(total, a);
  return [total, add(sub(a, sub(total, shift)), sub(b, shift))];
}

/**
 * Mean and centred products of batches, added up on the GPU and read once. A sum is two floats, high and low; each batch is centred on its own
 * mean, and the gap between it and the mean so far is added as Chan, Golub & LeVeque 1979 do. Each feature is brought near 1 by a power of
 * two of its own, which shrinks as larger deviations come, so that squares stay clear of both ends of f32.
 */
export class GpuSums {
  readonly #gpu: Gpu;
  readonly #full: boolean;
  #count = 0;
  /** Mean (high, low), products (high, low), scale, largest deviation, 1 while all values are finite. */
  #state: Tensor[] = [];
  #disposed = false;

  constructor(gpu: Gpu, dim: number, full: boolean) {
    this.#gpu = gpu;
    this.#full = full;
    this.#state = gpu.within(() => {
      const [row, products] = [gpu.zeros([dim]), gpu.zeros(full ? [dim, dim] : [dim])];
      return [row, row, products, products, gpu.full([dim], 2 ** MAX_EXPONENT), row, gpu.ones([])];
    });
  }

  /** Adds a batch [n, d]; a row of weight 2 counts as two. */
  async add(batch: Tensor, weights?: Float32Array<ArrayBuffer>, signal?: AbortSignal): Promise<void> {
    const gpu = this.#gpu;
    const [rows, d] = batch.shape as [number, number];
    let n = rows;
    if (weights) {
      n = 0;
      for (const weight of weights) n += weight;
    }
    if (n === 0) return;
    const total = this.#count + n;
    const owned = gpu.within(() => [
      // stored before it is used, so that all kernels subtract the same numbers: fused into each, it may round differently
      meanOf(batch, 0),
      gpu.tensor([n, n / total, (this.#count * n) / total]),
      ...(weights ? [gpu.tensor(weights, [rows, 1])] : []),
    ]);
    const [origin, numbers, column] = owned as [Tensor, Tensor, Tensor | undefined];
    try {
      await gpu.evaluate([origin], { signal });
      const next = gpu.within(() => this.#added(batch, origin, numbers, d, column));
      // of the old and the new state one goes: the new one where it fails, or where an abort ended the sums meanwhile
      let gone = next;
      try {
        await gpu.evaluate(next, { signal });
        if (this.#disposed) return;
        gone = this.#state;
        this.#state = next;
        this.#count = total;
      } finally {
        for (const tensor of gone) tensor.dispose();
      }
    } finally {
      for (const tensor of owned) tensor.dispose();
    }
  }

  #added(batch: Tensor, origin: Tensor, numbers: Tensor, d: number, weights?: Tensor): Tensor[] {
    const [high, low, productsHigh, productsLow, scale, largest, finite] = this.#state as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const [n, part, factor] = [0, 1, 2].map((at) => slice(numbers, 0, at, at + 1)) as [Tensor, Tensor, Tensor];
    const meanShift = deviation(batch, origin, weights);
    const missed = div(meanShift, n);
    const gap = add(sub(sub(origin, high), low), missed);
    const most = maximum(max(abs(sub(batch, origin)), 0), abs(gap));
    const exponent = minimum(maximum(neg(floor(log2(most))), -MAX_EXPONENT), MAX_EXPONENT);
    const own = minimum(scale, where(equal(most, 0), 2 ** MAX_EXPONENT, pow(2, exponent)));
    const ratio = div(own, scale);
    const [near, away, across] = [mul(sub(batch, origin), own), mul(meanShift, own), mul(gap, own)];
    const both = (x: Tensor): Tensor => (this.#full ? mul(reshape(x, [d, 1]), reshape(x, [1, d])) : square(x));
    const counted = weights ? mul(near, weights) : near;
    const squares = this.#full ? gram(counted, near) : sum(weights ? mul(counted, near) : square(near), 0);
    const products = add(sub(squares, div(both(away), n)), mul(both(across), factor));
    const [sumHigh, lost] = twoSum(mul(productsHigh, both(ratio)), products);
    const [meanHigh, meanLost] = twoSum(high, mul(gap, part));
    return [
      meanHigh,
      add(low, meanLost),
      sumHigh,
      add(mul(productsLow, both(ratio)), lost),
      own,
      maximum(largest, most),
      minimum(finite, allFinite(batch)),
    ];
  }

  /** What was added up, in float64, the largest deviation of each feature, and whether every value was finite: one read. */
  async read(signal?: AbortSignal): Promise<{ sums: Sums; largest: Float32Array; finite: boolean }> {
    const gpu = this.#gpu;
    const total = this.#state.reduce((sum, { size }) => sum + size, 0);
    const parts = 4 * total <= gpu.traits.maxBindingBytes ? await this.#together(signal) : await this.#apart(signal);
    const [high, low, productsHigh, productsLow, scale, largest, finite] = parts as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const d = high.length;
    const products = new Float64Array(productsHigh.length);
    for (let i = 0; i < products.length; i++) {
      const [row, column] = this.#full ? [Math.floor(i / d), i % d] : [i, i];
      products[i] = (productsHigh[i]! + productsLow[i]!) / scale[row]! / scale[column]!;
    }
    const mean = Float64Array.from(high, (value, j) => value + low[j]!);
    return { sums: { count: this.#count, mean, products, gpu }, largest, finite: finite[0] === 1 };
  }

  async #together(signal?: AbortSignal): Promise<Float32Array[]> {
    const whole = this.#gpu.within(() =>
      concat(
        this.#state.map((tensor) => reshape(tensor, [tensor.size])),
        0,
      ),
    );
    const flat = (await whole.read({ signal }).finally(() => whole.dispose())) as Float32Array;
    let at = 0;
    return this.#state.map(({ size }) => flat.subarray(at, (at += size)));
  }

  #apart(signal?: AbortSignal): Promise<Float32Array[]> {
    return Promise.all(this.#state.map((tensor) => tensor.read({ signal }))) as Promise<Float32Array[]>;
  }

  dispose(): void {
    this.#disposed = true;
    for (const tensor of this.#state) tensor.dispose();
  }
}
