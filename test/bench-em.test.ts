// What the comparison with scikit-learn's EM states: sizes, counts of operations, equal likelihoods, and the table.

import { expect, test } from "vitest";
import { emCases, emFlops, emInputs } from "../bench/em/cases.ts";
import { checkEqual, emTable } from "../bench/em/table.ts";

test("operations are those of the products: distances, and sums of the M step", () => {
  // two products of [n, d] with [d, d] for each component, two operations a multiply-add
  expect(emFlops(emCases[0]!)).toBe(2 * (2 * 100_000 * 30 * 30) * 30);
  // squares and deviations, forth and back
  expect(emFlops(emCases[1]!)).toBe(2 * 2 * (2 * 60_000 * 784) * 50);
  // 10 directions, the squares and the means instead of d columns
  expect(emFlops(emCases[2]!)).toBe(2 * (2 * 60_000 * 784 * 12) * 50);
});

test("rows belong to several components, and starts have the shapes of their kind", () => {
  for (const one of emCases) {
    const { features: d, components: k, rank } = one;
    const { x, start } = emInputs({ ...one, rows: 2 * k });
    expect(x.length).toBe(2 * k * d);
    expect(start.means.length).toBe(k * d);
    expect(start.covariances?.length ?? start.loadings!.length).toBe(
      { full: k * d * d, diag: k * d, "low-rank": k * d * rank }[one.covariance],
    );
    // centres 4 standard deviations apart in the mean: a row is √(d + 16 / 2) or so from another's start, √d from its own
    const away = (row: number, centre: number) =>
      Math.hypot(...Array.from({ length: d }, (_, j) => x[row * d + j]! - start.means[centre * d + j]!));
    const [own, other] = [0, 1].map((shift) =>
      Array.from({ length: k }, (_, c) => away(c, (c + shift) % k)).reduce((a, b) => a + b / k, 0),
    ) as [number, number];
    expect(other ** 2 - own ** 2).toBeGreaterThan(8);
    expect(other ** 2 - own ** 2).toBeLessThan(32);
  }
});

test("likelihoods that differ end the run, and say where", () => {
  checkEqual("case", [-46.2222, -40.1, -39], [-46.2223, -40.1]);
  expect(() => checkEqual("case", [-46.2222, -40.1], [-46.2222, -40.2])).toThrow(
    "case: log-likelihoods differ before iteration 2. Expected -40.2 nats, 0.00001 relative; got -40.1.",
  );
  expect(() => checkEqual("case", [NaN], [-46.2222])).toThrow("before iteration 1");
  expect(() => checkEqual("case", [], [-46.2222])).toThrow("before iteration 1");
});

test("the table has medians, the share of the peak, and how many times as fast", () => {
  const own = { seconds: [3, 1, 2], logProb: [-46.2] };
  const peer = { version: "1.2.1", threads: 2, logProb: [-46.2], float64: { seconds: [5], logProb: [-46.2] } };
  const [full, , ranked] = emCases;
  const text = emTable([
    { one: full!, own, peer, peakFlops: 1.08e11 },
    { one: ranked!, own: { ...own, fitSeconds: 10 }, peer: null, peakFlops: 1.08e11 },
  ]);
  expect(text.split("\n").slice(2)).toEqual([
    "| 100000×30, 30 components, full | 2.00 | 5.0 % | 5.00 | – | 2.50× | – | -46.2000, equal at the start |",
    "| 60000×784, 50 components, low-rank 10 | 2.00 | 52.3 % | – | – | – | – | -46.2000, unchecked |",
    "| whole fit with k-means++: 60000×784, 50 components, low-rank 10 | 10.0 | – | – | – | – | – | – |",
  ]);
});
