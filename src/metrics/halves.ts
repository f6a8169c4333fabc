import { Dataset } from "../data/dataset.ts";
import { type Draw, permutation } from "../data/philox.ts";
import { gpuOf, type Rows } from "../data/rows.ts";
import { stored } from "../data/stored.ts";
import { gather } from "../graph/ops/gather.ts";
import { reshape } from "../graph/ops/shape.ts";
import { Tensor } from "../graph/tensor.ts";
import { STREAMS } from "./bootstrap.ts";
import type { SampleSet } from "./sets.ts";
import { meanAndVariance } from "./statistics.ts";
import { picked } from "./subset.ts";

/** Options of measures whose interval comes from random halves. */
export interface HalvesOptions {
  /** Random halves that the interval comes from: 20 where all sets have 40 to 2048 rows, else 0. They cost five to ten times the value. */
  readonly resamples?: number;
}

/** Rows up to which halves are taken unasked. */
export const UNASKED = 2048;
/** Halves that are taken unasked. */
export const HALVES = 20;
/** Rows of the smallest set from which a half says something. */
export const LEAST = 40;

/**
 * Deviations of several numbers from random halves of all sets. Halves are drawn without replacement, so the variance of their numbers is that of the
 * whole sets' numbers (Shao & Wu 1989), and no row stands twice: in a bootstrap a row would be its own neighbour at distance 0, and its own like.
 */
export async function halves(
  sets: { readonly [set: string]: unknown },
  names: readonly string[],
  { times, seed, signal }: { times: number; seed: number; signal: AbortSignal | undefined },
  estimate: (halves: { readonly [set: string]: SampleSet }) => Promise<{ readonly [name: string]: number }>,
): Promise<{ readonly [name: string]: number }> {
  const found: { readonly [name: string]: number }[] = [];
  for (let t = 0; t < times; t++) {
    signal?.throwIfAborted();
    const own: Tensor[] = [];
    try {
      const parts: { [set: string]: SampleSet } = {};
      for (const [k, [set, x]] of Object.entries(sets).entries())
        parts[set] = await half(x as SampleSet, { seed, step: t * Object.keys(sets).length + k }, own, signal);
      found.push(await estimate(parts));
    } finally {
      for (const tensor of own) tensor.dispose();
    }
  }
  const deviationOf = (name: string) => Math.sqrt(meanAndVariance(found.map((values) => values[name]!)).variance);
  return Object.fromEntries(names.map((name) => [name, deviationOf(name)]));
}

/** Half of a set's samples, drawn at random, of the set's own kind and shape; `own` notes tensors to free. */
async function half(x: SampleSet, draw: Draw, own: Tensor[], signal?: AbortSignal): Promise<SampleSet> {
  const count = x instanceof Tensor ? x.shape[0]! : "count" in x ? x.count : x.length;
  const rows = permutation(count, { ...draw, stream: STREAMS.subset })
    .slice(0, Math.floor(count / 2))
    .sort();
  if (!(x instanceof Tensor || "count" in x)) return Array.from(rows, (row) => x[row]!) as SampleSet;
  const part = await partOf(x, rows, signal);
  own.push(part);
  return part;
}

async function partOf(
  x: Tensor | Dataset | Rows,
  rows: Uint32Array<ArrayBuffer>,
  signal?: AbortSignal,
): Promise<Tensor> {
  if (!(x instanceof Tensor || x instanceof Dataset)) return picked(x, rows, { shape: x.shape, signal });
  const whole = x instanceof Dataset ? x.slice(0, x.count) : x;
  const gpu = gpuOf("halves", whole);
  try {
    const [part] = await stored(
      gpu,
      () => {
        const some = gather(whole, gpu.tensor(rows), whole.dtype === "u8" ? { scale: 1 / 255 } : {});
        return [x instanceof Dataset ? reshape(some, [rows.length, ...x.shape]) : some];
      },
      signal,
    );
    return part;
  } finally {
    if (whole !== x) whole.dispose();
  }
}
