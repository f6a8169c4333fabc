// The tab Measure: its scale, its choices, what it says of a device, and two files.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { copyReports } from "../../bench/build.mjs";
import { statistics } from "../../bench/harness.ts";
import { addressOf, parseAddress } from "../../bench/measure/address.ts";
import { groups, groupsOf } from "../../bench/measure/groups.ts";
import { quickCases } from "../../bench/measure/quick.ts";
import { numberTable, rowsOf, type Shown } from "../../bench/measure/rows.ts";
import { changeTable, outcome, ratioRows } from "../../bench/measure/two.ts";
import { verdict } from "../../bench/measure/verdict.ts";
import { caseName, changes, parseReport, type Cell, type Entry, type Report } from "../../bench/report.ts";
import { roofline } from "../../bench/roofline.ts";
import { difference } from "../../bench/table.ts";
import { logTicks } from "../../src/app/report/chart.ts";
import { dotChart, dotLegend, logScale, seriesOf } from "../../src/app/report/dotChart.ts";
import { html } from "../../src/app/report/markup.ts";

const committed = parseReport(readFileSync("bench/results/google-swiftshader.json", "utf8"), "google-swiftshader.json");
const names = committed.entries.map(caseName);

const cell = (engine: string, ...samples: number[]): Cell => ({ engine, status: "ok", ms: statistics(samples) });
const entry = (workload: string, size: string, flops: number, bytes: number, ...cells: Cell[]): Entry => ({
  workload,
  size,
  flops,
  bytes,
  limit: 1,
  peak: { gflops: 20, gbps: 2 },
  cells,
});
const report = (architecture: string, ...entries: Entry[]): Report => ({
  schema: 2,
  bench: "latentgpu",
  date: "2026-01-01",
  browser: "Chrome 1",
  adapter: { vendor: "maker", architecture, device: "", description: "", software: architecture === "cpu" },
  versions: { latentgpu: "1" },
  flags: [],
  entries,
});

describe("a logarithmic scale", () => {
  test("has powers of ten, and twos and fives where these are few", () => {
    expect(logTicks(0.05, 2000)).toEqual([0.1, 1, 10, 100, 1000]);
    expect(logTicks(3, 60)).toEqual([5, 10, 20, 50]);
    expect(logTicks(31, 44).every((value) => value >= 31 && value <= 44)).toBe(true);
    expect(logTicks(31, 44).length).toBeGreaterThan(1);
  });

  test("keeps equal ratios equally far, leaves room at both ends, and is not led astray by what has no place on it", () => {
    const { at } = logScale([1, 100, 0, NaN, -3, Infinity], 0, 200);
    expect(at(10) - at(1)).toBeCloseTo(at(100) - at(10), 9);
    expect(at(1)).toBeGreaterThan(0);
    expect(at(100)).toBeLessThan(200);
    expect(logScale([7], 0, 200).at(7)).toBeCloseTo(100, 9);
    expect(Number.isFinite(logScale([], 0, 200).at(2))).toBe(true);
  });
});

