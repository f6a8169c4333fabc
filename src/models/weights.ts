import { check } from "../device/errors.ts";
import { Tensor } from "../graph/tensor.ts";
import { numbersOf } from "../linalg/numbers.ts";

/** Weights of samples: a row of weight 2 counts as two rows, one of weight 0 not at all. */
export type Weights = Tensor | ArrayLike<number>;

/** Sample weights [count] as f32; undefined as it is. Throws LatentError: "shape" on another length, "argument" on a negative one or where all are 0. */
export async function weightsOf(
  where: string,
  given: Weights | undefined,
  count: number,
): Promise<Float32Array<ArrayBuffer> | undefined> {
  if (given === undefined) return undefined;
  const values = numbersOf(where, "weights", given instanceof Tensor ? await given.read() : given);
  check(
    values.length === count,
    "shape",
    where,
    () => `expected a weight for each of ${count} rows; got ${values.length}.`,
  );
  const bad = values.findIndex((value) => value < 0);
  check(bad < 0, "argument", where, () => `weight ${bad} is ${values[bad]}. Expected numbers ≥ 0.`);
  const weights = Float32Array.from(values);
  check(
    totalOf(weights) > 0 && weights.every(Number.isFinite),
    "argument",
    where,
    () => `expected weights of a finite sum > 0; got ${totalOf(values)}.`,
  );
  return weights;
}

/** Their sum, in float64. */
export const totalOf = (weights: Float32Array | Float64Array): number => {
  let total = 0;
  for (const weight of weights) total += weight;
  return total;
};
