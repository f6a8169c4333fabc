import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Gaussian, type Gpu } from "../src/index.ts";
import { openShared } from "./helpers.ts";

interface Oracle {
  rows: number;
  x: number[];
  removed: number[];
  regularization: number;
  score: number;
  errors: [imputed: number, byMean: number];
  imputed: number[];
}
let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

test("a fifth of handwritten digits missing: likelihood and imputation are those of EM in float64", async () => {
  const text = readFileSync(new URL("./oracles/missing-digits.json", import.meta.url), "utf8");
  const { rows, x, removed, regularization, score, errors, imputed } = JSON.parse(text) as Oracle;
  const values = Float32Array.from(x);
  for (const at of removed) values[at] = Number.NaN;
  using holes = gpu.tensor(values, [rows, 64]);
  using model = await Gaussian.fit(holes, { missing: "nan", regularization });
  // nats of some 51 pixels; EM here stops a little before the float64 one does
  expect(Math.abs((await model.score(holes, { missing: "nan" })) - score)).toBeLessThan(1e-4 * Math.abs(score));
  using filled = model.impute(holes);
  const found = await filled.read();
  for (const [i, value] of imputed.entries()) expect(Math.abs(found[removed[i]!]! - value)).toBeLessThan(0.02);
  const away = removed.map((at) => found[at]! - x[at]!);
  const error = Math.sqrt(away.reduce((sum, value) => sum + value * value, 0) / away.length);
  expect(Math.abs(error / errors[0] - 1)).toBeLessThan(1e-2);
  expect(error).toBeLessThan(0.75 * errors[1]);
});
