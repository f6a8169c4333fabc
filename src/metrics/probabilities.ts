import type { Rows } from "../data/rows.ts";
import { check, show } from "../device/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Context } from "./measure.ts";
import { valuesOf } from "./sets.ts";

/** Rows of class probabilities, read. */
export interface Probabilities {
  readonly p: Float32Array | Float64Array;
  readonly count: number;
  readonly classes: number;
}

/** Class probabilities of a set, checked: arrays keep their float64. Throws LatentError: "argument", "shape", "data" naming the row. */
export async function probabilitiesOf(inputs: unknown, set: string, context: Context): Promise<Probabilities> {
  const { where } = context;
  let found: Probabilities;
  if (Array.isArray(inputs) && inputs.length > 0 && typeof inputs[0] === "object") {
    const rows = inputs as readonly ArrayLike<number>[];
    const classes = rows[0]!.length;
    const uneven = rows.findIndex((row) => row.length !== classes);
    check(uneven < 0, "shape", where, () => `row ${uneven} has ${rows[uneven]!.length} classes; expected ${classes}.`);
    found = { p: Float64Array.from(rows.flatMap((row) => Array.from(row))), count: rows.length, classes };
    context.count(set, found.count);
  } else if (typeof (inputs as Partial<Rows> | undefined)?.batch === "function") {
    const rows = context.rows(set);
    found = { p: await valuesOf(where, rows, context.long.signal), count: rows.count, classes: rows.dim };
  } else {
    const x: Tensor = context.tensor(set);
    check(x.rank === 2 && x.dtype === "f32", "shape", where, () => {
      return `expected probabilities [n, classes], f32; got ${x.dtype} ${show(x.shape)}.`;
    });
    found = {
      p: (await x.read({ signal: context.long.signal })) as Float32Array,
      count: x.shape[0]!,
      classes: x.shape[1]!,
    };
  }
  checkRows(where, found);
  return found;
}

function checkRows(where: string, { p, classes }: Probabilities): void {
  for (let row = 0; row * classes < p.length; row++) {
    let total = 0;
    let least = 0;
    for (let c = 0; c < classes; c++) {
      total += p[row * classes + c]!;
      least = Math.min(least, p[row * classes + c]!);
    }
    // float32 softmax of a thousand classes rounds off by less than 1e-4
    check(Math.abs(total - 1) <= 1e-3 && least >= 0, "data", where, () => {
      return `row ${row} is no distribution. Expected values ≥ 0 that sum to 1; got a sum of ${total}.`;
    });
  }
}

/** A distribution over classes that an option or argument gives: probabilities, or rows of them, whose mean it is. */
export async function distributionOf(
  inputs: unknown,
  set: string,
  classes: number,
  context: Context,
): Promise<Float64Array> {
  if (Array.isArray(inputs) && typeof inputs[0] === "number") {
    check(inputs.length === classes, "shape", context.where, () => {
      return `classes differ in number. Expected ${classes} in ${set}; got ${inputs.length}.`;
    });
    const total = (inputs as number[]).reduce((sum, value) => sum + value, 0);
    return Float64Array.from(inputs as number[], (value) => value / total);
  }
  const flat = inputs as Tensor;
  if (typeof flat === "object" && flat !== null && "rank" in flat && flat.rank === 1)
    return distributionOf([...(await flat.read())], set, classes, context);
  const rows = await probabilitiesOf(inputs, set, context);
  check(rows.classes === classes, "shape", context.where, () => {
    return `classes differ in number. Expected ${classes} in ${set}; got ${rows.classes}.`;
  });
  return marginal(rows);
}

/** Mean of the rows, of all or of some. */
export function marginal({ p, count, classes }: Probabilities, rows?: Uint32Array): Float64Array {
  const mean = new Float64Array(classes);
  const total = rows?.length ?? count;
  for (let i = 0; i < total; i++) {
    const row = (rows ? rows[i]! : i) * classes;
    for (let c = 0; c < classes; c++) mean[c]! += p[row + c]! / total;
  }
  return mean;
}

/** Σ_c p_c log (p_c / q_c) in nats, with 0 · log 0 = 0; ∞ where q is 0 and p is not. */
export function klOf(p: ArrayLike<number>, at: number, q: ArrayLike<number>): number {
  let total = 0;
  for (let c = 0; c < q.length; c++) {
    const value = p[at + c]!;
    if (value > 0) total += value * Math.log(value / q[c]!);
  }
  return total;
}

/** Σ_c w_c Var(p_c)/2n: by how much a function of the mean with second derivatives ∓w is off on average; classes without mass are left out. */
export function bendOf(
  { p, count, classes }: Probabilities,
  mean: Float64Array,
  weights: (c: number) => number,
): number {
  let total = 0;
  for (let c = 0; c < classes; c++) {
    if (!(mean[c]! > 0) || count < 2) continue;
    let squares = 0;
    for (let i = 0; i < count; i++) squares += (p[i * classes + c]! - mean[c]!) ** 2;
    total += (weights(c) * squares) / (count - 1) / (2 * count);
  }
  return total;
}

/** KL(p_i ‖ q) of every row, or of some. */
export function klOfRows(all: Probabilities, q: ArrayLike<number>, rows?: Uint32Array): Float64Array {
  const { p, count, classes } = all;
  return Float64Array.from({ length: rows?.length ?? count }, (_, i) => klOf(p, (rows ? rows[i]! : i) * classes, q));
}
