// The bench's own arithmetic: statistics, turns, time boxes, gates, reports and tables.

import { describe, expect, test, vi } from "vitest";
import { interleave, quantile, statistics, turns, within, type Contestant } from "../bench/harness.ts";
import { cases, select } from "../bench/cases/index.ts";
import { sampled } from "../bench/cases/sampled.ts";
import { compare } from "../bench/compare.ts";
import { fastest } from "../bench/profile.ts";
import { floor, geometricMean, parseReport, rank, type Cell, type Entry, type Report } from "../bench/report.ts";
import { csv, difference, table } from "../bench/table.ts";
import type { Case, Engine, Task } from "../bench/workload.ts";

/** A contestant on a made-up clock: each step takes `ms`. */
function sleeper(name: string, ms: (step: number) => number, clock: { time: number }, log: string[] = []): Contestant {
  let steps = 0;
  return {
    name,
    step() {
      clock.time += ms(steps++);
    },
    async finish() {
      log.push(name);
    },
  };
}

describe("statistics", () => {
  test("quantiles of 1 … 5 are linear in the rank", () => {
    const sorted = [1, 2, 3, 4, 5];
    expect([0, 0.05, 0.25, 0.5, 0.95, 1].map((f) => quantile(sorted, f))).toEqual([1, 1.2, 2, 3, 4.8, 5]);
  });

  test("an even count has its median between the two in the middle, whatever the order", () => {
    expect(statistics([10, 1, 3, 2])).toMatchObject({ count: 4, median: 2.5, min: 1, max: 10, mean: 4 });
  });

  test("one value is every statistic of itself", () => {
    expect(statistics([7])).toEqual({
      count: 1,
      median: 7,
      mean: 7,
      min: 7,
      max: 7,
      p5: 7,
      p95: 7,
      low: 7,
      high: 7,
    });
  });

  test("no value gives NaN, not zero", () => {
    expect(Object.values(statistics([])).slice(1).every(Number.isNaN)).toBe(true);
  });

  test("values sort as numbers, and infinity last", () => {
    expect(statistics([100, 9, Infinity]).median).toBe(100);
  });

  test("the interval of the median covers it in 95 of 100 draws", () => {
    // binomial(n, ½) between the two ranks: the probability itself, no draws
    for (const count of [6, 12, 25, 100]) {
      const ranks = statistics(Array.from({ length: count }, (_, i) => i + 1));
      let choose = 1;
      let covered = 0;
      for (let below = 0; below <= count; below++) {
        if (below >= ranks.low && below < ranks.high) covered += choose / 2 ** count;
        choose *= (count - below) / (below + 1);
      }
      expect(covered).toBeGreaterThanOrEqual(0.93);
      expect(covered).toBeLessThan(0.985);
    }
  });
});

