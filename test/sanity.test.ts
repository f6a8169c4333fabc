import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Draws, standardised } from "../bench/sanity/draws.ts";
import { pairMeasures } from "../bench/sanity/measures.ts";
import { published } from "../bench/sanity/published.ts";
import { judge, onCpu, onGpu, type Row, runScenario, thinned } from "../bench/sanity/run.ts";
import { scenarios } from "../bench/sanity/scenarios.ts";
import { compared, markdown } from "../bench/sanity/table.ts";
import { bell, down, either, flat, near, one, settles, together, up, wide, zero } from "../bench/sanity/verdicts.ts";
import { clippedDensityCoverage, type Gpu, kernelDistance, precisionRecall } from "../src/index.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const xs = [-2, -1, 0, 1, 2];
const verdict = (criterion: ReturnType<typeof near>, values: number[]) => criterion({ xs, values }).verdict;

describe("criteria of curves", () => {
  it.each([
    ["one", one(0), [0, 0, 0.95, 0, 0], [0, 0, 0.94, 0, 0]],
    ["zero", zero(2), [1, 1, 1, 1, 0.05], [1, 1, 1, 1, 0.06]],
    ["near", near(1, 0.2), [1, 1, 1, 0.25, 1], [1, 1, 1, 0.26, 1]],
    ["bell", bell(0), [0, 0.5, 1, 0.5, 0.1], [0, 0.5, 1, 0.5, 0.9]],
    ["bell with a higher place", bell(0), [0, 1, 0.95, 0.5, 0], [0, 1, 0.85, 0.5, 0]],
    ["up", up, [0, 0.2, 0.1, 0.3, 0.4], [0, 0.2, 0.1, 0.3, 0.15]],
    ["down", down(), [1, 0.9, 0.5, 0.4, 0.3], [1, 0.9, 0.5, 0.2, 0.9]],
    ["down by a quantile", down(0.5), [1, 0.9, 0.8, 0.4, 0.3], [1, 1, 0.95, 0.4, 0.3]],
    ["flat", flat, [1, 1.05, 1, 1.02, 1], [1, 1.06, 1, 1, 1]],
    ["settles", settles, [9, 5, 1, 1.04, 1], [9, 5, 1, 1.06, 1]],
  ])("%s", (_name, criterion, passes, fails) => {
    expect(verdict(criterion, passes)).toBe("T");
    expect(verdict(criterion, fails)).toBe("F");
  });

  it("low or high is a choice, which may not change between dimensions", () => {
    expect(verdict(wide(2), [0, 0, 0, 0, 0])).toBe("L");
    expect(verdict(wide(2), [0, 0, 0, 0, 1])).toBe("H");
    expect(verdict(wide(2), [0, 0, 0, 0, 0.5])).toBe("F");
    expect(verdict(either(down(), flat), [1, 1, 1, 1, 1])).toBe("H");
    const of = (...verdicts: ("T" | "F" | "L" | "H")[]) =>
      together(verdicts.map((one) => ({ verdict: one, margin: 0 }))).verdict;
    expect([of("T", "T"), of("T", "L"), of("H", "H"), of("L", "H"), of("H", "F")]).toEqual(["T", "L", "H", "F", "F"]);
  });
});

