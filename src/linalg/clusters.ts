import { check, show } from "../device/errors.ts";
import { sameShape } from "../graph/dtype.ts";
import type { KernelOp } from "../graph/kernelOp.ts";
import { sum } from "../graph/ops/sum.ts";
import { recordOne } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import { distances as launchDistances, slicesOf, sums as launchSums } from "../kernels/clusters.ts";

const shapeOf = (x: Tensor | { readonly shape: readonly number[] }, mu: { readonly shape: readonly number[] }) => ({
  rows: x.shape[0]!,
  columns: x.shape[1]!,
  centres: mu.shape[0]!,
});

const distancesOp: KernelOp = {
  name: "distances",
  launch: ([x, mu], _outputs, _attributes, traits) => launchDistances(shapeOf(x!, mu!), traits),
};
const sumsOp: KernelOp = {
  name: "clusterSums",
  launch: ([x, mu], _outputs, _attributes, traits) => launchSums(shapeOf(x!, mu!), traits),
};

function checkShapes(where: string, x: Tensor, mu: Tensor): void {
  check(
    x.rank === 2 && mu.rank === 2 && x.shape[1] === mu.shape[1],
    "shape",
    where,
    () => `columns differ. Expected x [n, d] and centres [k, d]; got ${show(x.shape)} and ${show(mu.shape)}.`,
  );
}

/**
 * q[i,k] = Σ_j (x[i,j] − μ[k,j])² · p[k,j]: squared distances of rows from centres, columns weighted by centre. No gradient.
 *
 * x: [n, d], mu and p: [k, d]. Returns [n, k]. Differences come before squares, so that far centres cost no accuracy.
 */
export function distances(x: Tensor, mu: Tensor, p: Tensor): Tensor {
  checkShapes("distances", x, mu);
  check(
    sameShape(mu.shape, p.shape),
    "shape",
    "distances",
    () => `expected weights ${show(mu.shape)}; got ${show(p.shape)}.`,
  );
  return recordOne(distancesOp, [x, mu, p], { shape: [x.shape[0]!, mu.shape[0]!], dtype: "f32" }, {}, null);
}

/**
 * Σ_i r[i,k] · (x[i,j] − μ[k,j]) and the same with the square: weighted moments of columns around centres. No gradient.
 *
 * x: [n, d], mu: [k, d], r: [n, k]. Returns [k, 2, d], the first moments before the second.
 */
export function clusterSums(x: Tensor, mu: Tensor, r: Tensor): Tensor {
  checkShapes("clusterSums", x, mu);
  const [n, d] = x.shape as [number, number];
  const k = mu.shape[0]!;
  check(
    sameShape(r.shape, [n, k]),
    "shape",
    "clusterSums",
    () => `expected responsibilities [${n}, ${k}]; got ${show(r.shape)}.`,
  );
  return sum(recordOne(sumsOp, [x, mu, r], { shape: [slicesOf(n), k, 2, d], dtype: "f32" }, {}, null), 0);
}