describe("the picture", () => {
  const shown = (...reports: Report[]): Shown[] => reports.map((one) => ({ report: one, isOwn: false }));

  test("of the committed report has a dozen rows and a dot for each engine that was timed", () => {
    const rows = rowsOf(shown(committed), "ms", groups.some.has);
    expect(rows).toHaveLength(12);
    const product = rows.find(({ name }) => name === "matmul, 512×512 · 512×512")!;
    expect(product.dots.map(({ series }) => series.name)).toEqual(["latentgpu", "jax-js", "TensorFlow.js", "ONNX Runtime Web"]); // prettier-ignore
    // tfjs did not come to an end there
    expect(rows.find(({ name }) => name.startsWith("conv vae step"))!.dots).toHaveLength(2);
    const text = html(dotChart({ title: "t", axis: "ms", rows, summary: "" }, 1000));
    expect(text.match(/class="dot /g)).toHaveLength(rows.flatMap(({ dots }) => dots).length);
    expect(text).toContain(
      "<title>matmul, 512×512 · 512×512: latentgpu on google / swiftshader, a software adapter, 70.7 ms (",
    );
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("has rates only of cases that count operations, with the limits the other way round", () => {
    const one = report("a", entry("matmul", "1", 2e9, 1, cell("latentgpu", 1, 2, 4)), entry("sum", "1", 0, 1, cell("latentgpu", 1))); // prettier-ignore
    const rows = rowsOf(shown(one), "gflops", groups.all.has);
    expect(rows.map(({ name }) => name)).toEqual(["matmul, 1"]);
    expect(rows[0]!.dots[0]).toMatchObject({ value: 1000, low: 500, high: 2000 });
  });

  test("shows devices by shape, engines by colour, and what was measured here as its own, the latest of each case", () => {
    const of = (median: number) => entry("matmul", "1", 2e9, 1, cell("latentgpu", median), cell("jax-js", 2 * median));
    const rows = rowsOf(
      [
        ...shown(report("a", of(4)), report("b", of(3))),
        { report: report("c", of(9)), isOwn: true },
        { report: report("c", of(2)), isOwn: true },
      ],
      "ms",
      groups.all.has,
    );
    const look = rows[0]!.dots.map(({ series, value }) => `${series.shape} ${series.tone} ${value}`);
    expect(look).toEqual(["circle c0 4", "circle c1 8", "square c0 3", "square c1 6", "diamond own 2", "diamond c1 4"]);
    const series = seriesOf(rows);
    expect(html(dotLegend(series)).match(/<path/g)).toHaveLength(6);
    expect(html(numberTable(rows, series, "ms"))).toContain("latentgpu, your device, ms");
  });

  test("a name from a file is text", () => {
    const one = report("a", entry("<img src=x>", "1", 1, 1, cell(`"><script>`, 1)));
    const rows = rowsOf(shown(one), "ms", groups.all.has);
    const text = html(dotChart({ title: "t", axis: "ms", rows, summary: "" }, 300)) + html(dotLegend(seriesOf(rows)));
    expect(text).not.toMatch(/<img|<script/);
  });
});

describe("the choice of cases", () => {
  test("offers kinds that are there, and every case has one", () => {
    expect(groupsOf(names)).toEqual(["some", "all", "training", "products", "convolutions", "memory", "algebra"]);
    const kinds = (["training", "products", "convolutions", "memory", "algebra", "measures"] as const).map((kind) => groups[kind]); // prettier-ignore
    for (const name of names)
      expect(
        kinds.filter(({ has }) => has(name)),
        name,
      ).toHaveLength(1);
  });

  test("stands in the address, and what is none is left out", () => {
    for (const choices of [
      { unit: "ms", group: "some" },
      { unit: "gflops", group: "products" },
    ] as const)
      expect(parseAddress(addressOf(choices))).toEqual(choices);
    expect(addressOf({ unit: "ms", group: "some" })).toBe("#measure");
    expect(parseAddress("#measure?unit=miles&cases=toString")).toEqual({ unit: "ms", group: "some" });
  });

  test("the quick list is short, the same on all devices but for one product, and among the committed cases", () => {
    const [onCpu, onGpu] = [true, false].map((software) => quickCases(software).map(caseName));
    expect(onCpu).toHaveLength(4);
    expect(onCpu!.filter((name) => !names.includes(name) || !groups.some.has(name))).toEqual([]);
    expect(onGpu!.filter((name) => !onCpu!.includes(name))).toEqual(["matmul, 2048×2048 · 2048×2048"]);
  });
});

describe("what a measurement comes to", () => {
  const quick = report(
    "cpu",
    entry("matmul", "512×512 · 512×512", 4e9, 1e6, cell("latentgpu", 500)),
    entry("sum", "of all", 0, 1e9, cell("latentgpu", 1000)),
    entry("vae step", "784-400-20", 1e9, 1e6, cell("latentgpu", 97.3)),
  );

  test("is one sentence that names the device and how much of its peaks is reached", () => {
    expect(verdict(quick)).toBe(
      "maker / cpu (a software adapter: the CPU plays the GPU): 8.00 GFLOP/s of products, 40 % of what this adapter's multiply-adds reach (20.0 GFLOP/s); a sum reads 1.00 GB/s, 50 % of what a copy moves (2.00 GB/s); one training step of a VAE takes 97.3 ms.",
    );
  });

  test("gives no speed to what was wrong, and says so", () => {
    const wrong: Cell = { engine: "latentgpu", status: "wrong", message: "wrong, so it gets no number." };
    const one = report("gpu", entry("matmul", "1", 4e9, 1e6, wrong));
    expect(verdict(one)).toBe("maker / gpu: nothing was timed. matmul, 1: wrong, so it gets no number.");
  });

  test("is on the roofline, each case by name", () => {
    const text = html(roofline(quick));
    expect(text).toContain("vae step, 784-400-20: 10.2775");
    expect(text).toContain("matmul, 512×512 · 512×512");
    expect(text).not.toMatch(/NaN|Infinity/);
  });
});

describe("two reports", () => {
  const at = (median: number, architecture = "a") =>
    report(architecture, entry("matmul", "1", 2e9, 1, cell("latentgpu", median * 0.9, median, median * 1.1)));

  test("are compared as the command does, with the reach of their intervals", () => {
    const [change] = changes(at(50), at(25));
    expect(change).toMatchObject({ name: "matmul, 1", engine: "latentgpu", ratio: 2, apart: true });
    expect(difference(at(50), at(25))).toMatch(/matmul, 1 +latentgpu +50\.0 +25\.0 +2\.00× +yes/);
    const [row] = ratioRows([change!]);
    expect(row!.dots[0]!.low).toBeCloseTo(45 / 27.5, 9);
    expect(row!.dots[0]!.high).toBeCloseTo(55 / 22.5, 9);
    expect(html(changeTable([change!]))).toContain("2.00×");
    expect(outcome(at(50), at(25))).toBe("1 in both: 1 faster, 0 slower, 0 within the intervals.");
    expect(outcome(at(50), at(51))).toBe("1 in both: 0 faster, 0 slower, 1 within the intervals.");
  });

  test("of two devices name both first, and of no common case say so", () => {
    expect(outcome(at(50), at(25, "b"))).toMatch(/^Two devices: before on maker \/ a, after on maker \/ b\. /);
    expect(outcome(at(50), report("a"))).toBe("No case and engine is in both.");
  });

  test("what is no report is refused by what is wrong with it", () => {
    const text = (change: object): string => JSON.stringify({ ...at(50), ...change });
    expect(() => parseReport("[]", "a.json")).toThrow(
      'a.json is no report of this bench. Expected "bench": "latentgpu".',
    );
    for (const change of [
      { entries: [null] },
      { adapter: "x" },
      { flags: undefined },
      {
        entries: [{ workload: "a", size: "b", peak: {}, cells: [{ engine: "a", status: "ok", ms: { median: "1" } }] }],
      },
    ])
      // prettier-ignore
      expect(() => parseReport(text(change), "a.json")).toThrow("a.json is damaged.");
    expect(parseReport(text({}), "a.json").entries).toHaveLength(1);
  });
});

test("the build lists the reports of the bench, and no other file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "latentgpu-reports-"));
  try {
    const found = await copyReports(folder);
    expect(found).toContain("google-swiftshader.json");
    expect(found).not.toContain("family.json");
    expect(JSON.parse(readFileSync(join(folder, "results.json"), "utf8"))).toEqual(found);
    // what is no longer there goes
    writeFileSync(join(folder, "results/old.json"), "{}");
    await copyReports(folder);
    expect(() => readFileSync(join(folder, "results/old.json"))).toThrow();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
