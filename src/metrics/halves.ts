import { permutation } from "../data/philox.ts";
import { gpuOf, type Rows, rowsOf } from "../data/rows.ts";
import { gather } from "../graph/ops/gather.ts";
import type { Tensor } from "../graph/tensor.ts";
import { STREAMS } from "./bootstrap.ts";
import type { Context } from "./measure.ts";
import { joined, wholeOf } from "./sets.ts";
import { meanAndVariance, normalInterval } from "./statistics.ts";

/** Rows up to which halves are judged unasked: 20 of them take five times as long as the value. */
const UNASKED = 2048;
const HALVES = 20;
/** Rows of the smaller set from which a half says something. */
const LEAST = 40;

/**
 * Deviations of several numbers of two sets, from random halves of both: drawn without replacement, their variance is that of the whole
 * sets' numbers (Shao & Wu 1989), and no row stands twice, as in a bootstrap, where it would be its own neighbour at distance 0.
 * Nothing for sets that are too small, and for large ones unless `resamples` says how many halves to take.
 */
export async function halves(
  [a, b]: readonly [Rows, Rows],
  values: readonly number[],
  resamples: number | undefined,
  { seed, level, long: { signal } }: Context,
  estimate: (a: Rows, b: Rows) => Promise<readonly number[]>,
): Promise<{ deviation: number; interval: readonly [number, number] }[] | undefined> {
  const most = Math.max(a.count, b.count);
  const times = resamples ?? (most <= UNASKED ? HALVES : 0);
  if (times < 2 || Math.min(a.count, b.count) < LEAST) return undefined;
  const found: (readonly number[])[] = [];
  for (let t = 0; t < times; t++) {
    signal?.throwIfAborted();
    const [left, right] = [await half(a, seed, 2 * t), await half(b, seed, 2 * t + 1)];
    try {
      found.push(await estimate(rowsOf("halves", left), rowsOf("halves", right)));
    } finally {
      for (const tensor of [left, right]) tensor.dispose();
    }
  }
  return values.map((value, at) => {
    const deviation = Math.sqrt(meanAndVariance(found.map((all) => all[at]!)).variance);
    return { deviation, interval: normalInterval(value, deviation, level) };
  });
}

/** Half of the rows, drawn at random, as a tensor. */
async function half(rows: Rows, seed: number, step: number): Promise<Tensor> {
  const picked = permutation(rows.count, { seed, stream: STREAMS.subset, step }).slice(0, Math.floor(rows.count / 2));
  const { x, owned } = await wholeOf(joined([rows]));
  const gpu = gpuOf("halves", x);
  try {
    const part = gpu.within(() => gather(x, gpu.tensor(picked.sort())));
    await gpu.evaluate([part]);
    return part;
  } finally {
    if (owned) x.dispose();
  }
}
