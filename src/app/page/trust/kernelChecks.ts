import {
  adam,
  argmax,
  cumsum,
  grad,
  type Gpu,
  layerNorm,
  linalg,
  matmul,
  oneHot,
  type Optimiser,
  random,
  sgd,
  softmax,
  sort,
  square,
  sum,
  take,
  type Tensor,
  transpose,
} from "../../../index.ts";
import { unitUniforms } from "../../../data/philox.ts";
import { at, type Check, COLUMNS, range, ROWS, total } from "../../../program/selfTest.ts";
import { gamma } from "./gamma.ts";
import { imageChecks } from "./imageChecks.ts";

const row = (x: Float64Array, r: number): number[] => range(COLUMNS).map((c) => at(x, r, c));
const column = (i: number): number => i % COLUMNS;
const rowOf = (i: number): number => Math.floor(i / COLUMNS);

/** xᵀx + 1, positive definite. */
const definite = (x: Float64Array, i: number): number =>
  total(range(ROWS).map((r) => at(x, r, rowOf(i)) * at(x, r, column(i)))) + Number(rowOf(i) === column(i));

const STEPS = 3;

/** Starts `work` after the check's record has ended, which would dispose of what is made inside it. */
const later =
  (gpu: Gpu, work: (x: Tensor) => Promise<Tensor>) =>
  (x: Tensor): Promise<Tensor> =>
    gpu.idle().then(() => work(x));

/** Three steps of an optimiser on ½ Σ (w − x)², from w = 0; its rule moves w by the gradient. */
function optimised(
  gpu: Gpu,
  name: string,
  of: (w: Tensor) => Optimiser,
  rule: (gradients: readonly number[]) => number,
  tolerance: number,
): Check {
  return {
    name,
    run: later(gpu, async (x) => {
      const w = gpu.state(new Float32Array(x.size), x.shape);
      const optimiser = of(w);
      const step = await gpu.compile((given) => optimiser.update(grad(sum(square(w.sub(given))).mul(0.5), [w])), x);
      try {
        await step.repeat(STEPS, x);
        return await w.copy();
      } finally {
        for (const each of [step, optimiser, w]) each.dispose();
      }
    }),
    expected: (x, i) => {
      const gradients: number[] = [];
      let w = 0;
      for (let k = 0; k < STEPS; k++) {
        gradients.push(w - x[i]!);
        w -= rule(gradients);
      }
      return w;
    },
    tolerance,
  };
}

const RATE = 0.1;
const sgdRule = (gradients: readonly number[]): number => RATE * gradients.reduce((average, g) => 0.9 * average + g, 0);
/** 1 − 0.999 in f32 is off by half a unit of 1, and a step takes its root. */
const ADAM_TOLERANCE = 2 ** -24 / (1 - 0.999) / 2;
const adamRule = (gradients: readonly number[]): number => {
  const average = (beta: number, of: (g: number) => number): number =>
    gradients.reduce((sum, g) => beta * sum + (1 - beta) * of(g), 0) / (1 - beta ** gradients.length);
  return (RATE * average(0.9, (g) => g)) / (Math.sqrt(average(0.999, (g) => g * g)) + 1e-8);
};

/** One check of each family of kernels that `gpu.selfTest` leaves out to stay quick, in the order in which models use them. */
export function kernelChecks(gpu: Gpu): Check[] {
  const definiteOf = (x: Tensor): Tensor => matmul(transpose(x), x).add(oneHot(gpu.arange(COLUMNS), COLUMNS));
  const DRAW = { seed: 7, stream: 3 };
  const drawn = unitUniforms(ROWS * COLUMNS, DRAW.seed, DRAW.stream);
  return [
    ...imageChecks,
    {
      name: "softmax",
      run: (x) => softmax(x.mul(20), 1),
      expected: (x, i) => Math.exp(20 * x[i]!) / total(row(x, rowOf(i)).map((value) => Math.exp(20 * value))),
      // exp allows 3 + 2|x| units in the last place, |x| ≤ 20
      tolerance: gamma(COLUMNS + 43),
    },
    {
      name: "normalised rows",
      run: (x) => layerNorm(x),
      expected: (x, i) => {
        const values = row(x, rowOf(i));
        const mean = total(values) / COLUMNS;
        const variance = total(values.map((value) => (value - mean) ** 2)) / COLUMNS;
        return (x[i]! - mean) / Math.sqrt(variance + 1e-5);
      },
      tolerance: gamma(COLUMNS),
    },
    {
      name: "running sum",
      run: (x) => cumsum(x, 1),
      expected: (x, i) => total(row(x, rowOf(i)).slice(0, column(i) + 1)),
      tolerance: gamma(COLUMNS),
    },
    {
      name: "sorted rows",
      run: (x) => sort(x).values,
      expected: (x, i) => row(x, rowOf(i)).sort((a, b) => a - b)[column(i)]!,
      tolerance: 0,
    },
    {
      name: "place of the largest",
      run: (x) => argmax(x, 1),
      expected: (x, r) => row(x, r).indexOf(Math.max(...row(x, r))),
      tolerance: 0,
    },
    {
      name: "rows taken by index",
      run: (x) => take(x, gpu.tensor(range(ROWS).reverse(), { dtype: "u32" }), 0),
      expected: (x, i) => at(x, ROWS - 1 - rowOf(i), column(i)),
      tolerance: 0,
    },
    {
      name: "transpose",
      run: (x) => transpose(x).add(0),
      expected: (x, i) => at(x, i % ROWS, Math.floor(i / ROWS)),
      tolerance: 0,
    },
    {
      name: "random numbers",
      run: () => random.uniform(gpu, [ROWS, COLUMNS], DRAW),
      expected: (_, i) => drawn[i]!,
      tolerance: 0,
    },
    {
      name: "Cholesky, multiplied out",
      run: (x) => {
        const { factor: l } = linalg.cholesky(definiteOf(x));
        return matmul(l, transpose(l));
      },
      expected: definite,
      tolerance: gamma(COLUMNS + ROWS),
    },
    {
      name: "equations solved",
      run: (x) => matmul(definiteOf(x), linalg.solve(definiteOf(x), transpose(x))),
      expected: (x, i) => at(x, i % ROWS, Math.floor(i / ROWS)),
      // ‖x‖ ≤ ‖b‖, since ‖A⁻¹‖ ≤ 1
      tolerance: gamma(COLUMNS * (COLUMNS + ROWS)),
    },
    {
      name: "QR, multiplied out",
      run: (x) => {
        const { q, r } = linalg.qr(x);
        return matmul(q, r);
      },
      expected: (x, i) => x[i]!,
      tolerance: gamma(ROWS + COLUMNS),
    },
    {
      name: "eigenvectors, multiplied out",
      run: later(gpu, async (x) => {
        using a = definiteOf(x);
        const found = await linalg.eigh(a);
        using values = found.values;
        using vectors = found.vectors;
        using product = matmul(vectors.mul(values), transpose(vectors));
        return await product.copy();
      }),
      expected: definite,
      tolerance: gamma(ROWS + COLUMNS),
    },
    optimised(
      gpu,
      "steps of gradient descent",
      (w) => sgd(gpu, [w], { learningRate: RATE, momentum: 0.9 }),
      sgdRule,
      gamma(4 * STEPS),
    ),
    optimised(gpu, "steps of Adam", (w) => adam(gpu, [w], { learningRate: RATE }), adamRule, ADAM_TOLERANCE),
  ];
}
