import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Gpu, schedule, VAE } from "../src/index.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const { x, gaussian } = JSON.parse(readFileSync(new URL("oracles/iris.json", import.meta.url), "utf8")) as {
  readonly x: readonly (readonly number[])[];
  /** Noise variance and mean log-likelihood; ppca.py finds both again, in two ways. */
  readonly gaussian: { readonly ppca: readonly [number, number] };
};

/** Mean log N(x; b, W·Wᵀ + variance·I) in float64, by elimination. */
function meanLogLikelihood(rows: typeof x, w: readonly number[], b: readonly number[], variance: number): number {
  const d = b.length;
  const rank = w.length / d;
  const covariance = b.map((_, i) =>
    b.map((_, j) => {
      let sum = i === j ? variance : 0;
      for (let k = 0; k < rank; k++) sum += w[i * rank + k]! * w[j * rank + k]!;
      return sum;
    }),
  );
  let logDet = 0;
  const centred = rows.map((row) => row.map((value, j) => value - b[j]!));
  // (x − b)ᵀ Σ⁻¹ (x − b) and log |Σ| from the pivots of Σ = L·D·Lᵀ
  const squares = centred.map(() => 0);
  for (let k = 0; k < d; k++) {
    const pivot = covariance[k]![k]!;
    logDet += Math.log(pivot);
    for (const [n, row] of centred.entries()) {
      squares[n] = squares[n]! + row[k]! ** 2 / pivot;
      for (let i = k + 1; i < d; i++) row[i] = row[i]! - (covariance[i]![k]! / pivot) * row[k]!;
    }
    for (let i = k + 1; i < d; i++)
      for (let j = k + 1; j < d; j++)
        covariance[i]![j] = covariance[i]![j]! - (covariance[i]![k]! * covariance[k]![j]!) / pivot;
  }
  return -0.5 * (squares.reduce((a, s) => a + s, 0) / rows.length + logDet + d * Math.log(2 * Math.PI));
}

/** Rows of an epoch: each of iris this often, so that a step costs no epoch. */
const REPEATED = 40;
const STEPS = 1000;

it("a linear VAE with a learned variance reaches the likelihood of probabilistic PCA on iris", async () => {
  // a likelihood of Gaussians does not change when all rows are moved; far from 0 Adam takes ten times the steps
  const centre = x[0]!.map((_, j) => x.reduce((sum, row) => sum + row[j]!, 0) / x.length);
  const rows = x.map((row) => row.map((value, j) => value - centre[j]!));
  const options = { image: [1, 1, 4], hidden: [], latent: 2, likelihood: "gaussian", variance: "learned" } as const;
  using model = new VAE(gpu, { ...options, seed: 1 });
  // centimetres, no images in [0, 1]
  model.parameters["likelihood.log_var"]!.write([0]);
  const learningRate = schedule.exponential({ rate: 0.1, decay: 1e-3, every: STEPS });
  const images = Float32Array.from(Array<readonly (readonly number[])[]>(REPEATED).fill(rows).flat(2));
  await model.fit(images, { epochs: STEPS / REPEATED, batch: 150, learningRate, seed: 1 });
  const read = async (name: string) => Array.from(await model.parameters[name]!.read());
  const variance = Math.exp((await read("likelihood.log_var"))[0]!);
  const found = meanLogLikelihood(rows, await read("output.weight"), await read("output.bias"), variance);
  const [noise, best] = gaussian.ppca;
  expect(found).toBeLessThan(best + 1e-6);
  expect(found).toBeGreaterThan(best - 1e-3);
  expect(Math.abs(variance - noise)).toBeLessThan(1e-3);
});
