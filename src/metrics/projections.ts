import { gpuOf, type Rows } from "../data/rows.ts";
import { check, show } from "../device/errors.ts";
import { div, mul, sqrt, square, sub } from "../graph/ops/arithmetic.ts";
import { gather } from "../graph/ops/gather.ts";
import { matmul } from "../graph/ops/matmul.ts";
import { random } from "../graph/ops/random.ts";
import { reshape, transpose } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import { sort } from "../graph/ops/sort.ts";
import { sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { numbersOf } from "../linalg/numbers.ts";
import { STREAMS } from "./bootstrap.ts";
import type { Context } from "./measure.ts";
import { onWholes } from "./sets.ts";

/** Numbers of one block of projections at most: 16 MiB. */
const ELEMENTS = 2 ** 22;

/**
 * Squared 2-Wasserstein distance of the projections of two sets on each direction: ∫ (F⁻¹ − G⁻¹)² over quantiles, exact for any sizes.
 * `given`: directions [M, d] as they are; else M normal ones, normalised, drawn from the seed.
 */
export async function squaredPerDirection(
  [a, b]: readonly [Rows, Rows],
  given: unknown,
  count: number,
  { where, seed, long: { signal } }: Context,
): Promise<Float64Array> {
  const d = a.dim;
  const listed = given === undefined ? undefined : numbersOf(where, "directions", given);
  check(listed === undefined || (listed.length > 0 && listed.length % d === 0), "shape", where, () => {
    return `expected directions [m, ${d}]; got ${show([listed!.length])} numbers.`;
  });
  const m = listed ? listed.length / d : count;
  const { left, right, weights } = merged(a.count, b.count);
  const size = Math.max(1, Math.floor(ELEMENTS / Math.max(a.count, b.count)));
  const along = async (x: Tensor, y: Tensor): Promise<Float64Array> => {
    const gpu = gpuOf(where, x);
    const directions = gpu.within(() => {
      if (listed) return gpu.tensor(listed, [m, d]);
      const drawn = random.normal(gpu, [m, d], { seed: seed(), stream: STREAMS.direction });
      return div(drawn, sqrt(sum(square(drawn), 1, { keepDims: true })));
    });
    const owned: Tensor[] = [directions, gpu.tensor(weights, [weights.length, 1])];
    const places = a.count === b.count ? null : [gpu.tensor(left), gpu.tensor(right)];
    owned.push(...(places ?? []));
    const found = new Float64Array(m);
    try {
      await gpu.evaluate([directions], { signal });
      for (let start = 0; start < m; start += size) {
        signal?.throwIfAborted();
        const squares = gpu.within(() => {
          const some = transpose(slice(directions, 0, start, Math.min(m, start + size)));
          const [p, q] = [x, y].map((set, k) => {
            const ordered = sort(matmul(set, some), { axis: 0 }).values;
            return places ? gather(ordered, places[k]!) : ordered;
          }) as [Tensor, Tensor];
          return sum(mul(square(sub(p, q)), reshape(owned[1]!, [weights.length, 1])), 0);
        });
        found.set(await squares.read({ signal }).finally(() => squares.dispose()), start);
      }
      return found;
    } finally {
      for (const tensor of owned) tensor.dispose();
    }
  };
  return onWholes(where, [a, b], along as (...wholes: Tensor[]) => Promise<Float64Array>, signal);
}

/** The steps on which both quantile functions are constant: which row each is at, and how long the step is. */
function merged(n: number, m: number) {
  const [left, right, weights]: number[][] = [[], [], []];
  for (let [i, j, at] = [0, 0, 0]; i < n && j < m;) {
    // ends (i + 1)/n and (j + 1)/m are compared as whole numbers
    const [ofA, ofB] = [(i + 1) * m, (j + 1) * n];
    const end = Math.min(ofA, ofB);
    left!.push(i);
    right!.push(j);
    weights!.push((end - at) / (n * m));
    at = end;
    if (ofA === end) i++;
    if (ofB === end) j++;
  }
  return { left: Uint32Array.from(left!), right: Uint32Array.from(right!), weights: Float32Array.from(weights!) };
}
