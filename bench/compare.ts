// One case in all engines: checked against float64, then timed against each other in interleaved rounds.

import { calls } from "./calls.ts";
import { interleave, reason, statistics, within, type Schedule, type Timing } from "./harness.ts";
import type { Peak } from "./peaks.ts";
import { fastest, profiled, type Span } from "./profile.ts";
import { rank, type Cell, type Entry } from "./report.ts";
import type { Case, Engine, Outputs, Runner } from "./workload.ts";

const PROFILE_RUNS = 5;

/** An engine that is open, or why it is not. */
export type Candidate = { name: string; engine: Engine } | { name: string; error: string };

/** One line per event for whoever waits. */
export type Say = (text: string) => void;

export interface CompareOptions {
  schedule: Schedule;
  say: Say;
  /** Keeps the GPU time of each dispatch, not only their sum. */
  profile?: boolean;
  /** Seconds that a first step, and a check, may take; three boxes if absent, for slow machines. */
  patienceSeconds?: number | undefined;
  /** Whether calls and GPU time of a step are looked up once all is timed; true if absent. */
  inspects?: boolean | undefined;
  /** Hears of each first step and each check that passed. */
  partDone?: () => void;
}

/** The first use of a case: preparation, then one step until the GPU is done. */
async function cold(engine: Engine, task: Parameters<Engine["prepare"]>[0]) {
  const start = performance.now();
  const runner = await engine.prepare(task);
  if (!runner) return undefined;
  const ready = performance.now();
  await runner.step();
  await runner.finish();
  const end = performance.now();
  return { runner, seconds: { prepareSeconds: (ready - start) / 1000, firstStepSeconds: (end - ready) / 1000 } };
}

/** The case's error in a runner of its own, so that state starts where the reference does. */
async function check(
  engine: Engine,
  { workload, settings, gate }: Case,
  inputs: ReturnType<Case["inputs"]>,
): Promise<number> {
  const all = { ...inputs, ...gate.inputs?.() };
  const runner = (await engine.prepare({ workload, settings, inputs: all }))!;
  try {
    const next = async (): Promise<Outputs> => {
      await runner.step();
      return runner.outputs();
    };
    const outputs: [Outputs, ...Outputs[]] = [await next()];
    while (outputs.length < (gate.steps ?? 1)) outputs.push(await next());
    return await gate.error(all, outputs);
  } finally {
    runner.dispose();
  }
}

async function stepAndWait(runner: Runner): Promise<void> {
  await runner.step();
  await runner.finish();
}

/** Facts of a step once all is timed: what it asks of WebGPU, and its GPU time, of fewer runs where they pass `seconds`. */
async function inspect(
  runner: Runner,
  seconds: number,
  keep: boolean,
): Promise<Pick<Cell, "perStep" | "gpuMs" | "profile">> {
  const end = performance.now() + seconds * 1000;
  const perStep = await calls(() => stepAndWait(runner));
  const runs: Span[][] = [];
  do runs.push(await profiled(() => stepAndWait(runner)));
  while (runs.length < PROFILE_RUNS && performance.now() < end);
  const spans = fastest(runs);
  if (spans.length === 0) return { perStep };
  const gpuMs = spans.reduce((sum, { ms }) => sum + ms, 0);
  return { perStep, gpuMs, ...(keep ? { profile: spans } : {}) };
}

function timed(cell: Cell, { samples, stepsPerBlock, error, note }: Timing): void {
  cell.status = error || samples.length === 0 ? "stopped" : "ok";
  cell.message = error ?? note;
  if (samples.length > 0) Object.assign(cell, { stepsPerBlock, ms: statistics(samples), samples });
}

/**
 * Checks and times one case in all candidates, with the peaks in the same rounds. A candidate that throws, hangs or gives a
 * wrong result gets no number and a message; the rest goes on.
 */
export async function compare(
  item: Case,
  candidates: readonly Candidate[],
  peaks: readonly Peak[],
  { schedule, say, profile = false, patienceSeconds, inspects = true, partDone = () => {} }: CompareOptions,
): Promise<Entry> {
  const { workload, size, settings, flops, bytes, gate } = item;
  const inputs = item.inputs();
  const cells: Cell[] = [];
  const ready: { cell: Cell; runner: Runner }[] = [];
  const { boxSeconds } = schedule;
  const limit = patienceSeconds ?? 3 * boxSeconds;
  for (const candidate of candidates) {
    const { name } = candidate;
    const cell: Cell = { engine: name, status: "failed" };
    let runner: Runner | undefined;
    try {
      if ("error" in candidate) throw new Error(candidate.error);
      const { engine } = candidate;
      const first = await within(cold(engine, { workload, settings, inputs }), limit, `${name}: first step`);
      if (!first) continue;
      runner = first.runner;
      cell.cold = first.seconds;
      partDone();
      cell.error = await within(check(engine, item, inputs), limit, `${name}: check`);
      partDone();
      if (cell.error <= gate.limit) ready.push({ cell, runner });
      else {
        cell.status = "wrong";
        cell.message = `wrong, so it gets no number. Expected an error of at most ${gate.limit.toExponential(1)}; got ${cell.error.toExponential(1)}.`;
      }
    } catch (error) {
      cell.message = reason(error);
    }
    if (cell.message) {
      runner?.dispose();
      say(`  ${name}: ${cell.message}`);
    }
    cells.push(cell);
  }

  const timings = await interleave([...ready.map(({ runner }) => runner), ...peaks], schedule);
  for (const [index, { cell, runner }] of ready.entries()) {
    timed(cell, timings[index]!);
    try {
      if (inspects && (cell.status === "ok" || cell.message === timings[index]!.note))
        Object.assign(cell, await within(inspect(runner, boxSeconds, profile), limit, `${cell.engine}: inspection`));
      runner.dispose();
    } catch (error) {
      cell.message = [cell.message, reason(error)].filter(Boolean).join("; ");
    }
  }
  rank(cells);
  const rate = (name: Peak["name"]) => {
    const at = peaks.findIndex((peak) => peak.name === name);
    const samples = timings[ready.length + at]?.samples ?? [];
    return at < 0 || samples.length === 0 ? undefined : peaks[at]!.amount / statistics(samples).min / 1e6;
  };
  return { workload, size, flops, bytes, limit: gate.limit, peak: { gflops: rate("fma"), gbps: rate("copy") }, cells };
}
