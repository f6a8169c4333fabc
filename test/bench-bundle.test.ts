// The bundle of the bench: where it can be built, and the table as its program runs it.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requireLinux } from "../bench/bundle.mjs";
import { memoryBound } from "../bench/cases/memory.ts";
import { tuneCases } from "../bench/portable-tune.ts";
import type { Gpu } from "../src/index.ts";
import { each } from "./table/nd.ts";
import { runTable } from "./table/portable.ts";
import type { Row } from "./table/row.ts";
import { refusals } from "./table/rows/index.ts";
import { openShared } from "./helpers.ts";

describe("building", () => {
  it("needs a Node for x86-64 Linux", () => {
    expect(() => requireLinux({ platform: "linux", arch: "x64" })).not.toThrow();
    for (const other of [
      { platform: "linux", arch: "arm64" },
      { platform: "darwin", arch: "x64" },
    ])
      expect(() => requireLinux(other)).toThrow(`Expected linux x64; got ${other.platform} ${other.arch}.`);
  });
});

describe("tuning in the bundle", () => {
  it("sets the default of each class beside the fastest, and leaves no memory behind", async () => {
    const gpu = await openShared();
    const before = gpu.memory().buffers;
    const lines: string[] = [];
    const chosen = memoryBound(true).filter(
      ({ workload, settings }) => workload === "map" || (workload === "sum" && settings["axis"] === 1),
    );
    const found = await tuneCases(gpu, chosen, (line) => lines.push(line));
    expect(chosen.length).toBeGreaterThan(found.length); // a map has no choice of kernels
    expect(found).toHaveLength(1);
    const [{ class: name, default: standard, candidates, defaultMs, chosenMs }] = found as [(typeof found)[0]];
    expect(candidates).toContainEqual({ name: standard, ms: defaultMs });
    expect(defaultMs).toBeGreaterThanOrEqual(chosenMs);
    expect(lines[1]!.startsWith(`${name} | ${standard} `)).toBe(true);
    expect(lines[2]).toMatch(/^1 classes; the default of [01] is slower/);
    expect(gpu.memory().buffers).toBe(before);
    gpu.dispose();
  });
});

describe("the portable table", () => {
  let gpu: Gpu;
  beforeAll(async () => {
    gpu = await openShared();
  });
  afterAll(() => gpu.dispose());

  const double: Row = {
    op: "double",
    inputs: [{ shape: [5] }],
    run: (x) => x!.mul(2),
    reference: (x) => each((v) => 2 * v, x!),
    ulps: 0,
    why: "exact",
  };
  const triple: Row = { ...double, op: "triple", inputs: [{ shape: [3] }] };

  it("counts rows and refusals, and says each op and fault", async () => {
    const lines: string[] = [];
    const wrong: Row = { ...triple, reference: (x) => each((v) => 3 * v, x!) };
    const table = { rows: [double, wrong], refusals: refusals.slice(0, 1) };
    const result = await runTable(gpu, (line) => lines.push(line), table);
    expect(result.rows).toEqual({ passed: 1, failed: 1 });
    expect(result.refusals).toEqual({ passed: 1, failed: 0 });
    expect(result.faults[0]).toMatch(/^triple \[3\]: ulps [\d.]+, 0 allowed$/);
    expect(lines.slice(1, 3).map((line) => line.split(" ")[0])).toEqual(["double", "triple"]);
    expect(lines.slice(-2)).toEqual(["rows: 1 passed, 1 failed", "refusals: 1 passed, 0 failed"]);
  });
});