describe("interleave", () => {
  test("turns rotate, so that each is first equally often", () => {
    expect([0, 1, 2, 3].map((round) => turns(3, round))).toEqual([
      [0, 1, 2],
      [1, 2, 0],
      [2, 0, 1],
      [0, 1, 2],
    ]);
  });

  test("samples are milliseconds per step, and blocks grow to the asked length", async () => {
    const clock = { time: 0 };
    const schedule = { rounds: 5, blockSeconds: 0.1, boxSeconds: 20, now: () => clock.time };
    const [fast, slow] = await interleave(
      [sleeper("fast", () => 1, clock), sleeper("slow", () => 300, clock)],
      schedule,
    );
    expect(fast!.stepsPerBlock).toBeGreaterThanOrEqual(67);
    expect(fast!.stepsPerBlock).toBeLessThanOrEqual(100);
    expect(fast!.samples).toEqual([1, 1, 1, 1, 1]);
    expect(slow).toMatchObject({ stepsPerBlock: 1, samples: [300, 300, 300, 300, 300] });
  });

  test("blocks of a round follow each other in rotated order", async () => {
    const clock = { time: 0 };
    const log: string[] = [];
    const both = ["a", "b"].map((name) => sleeper(name, () => 200, clock, log));
    await interleave(both, { rounds: 2, blockSeconds: 0.1, boxSeconds: 20, now: () => clock.time });
    expect(log.slice(-4)).toEqual(["a", "b", "b", "a"]);
  });

  test("what gets faster is not measured before it has settled to 5 %, or half its box is used up", async () => {
    const clock = { time: 0 };
    const schedule = { rounds: 2, blockSeconds: 0.1, boxSeconds: 20, now: () => clock.time };
    const rising = sleeper("rising", (step) => [400, 300, 250, 240][step] ?? 240, clock);
    const restless = sleeper("restless", (step) => (step % 2 ? 2000 : 3000), clock);
    const [warm, never] = await interleave([rising, restless], schedule);
    expect(warm!.samples).toEqual([240, 240]);
    expect(clock.time).toBe(400 + 300 + 250 + 240 + 13_000 + 2 * 240 + 5000); // 10 of 20 s are over after five blocks
    expect(never!.samples).toHaveLength(2);
  });

  test("a full box ends a contestant with a note, and the other goes on", async () => {
    const clock = { time: 0 };
    const schedule = { rounds: 10, blockSeconds: 0.1, boxSeconds: 5, now: () => clock.time };
    const [slow, fast] = await interleave(
      [sleeper("slow", () => 1000, clock), sleeper("fast", () => 10, clock)],
      schedule,
    );
    expect(slow!.samples.length).toBe(3); // two of the five seconds went into the warm-up
    expect(slow!.note).toBe("time box of 5 s reached after 3 of 10 rounds");
    expect(fast!.samples.length).toBe(10);
  });

  test("a contestant that throws keeps its samples and its reason, and the other goes on", async () => {
    const clock = { time: 0 };
    const broken = sleeper(
      "broken",
      (step) => {
        if (step === 4) throw new Error("device lost");
        return 200;
      },
      clock,
    );
    const schedule = { rounds: 4, blockSeconds: 0.1, boxSeconds: 20, now: () => clock.time };
    const [first, second] = await interleave([broken, sleeper("fine", () => 200, clock)], schedule);
    expect(first).toMatchObject({ samples: [200, 200], error: "device lost" });
    expect(second!.samples.length).toBe(4);
  });

  test("a contestant that hangs is left behind", async () => {
    await expect(within(new Promise(() => {}), 0.01, "stuck")).rejects.toThrow("stuck: no answer within 0.01 s.");
    const stuck: Contestant = { name: "stuck", step() {}, finish: () => new Promise(() => {}) };
    const [timing] = await interleave([stuck], { rounds: 1, blockSeconds: 0.1, boxSeconds: 0.01 });
    expect(timing).toMatchObject({ samples: [], error: "stuck: no answer within 0.01 s." });
  });

  test("what is late is waited for before anything else is timed", async () => {
    vi.useFakeTimers();
    try {
      let settled = false;
      const slow = new Promise((done) => setTimeout(done, 1500));
      const refused = within(slow, 1, "slow").catch((error: Error) => ((settled = true), error.message));
      await vi.advanceTimersByTimeAsync(1400);
      expect(settled).toBe(false);
      await vi.advanceTimersByTimeAsync(200);
      expect(settled).toBe(true);
      expect(await refused).toBe("slow: no answer within 1 s.");
    } finally {
      vi.useRealTimers();
    }
  });
});

/** y = 2·x for two numbers; the check wants them to 1e-6. */
const doubling: Case = {
  workload: "doubling",
  size: "2",
  settings: {},
  inputs: () => ({ x: { shape: [2], values: Float32Array.of(1, 2) } }),
  flops: 2,
  bytes: 16,
  gate: {
    limit: 1e-6,
    error: ({ x }, [[y]]) => sampled(y!, 2, (at) => ({ value: 2 * x!.values[at]!, size: 1 })),
  },
};

