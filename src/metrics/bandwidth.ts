import { permutation } from "../data/philox.ts";
import { type Rows, rowsOf } from "../data/rows.ts";
import { check } from "../device/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { STREAMS } from "./bootstrap.ts";
import { logDensities } from "./kde.ts";
import type { DensityKernel } from "../models/kernelDensity/kernels.ts";
import type { Context } from "./measure.ts";
import { meanAndVariance } from "./statistics.ts";
import { picked } from "./subset.ts";

/** Widths that validation chooses from, and rows that it sets apart at most. */
const WIDTHS = Array.from({ length: 10 }, (_, i) => 10 ** (-1 + i / 9));
const VALIDATION = 1000;

/** The width of the kernels: as given, by scikit-learn's rules, or by validation. */
export async function bandwidthOf(
  given: number | "validation" | "scott" | "silverman",
  samples: Rows,
  kernel: DensityKernel,
  context: Context,
): Promise<number> {
  const [n, d] = [samples.count, samples.dim];
  if (typeof given === "number") return given;
  if (given === "validation") return validated(samples, kernel, context);
  return (given === "scott" ? n : (n * (d + 2)) / 4) ** (-1 / (d + 4));
}

/** The width under which rows that were set apart are likeliest. */
async function validated(samples: Rows, kernel: DensityKernel, { where, seed, long }: Context): Promise<number> {
  const apart = Math.min(VALIDATION, Math.floor(samples.count / 10));
  check(apart >= 1, "data", where, () => {
    return `validation needs at least 10 samples; got ${samples.count}. Give a bandwidth.`;
  });
  const order = permutation(samples.count, { seed: seed(), stream: STREAMS.split });
  const parts: Tensor[] = [];
  try {
    for (const rows of [order.slice(0, apart), order.slice(apart)])
      parts.push(await picked(samples, rows.sort(), { signal: long.signal }));
    const [validation, rest] = parts.map((part) => rowsOf(where, part)) as [Rows, Rows];
    const all = await logDensities(where, rest, validation, { kernel, bandwidths: WIDTHS }, long);
    const means = all.map((logs) => meanAndVariance(logs).mean);
    const best = Math.max(...means);
    return WIDTHS[best === -Infinity ? WIDTHS.length - 1 : means.indexOf(best)]!;
  } finally {
    for (const part of parts) part.dispose();
  }
}
