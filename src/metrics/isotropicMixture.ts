import { gpuOf } from "../data/rows.ts";
import { assign } from "../graph/assign.ts";
import { grad } from "../graph/grad.ts";
import { add, div, mul, neg, sqrt, square, sub } from "../graph/ops/arithmetic.ts";
import { clamp, exp } from "../graph/ops/elementwise.ts";
import { concat } from "../graph/ops/part.ts";
import { reshape } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import { logsumexp } from "../graph/ops/softmax.ts";
import { mean as meanOf, min, sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { distances } from "../linalg/clusters.ts";
import { LOG_TWO_PI } from "../graph/logTwoPi.ts";

/** How many losses have to lie how near together for a fit to end; Adam's rate; how far log-variances may go. */
const [PATIENCE, TOLERANCE, RATE, MAX_LOG_VARIANCE] = [5, 5e-4, 0.5, 40];
/** What brings the component at the training mean nearer: published with the method. */
const BACKGROUND = 0.81;

const squaresOf = (x: Tensor, centres: Tensor): Tensor =>
  distances(x, centres, gpuOf("mixture", x).ones(centres.shape));

/** log((min over rows of |x − centre|² + 1e-3)/d) of each centre. */
export async function startOf(x: Tensor, centres: Tensor, signal?: AbortSignal): Promise<Float64Array> {
  const gpu = gpuOf("mixture", x);
  const nearest = gpu.within(() => min(squaresOf(x, centres), 0));
  const read = await nearest.read({ signal }).finally(() => nearest.dispose());
  return Float64Array.from(read, (value) => Math.log((value + 1e-3) / x.shape[1]!));
}

/** log Σ_j exp(−½ |x − c_j|²/σ_j² − ½ d log σ_j²) − log m − ½ d log 2π of each row, from squared distances. */
function logDensity(squares: Tensor, logVariances: Tensor, d: number, weights: number): Tensor {
  const row = reshape(logVariances, [1, logVariances.size]);
  const logs = sub(mul(mul(squares, exp(neg(row))), -0.5), mul(row, d / 2));
  return sub(logsumexp(logs, 1), Math.log(weights) + (d / 2) * LOG_TWO_PI);
}

/** −log-density over d of each row of x under equal Gaussians at the centres. */
export async function scored(
  x: Tensor,
  centres: Tensor,
  logVariances: Float64Array,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const gpu = gpuOf("mixture", x);
  const [m, d] = centres.shape as [number, number];
  const nll = gpu.within(() => div(neg(logDensity(squaresOf(x, centres), gpu.tensor(logVariances), d, m)), d));
  return Float64Array.from(await nll.read({ signal }).finally(() => nll.dispose()));
}

/** Log-variances that make x likely, by Adam from `start`, with one more component at the rows' mean. */
export async function fitted(
  x: Tensor,
  centres: Tensor,
  start: Float64Array,
  steps: number,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const gpu = gpuOf("mixture", x);
  const [m, d] = centres.shape as [number, number];
  const squares = gpu.within(() => {
    const middle = reshape(meanOf(x, 0), [1, d]);
    return concat([squaresOf(x, centres), mul(squaresOf(x, middle), BACKGROUND)], 1);
  });
  const owned: Tensor[] = [squares];
  const state = (values: ArrayLike<number>): Tensor => {
    const tensor = gpu.state(Float64Array.from(values), [values.length]);
    owned.push(tensor);
    return tensor;
  };
  try {
    await gpu.evaluate([squares], { signal });
    const variance = gpu.within(() => div(meanOf(sum(squares, 0)), x.shape[0]! * d));
    const background = Math.log((await variance.item({ signal }).finally(() => variance.dispose())) || 1);
    const zeros = new Float64Array(m + 1);
    const [logs, first, second] = [state([...start, background]), state(zeros), state(zeros)];
    const [b1, b2] = [0.9, 0.999];
    const betas = state([b1, b2]);
    // β₁ᵗ and β₂ᵗ
    const powers = state([1, 1]);
    using step = await gpu.compileFor(signal, () => {
      const loss = div(neg(meanOf(logDensity(squares, logs, d, m))), d);
      const [slope] = grad(loss, [logs]);
      const [m1, m2] = [add(mul(first, b1), mul(slope, 1 - b1)), add(mul(second, b2), mul(square(slope), 1 - b2))];
      const next = mul(powers, betas);
      const [c1, c2] = [sub(1, slice(next, 0, 0, 1)), sub(1, slice(next, 0, 1, 2))];
      const updated = sub(logs, mul(div(div(m1, c1), add(sqrt(div(m2, c2)), 1e-8)), RATE));
      assign(logs, clamp(updated, -MAX_LOG_VARIANCE, MAX_LOG_VARIANCE));
      assign(first, m1);
      assign(second, m2);
      assign(powers, next);
      return loss;
    });
    const losses: number[] = [];
    for (let k = 0; k < steps; k++) {
      signal?.throwIfAborted();
      losses.push(await (await step.run()).item({ signal }));
      const last = losses.slice(-PATIENCE);
      if (last.length === PATIENCE && Math.max(...last) - Math.min(...last) < TOLERANCE) break;
    }
    return Float64Array.from((await logs.read({ signal })).subarray(0, m));
  } finally {
    for (const tensor of owned) tensor.dispose();
  }
}
