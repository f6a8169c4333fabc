import { unitUniforms } from "../../data/philox.ts";
import { type Draw, drawNormal, drawUniform, streamOf } from "../../data/streams.ts";
import { add, greaterEqual } from "../../graph/ops/arithmetic.ts";
import { cast } from "../../graph/ops/cast.ts";
import { gather } from "../../graph/ops/gather.ts";
import { oneHot } from "../../graph/ops/oneHot.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { concat } from "../../graph/ops/part.ts";
import { slice } from "../../graph/ops/slice.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Runner, Tensor } from "../../graph/tensor.ts";
import { timesOwnByMask } from "../covariance/conditional.ts";
import type { CovarianceFamily, Tensors } from "../covariance/family.ts";

interface Parts {
  readonly weights: ArrayLike<number>;
  readonly means: Tensor;
  readonly covariances: Tensors;
}

/**
 * n draws [n, d] from a mixture: a component for each, and its Gaussian. With a number as step the components are chosen on the CPU, so
 * that those with factors take a product each over their own rows; with a tensor on the GPU, where every row meets every factor.
 */
export function sampleMixture(family: CovarianceFamily, parts: Parts, n: number, draw: Draw, gpu: Runner): Tensor {
  const { means, covariances } = parts;
  const [k, d] = means.shape as [number, number];
  const { step = 0 } = draw;
  const edges = edgesOf(parts.weights);
  const numbers = typeof step === "number" ? chosen(n, { seed: draw.seed, step }, edges) : null;
  const labels = numbers ? gpu.upload(numbers, [n]) : chosenOnGpu(n, draw, edges, gpu);
  const coloured = family.colour(covariances, {
    noise: (columns, name) =>
      drawNormal(gpu, [n, columns], name === "directions" ? { ...draw, name: "covariance directions" } : draw),
    labels,
    features: d,
    timesOwn: (rows, factors, product) =>
      numbers
        ? timesOwnByBlocks(rows, factors, numbers, product)
        : timesOwnByMask(rows, factors, oneHot(labels, k), product),
  });
  return add(coloured, gather(means, labels));
}

/** Where the uniform number passes from one component to the next: float32, k − 1 of them. */
function edgesOf(weights: ArrayLike<number>): Float32Array<ArrayBuffer> {
  let total = 0;
  const sums = Float64Array.from(weights, (w) => (total += w));
  return Float32Array.from(sums.subarray(0, -1), (edge) => edge / total);
}

/** The number of edges at or below each uniform number. */
function chosen(n: number, draw: { seed: number; step: number }, edges: Float32Array): Uint32Array<ArrayBuffer> {
  return Uint32Array.from(unitUniforms(n, draw.seed, streamOf("mixture components"), draw.step), (u) => {
    const k = edges.findIndex((edge) => u < edge);
    return k < 0 ? edges.length : k;
  });
}

function chosenOnGpu(n: number, draw: Draw, edges: Float32Array<ArrayBuffer>, gpu: Runner): Tensor {
  if (edges.length === 0) return gpu.upload(new Uint32Array(n), [n]);
  const u = reshape(drawUniform(gpu, [n], { ...draw, name: "mixture components" }), [n, 1]);
  const passed = greaterEqual(u, gpu.upload(edges, [1, edges.length]));
  return cast(sum(cast(passed, "f32"), 1), "u32");
}

/** Each of n rows [n, m] times its component's factor: a product per component, over blocks of rows, then back into order. */
function timesOwnByBlocks(
  rows: Tensor,
  factors: Tensor,
  labels: Uint32Array,
  product: (rows: Tensor, factor: Tensor) => Tensor,
): Tensor {
  const [k, d, m] = factors.shape as [number, number, number];
  const counts = new Uint32Array(k);
  const within = labels.map((label) => counts[label]!++);
  const starts = counts.map((_, at) => counts.subarray(0, at).reduce((a, b) => a + b, 0));
  const places = within.map((at, i) => at + starts[labels[i]!]!) as Uint32Array<ArrayBuffer>;
  const order = new Uint32Array(labels.length);
  for (const [row, place] of places.entries()) order[place] = row;
  const sorted = gather(rows, rows.gpu.upload(order, [order.length]));
  const blocks = Array.from(counts, (count, at) =>
    count === 0
      ? []
      : [product(slice(sorted, 0, starts[at]!, starts[at]! + count), reshape(slice(factors, 0, at, at + 1), [d, m]))],
  ).flat();
  return gather(concat(blocks, 0), rows.gpu.upload(places, [places.length]));
}