describe("scenarios", () => {
  it("are 15, of published verdicts, with 30 answers", () => {
    expect([scenarios.length, published.length]).toEqual([15, 15]);
    for (const [index, { asks, dims }] of scenarios.entries())
      expect(Object.keys(asks(dims[0]!, 0))).toEqual(Object.keys(published[index]!));
    expect(published.flatMap((one) => Object.keys(one))).toHaveLength(30);
  });

  it("draw the same numbers each time, of the law that they say", () => {
    const of = (name: string) => new Draws(3, name).normal(20_000);
    expect(of("a")).toEqual(of("a"));
    expect(of("a")).not.toEqual(of("b"));
    const { values } = standardised({ values: of("a"), dim: 4 }, { values: of("a"), dim: 4 });
    const mean = (of: (x: number) => number) => values.reduce((total, x) => total + of(x), 0) / values.length;
    expect(mean((x) => x)).toBeCloseTo(0, 10);
    expect(mean((x) => x * x)).toBeCloseTo(1, 10);
    const { real, generated, sweep } = scenarios[7]!;
    const [a, b] = [real(new Draws(1, "r"), 4000, 8, 0), generated(new Draws(1, "g"), 4000, 8, 0)];
    // cubes that share a fifth of their volume
    const shared = Array.from({ length: 4000 }, (_, i) => b.values.subarray(8 * i, 8 * i + 8).every((x) => x < 1));
    expect(shared.filter(Boolean).length / 4000).toBeCloseTo(0.2, 1);
    expect(Math.max(...a.values)).toBeLessThan(1);
    expect(thinned(sweep(8), 3)).toEqual([100, sweep(8)[10], 10_000]);
  });

  it("give the same on the GPU as in float64, at 1 to 64 dimensions and where distances are tied", async () => {
    const counted = pairMeasures.filter(({ counts }) => counts);
    const draws = new Draws(4, "ties");
    // whole numbers, whose distances are exact
    const whole = (n: number, dim: number) => ({ values: draws.normal(n * dim).map((x) => Math.round(2 * x)), dim });
    const sets = [1, 8, 64].flatMap((dim) => [
      [draws.gaussian(70, dim), draws.gaussian(66, dim, 0.2)] as const,
      [whole(70, dim), whole(66, dim)] as const,
    ]);
    for (const [at, [real, generated]] of sets.entries()) {
      const gpuSide = onGpu(gpu, counted);
      const [found, exact] = [
        await gpuSide.judge(real, generated, true),
        await onCpu(counted).judge(real, generated, true),
      ];
      gpuSide.dispose();
      for (const [m, pair] of found.entries())
        for (const [side, value] of pair.entries())
          expect(value, `${at} ${counted[m]!.name} ${side}`).toBeCloseTo(exact[m]![side]!, 5);
    }
  });

  it("run at small size, and free all", async () => {
    const before = gpu.memory().bytes;
    const size = { repeats: 1, points: 3, rows: 90, seed: 1 };
    const rows = await runScenario(onGpu(gpu, pairMeasures), 5, pairMeasures, size);
    expect(rows.map(({ measure }) => measure)).toEqual(pairMeasures.map(({ name }) => name));
    for (const { curves, verdicts } of rows) {
      expect(curves).toHaveLength(1);
      expect(curves[0]!.xs).toEqual([1, 6, 10]);
      for (const value of [...curves[0]!.fidelity, ...curves[0]!.diversity]) expect(value).toBeGreaterThanOrEqual(0);
      expect(Object.keys(verdicts)).toEqual(["b", "p"]);
    }
    // one real mode alone is precise, and no recall; ten modes are twice what is real
    const [{ curves }] = rows as [Row];
    expect(curves[0]!.fidelity[0]).toBeGreaterThan(0.9);
    expect(curves[0]!.diversity[0]).toBeLessThan(0.4);
    expect(curves[0]!.diversity[2]).toBeGreaterThan(0.8);
    expect(curves[0]!.fidelity[2]).toBeLessThan(0.7);
    expect(markdown(rows)).toMatch(/\| 6 mode dropping and invention \| bounds \|/);
    expect(compared(rows, pairMeasures).cells).toBe(16); // of the four published pairs
    expect(gpu.memory().bytes).toBe(before);
  });
});

const committed = new URL("../bench/results/sanity.json", import.meta.url);
it.runIf(existsSync(committed))("the committed verdicts are those of the committed curves", () => {
  const { rows } = JSON.parse(readFileSync(committed, "utf8")) as { rows: Row[] };
  expect(rows.length).toBeGreaterThan(0);
  for (const { scenario, curves, verdicts } of rows)
    for (const [name, { fidelity, diversity }] of Object.entries(judge(scenario - 1, curves))) {
      // numbers are kept to five digits: on a limit itself either may stand
      const kept = verdicts[name]!;
      for (const [now, then] of [[fidelity, kept.fidelity] as const, [diversity, kept.diversity] as const])
        if (Math.abs(then.margin) > 1e-3) expect([scenario, name, now.verdict]).toEqual([scenario, name, then.verdict]);
    }
});

describe("warnings of what fails by nature", () => {
  it("one repeated point, few generated rows, and a kernel that sees means alone", async () => {
    const draws = new Draws(1, "warnings");
    const rows = (n: number, dim: number) => gpu.tensor(Float32Array.from(draws.normal(n * dim)), [n, dim]);
    const [real, few, point] = [rows(300, 4), rows(30, 4), gpu.zeros([100, 4])];
    const collapsed = await precisionRecall(real, point, { interval: false });
    expect(collapsed.precision).toBe(1);
    expect(collapsed.warnings.join()).toMatch(/one repeated point/);
    const clipped = await clippedDensityCoverage(real, few, { interval: false });
    expect(clipped.warnings.join()).toMatch(/30 generated rows are few beside 300/);
    const far = await kernelDistance(real, few, { kernel: "rbf", sigma: 100 });
    expect(far.warnings.join()).toMatch(/mean/);
    for (const tensor of [real, few, point]) tensor.dispose();
  });
});