/** An engine that multiplies by `factor`. */
function fake(name: string, factor: number): Engine {
  const prepare = (task: Task) =>
    Promise.resolve({
      name,
      step() {},
      finish: () => Promise.resolve(),
      outputs: () => Promise.resolve([task.inputs.x!.values.map((value) => value * factor)]),
      dispose() {},
    });
  return { name, version: "1", prepare, dispose() {} };
}

const unable: Engine = { ...fake("unable", 2), prepare: () => Promise.resolve(null) };
const broken: Engine = { ...fake("broken", 2), prepare: () => Promise.reject(new Error("no such kernel")) };

describe("the comparison", () => {
  test("wrong engines and broken ones get no number, unable ones no line, and the others go on", async () => {
    for (const name of ["GPUDevice", "GPUQueue", "GPUComputePassEncoder"]) vi.stubGlobal(name, class {});
    const open = (engine: Engine) => ({ name: engine.name, engine });
    const candidates = [
      open(fake("latentgpu", 2)),
      open(fake("wrong", 2.01)),
      open(fake("nan", NaN)),
      open(unable),
      open(broken),
      { name: "missing", error: "missing could not be bundled" },
    ];
    const schedule = { rounds: 3, blockSeconds: 0.001, boxSeconds: 5, maxSteps: 4 };
    const { cells } = await compare(doubling, candidates, [], { schedule, say() {} });
    vi.unstubAllGlobals();
    expect(cells.map(({ engine, status }) => `${engine} ${status}`)).toEqual([
      "latentgpu ok",
      "wrong wrong",
      "nan wrong",
      "broken failed",
      "missing failed",
    ]);
    const [good, wrong, nan, failed, missing] = cells;
    expect(good).toMatchObject({ error: 0, ms: { count: 3 } });
    expect(wrong!.message).toBe("wrong, so it gets no number. Expected an error of at most 1.0e-6; got 2.0e-2.");
    expect(nan!.message).toContain("got NaN");
    expect([failed!.message, missing!.message]).toEqual(["no such kernel", "missing could not be bundled"]);
    expect(cells.slice(1).map(({ ms }) => ms)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe("cases", () => {
  test("are named apart, for a software adapter and for a GPU", () => {
    for (const software of [true, false]) {
      const names = cases(software).map(({ workload, size }) => `${workload}, ${size}`);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  test("are chosen by parts of their names, and an unknown part is refused with what there is", () => {
    expect(select(cases(true), ["cholesky"]).map(({ size }) => size)).toEqual(["256", "512"]);
    expect(() => select(cases(true), ["fft"])).toThrow(
      /unknown workload. Expected a part of one of .*matmul.*; got fft/,
    );
  });

  test("an output of the wrong length or with a NaN passes no gate", () => {
    const exact = (at: number) => ({ value: at, size: 1 });
    expect(sampled(Float32Array.of(0, 1), 2, exact)).toBe(0);
    expect(sampled(Float32Array.of(0, 1), 3, exact)).toBeNaN();
    expect(sampled(Float32Array.of(0, NaN), 2, exact)).toBeNaN();
  });
});

describe("profile", () => {
  test("keeps the least of each dispatch over the runs", () => {
    const run = (a: number, b: number) => [
      { label: "matmul", ms: a },
      { label: "map", ms: b },
    ];
    expect(fastest([run(3, 1), run(2, 2)])).toEqual(run(2, 1));
  });

  test("runs of different steps are not mixed, and none is no span", () => {
    const [one, two] = [[{ label: "a", ms: 1 }], []];
    expect(fastest([one, two])).toEqual(one);
    expect(fastest([])).toEqual([]);
  });
});

describe("report", () => {
  const cell = (engine: string, median: number): Cell => ({
    engine,
    status: "ok",
    stepsPerBlock: 2,
    ms: statistics([median]),
  });
  const entry = (size: string, cells: Cell[]): Entry => {
    rank(cells);
    return { workload: "step", size, flops: 1e6, bytes: 1e6, limit: 1, peak: { gflops: 1, gbps: 2 }, cells };
  };
  const report = (...entries: Entry[]): Report => ({
    schema: 2,
    bench: "latentgpu",
    date: "2026-01-01",
    browser: "Chrome 1",
    adapter: { vendor: "google", architecture: "swiftshader", device: "", description: "", software: true },
    versions: { latentgpu: "1" },
    flags: [],
    entries,
  });

  test("speedups are against the fastest peer, and a peer is not compared with the engine itself", () => {
    const cells = [cell("latentgpu", 50), cell("jax-js", 160), cell("tfjs", 1200)];
    rank(cells);
    expect(cells.map(({ speedup }) => speedup)).toEqual([3.2, 7.5, 160 / 1200]);
  });

  test("the geometric mean is over the entries that a peer can do", () => {
    const alone = entry("c", [cell("latentgpu", 1)]);
    const entries = [
      entry("a", [cell("latentgpu", 1), cell("p", 2)]),
      entry("b", [cell("latentgpu", 1), cell("p", 8)]),
      alone,
    ];
    expect(geometricMean(entries)).toEqual({ mean: 4, count: 2 });
  });

  test("the floor is the larger of arithmetic and memory", () => {
    expect(floor({ flops: 1e6, bytes: 1e6, peak: { gflops: 1, gbps: 2 } })).toBe(1);
    expect(floor({ flops: 0, bytes: 1e6, peak: { gflops: 1, gbps: 2 } })).toBe(0.5);
    expect(floor({ flops: 1, bytes: 1, peak: {} })).toBeUndefined();
  });

  test("a cell without numbers has no speedup and is told in words", () => {
    const wrong: Cell = { engine: "tfjs", status: "wrong", message: "wrong, so it gets no number." };
    const found = report(entry("a", [cell("latentgpu", 50), wrong]));
    const text = table(found, true);
    expect(text).toContain("SOFTWARE ADAPTER");
    expect(text).toContain("tfjs: wrong, so it gets no number.");
    expect(text).toMatch(/latentgpu +50\.0 +50\.0 +50\.0 /);
    expect(text).toContain("no case with a peer");
  });

  test("CSV has a line per cell, and quotes what needs it", () => {
    const failed: Cell = { engine: "tfjs", status: "failed", message: 'no "x", sorry' };
    const lines = csv(report(entry("a, b", [cell("latentgpu", 50), failed]))).split("\n");
    expect(lines.length).toBe(3);
    expect(lines[1]).toContain('step,"a, b",1000000');
    expect(lines[2]).toContain('"no ""x"", sorry"');
  });

  test("two reports are compared by case and engine, and other devices are told", () => {
    const before = report(entry("a", [cell("latentgpu", 50)]));
    const after = report(entry("a", [cell("latentgpu", 25)]), entry("b", [cell("latentgpu", 1)]));
    expect(difference(before, after)).toMatch(/step, a +latentgpu +50\.0 +25\.0 +2\.00× +yes/);
    after.adapter.architecture = "ampere";
    expect(difference(before, after)).toContain("two devices: google / swiftshader, then google / ampere");
    expect(difference(before, report())).toContain("no case and engine is in both");
  });

  test("a file that is no report is refused with what was expected", () => {
    expect(() => parseReport("{", "a.json")).toThrow("a.json is no JSON.");
    expect(() => parseReport("null", "a.json")).toThrow('Expected "bench": "latentgpu"');
    expect(() => parseReport('{"bench":"latentgpu","schema":1}', "a.json")).toThrow("has schema 1. Expected 2");
    const damaged = { ...report(), entries: [{ workload: "x" }] };
    expect(() => parseReport(JSON.stringify(damaged), "a.json")).toThrow("a.json is damaged.");
    const good = report(entry("a", [cell("latentgpu", 50)]));
    expect(parseReport(JSON.stringify(good), "a.json")).toEqual(good);
  });
});
