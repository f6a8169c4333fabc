// The bench's own arithmetic: statistics, turns, time boxes, the float64 reference and the table.

import { describe, expect, test, vi } from "vitest";
import { interleave, quantile, statistics, turns, within, type Contestant } from "../bench/harness.ts";
import { fastest } from "../bench/profile.ts";
import { compare, table, type Cell, type Report } from "../bench/report.ts";
import { compareVae } from "../bench/vae/compare.ts";
import { flops, problem, type Problem, type Trainer } from "../bench/vae/problem.ts";
import { losses } from "../bench/vae/reference.ts";

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

  test("a full box ends a contestant with a note, and the other goes on", async () => {
    const clock = { time: 0 };
    const schedule = { rounds: 10, blockSeconds: 0.1, boxSeconds: 5, now: () => clock.time };
    const [slow, fast] = await interleave(
      [sleeper("slow", () => 1000, clock), sleeper("fast", () => 10, clock)],
      schedule,
    );
    expect(slow!.samples.length).toBe(4); // one of the five seconds went into the warm-up
    expect(slow!.note).toBe("time box of 5 s reached after 4 of 10 rounds");
    expect(fast!.samples.length).toBe(10);
  });

  test("a contestant that throws keeps its samples and its reason, and the other goes on", async () => {
    const clock = { time: 0 };
    const broken = sleeper(
      "broken",
      (step) => {
        if (step === 3) throw new Error("device lost");
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
});

describe("the VAE step", () => {
  test("a batch of 128 is 0.42 GFLOP", () => {
    expect(flops(128) / 1e9).toBeCloseTo(0.42, 2);
  });

  test("the reference's Adam lowers the loss by a step of its rate along every weight", () => {
    // the first step moves each of 652,824 weights by 1e-3: the fall is 1e-3·Σ|d| to first order, many nats here
    const [first, second, third] = losses(problem(4, 3), 3) as [number, number, number];
    expect(first - second).toBeGreaterThan(10);
    expect(second - third).toBeGreaterThan(10);
  });

  test("the loss at zero weights is 784 ln 2 and no divergence", () => {
    const task: Required<Problem> = problem(2, 1);
    for (const layer of Object.values(task.weights)) {
      layer.weight.fill(0);
      layer.bias.fill(0);
    }
    expect(losses(task, 1)[0]).toBeCloseTo(784 * Math.LN2, 10);
  });
});

/** An engine that knows the reference's losses; the second is multiplied by `factor`. */
function fake(factor: number): (task: Problem) => Promise<Trainer> {
  return (task) => {
    const known = task.noise ? losses(task as Required<Problem>, 4) : [0];
    let steps = 0;
    return Promise.resolve({
      name: "fake",
      version: "1",
      step: () => void steps++,
      loss: () => Promise.resolve(known[steps - 1]! * (steps === 2 ? factor : 1)),
      finish: () => Promise.resolve(),
      dispose() {},
    });
  };
}

describe("the comparison", () => {
  test("a wrong engine and one that does not load get no number, and the others go on", async () => {
    for (const name of ["GPUDevice", "GPUQueue", "GPUComputePassEncoder"]) vi.stubGlobal(name, class {});
    const engine = (name: string, factor: number) => ({
      engine: name,
      load: () => Promise.resolve({ prepare: fake(factor) }),
    });
    const missing = { engine: "missing", load: () => Promise.reject(new Error("missing could not be bundled")) };
    const schedule = { rounds: 3, blockSeconds: 0.001, boxSeconds: 5, maxSteps: 4 };
    const { workload } = await compareVae([engine("good", 1), engine("wrong", 1.01), engine("nan", NaN), missing], [], {
      batch: 2,
      seed: 1,
      profile: false,
      schedule,
      say() {},
    });
    vi.unstubAllGlobals();
    const [good, wrong, nan, absent] = workload.cells;
    expect(good).toMatchObject({ status: "ok", gate: { worst: 0 }, ms: { count: 3 } });
    for (const cell of [wrong, nan])
      expect(cell).toMatchObject({
        status: "wrong",
        message: expect.stringContaining("wrong, so it gets no number. Expected losses"),
      });
    expect([wrong!.ms, nan!.ms, absent!.ms]).toEqual([undefined, undefined, undefined]);
    expect(absent).toMatchObject({ status: "failed", message: "missing could not be bundled" });
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
    version: "1",
    status: "ok",
    stepsPerBlock: 2,
    ms: statistics([median]),
  });

  test("speedups are against the faster peer, and a peer is not compared with the engine itself", () => {
    const cells = [cell("latentgpu", 50), cell("jax-js", 160), cell("tfjs", 1200)];
    compare(cells);
    expect(cells.map(({ speedup }) => speedup)).toEqual([3.2, 7.5, 160 / 1200]);
  });

  test("a cell without numbers has no speedup and is told in words", () => {
    const wrong: Cell = { engine: "tfjs", version: "1", status: "wrong", message: "wrong, so it gets no number." };
    const cells = [cell("latentgpu", 50), wrong];
    compare(cells);
    expect(cells.map(({ speedup }) => speedup)).toEqual([undefined, undefined]);
    const report: Report = {
      schema: 1,
      bench: "latentgpu",
      date: "2026-01-01",
      seed: 1,
      browser: "Chrome 1",
      adapter: { vendor: "google", architecture: "swiftshader", device: "", description: "", software: true },
      flags: [],
      workloads: [{ name: "step", batch: 1, flops: 1e6, cells }],
    };
    const text = table(report);
    expect(text).toContain("SOFTWARE ADAPTER");
    expect(text).toContain("tfjs: wrong, so it gets no number.");
    expect(text).toMatch(/latentgpu 1 +50\.0 +50\.0 +50\.0 +1×2 +– /);
  });
});
