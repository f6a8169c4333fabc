import { greater, greaterEqual, sub, where } from "../../graph/ops/arithmetic.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { min } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { distances } from "../../linalg/clusters.ts";
import { along, ones } from "../../linalg/matrix.ts";

const NONE = 1e9;

/** 1 for the nearest of the centres, the first of several: [n, K]; and the squared distance from it: [n]. */
export function nearest(x: Tensor, centres: Tensor): { responsibilities: Tensor; squares: Tensor } {
  const all = distances(x, centres, ones(x.gpu, centres.shape));
  const [n, k] = all.shape as [number, number];
  const least = min(all, 1, { keepDims: true });
  const index = along(x.gpu, [n, k]);
  const label = min(where(greater(all, least), NONE, index), 1, { keepDims: true });
  return { responsibilities: sub(1, where(sub(index, label), 1, 0)), squares: reshape(least, [n]) };
}

/** 0, 1, … count − 1 as f32. */
export const positions = (gpu: Tensor["gpu"], count: number): Tensor => reshape(along(gpu, [1, count]), [count]);

/** The index of the first value that is ≥ 0; beyond all where there is none. */
export function indexOfFirst(values: Tensor): Tensor {
  const n = values.shape[0]!;
  return min(where(greaterEqual(values, 0), positions(values.gpu, n), n));
}
