// The VAE's training step in all engines: checked against float64, then timed against each other in one page.

import { calls } from "../calls.ts";
import { interleave, reason, statistics, within, type Contestant, type Schedule, type Timing } from "../harness.ts";
import { fastest, profiled, type Span } from "../profile.ts";
import { compare, type Cell, type Gate, type Workload } from "../report.ts";
import { flops, problem, type Prepare, type Problem, type Trainer } from "./problem.ts";
import { losses } from "./reference.ts";

const GATE_STEPS = 4; // the first loss checks forward, the later ones gradient and update
const GATE_LIMIT = 1e-3;
const PROFILE_RUNS = 5;

/** An engine by name; `load` brings its code only when its turn comes. */
export interface Candidate {
  engine: string;
  load(): Promise<{ prepare: Prepare }>;
}

interface Cold {
  trainer: Trainer;
  seconds: { prepareSeconds: number; firstStepSeconds: number };
}

async function cold(prepare: Prepare, task: Problem): Promise<Cold> {
  const start = performance.now();
  const trainer = await prepare(task);
  const prepared = performance.now();
  await trainer.step();
  await trainer.finish();
  const end = performance.now();
  return {
    trainer,
    seconds: { prepareSeconds: (prepared - start) / 1000, firstStepSeconds: (end - prepared) / 1000 },
  };
}

async function gate(prepare: Prepare, task: Required<Problem>, expected: number[]): Promise<Gate> {
  const trainer = await prepare(task);
  try {
    const found: number[] = [];
    for (let step = 0; step < expected.length; step++) {
      await trainer.step();
      found.push(await trainer.loss());
    }
    const errors = found.map((loss, i) => Math.abs(loss - expected[i]!) / Math.abs(expected[i]!));
    const worst = Math.max(...errors); // NaN if any is, and NaN is no pass
    return { losses: found, expected, worst, limit: GATE_LIMIT };
  } finally {
    trainer.dispose();
  }
}

async function stepAndWait(trainer: Trainer): Promise<void> {
  await trainer.step();
  await trainer.finish();
}

/** Facts of one step after the timed ones: what it asks of WebGPU, and with `profile` where its time goes. */
async function inspect(trainer: Trainer, profile: boolean): Promise<Pick<Cell, "perStep" | "profile">> {
  const perStep = await calls(() => stepAndWait(trainer));
  if (!profile) return { perStep };
  const runs: Span[][] = [];
  for (let run = 0; run < PROFILE_RUNS; run++) runs.push(await profiled(() => stepAndWait(trainer)));
  return { perStep, profile: fastest(runs) };
}

/** One line per stage for whoever waits. */
export type Say = (text: string) => void;

/**
 * Loads, checks and times the candidates, with `others` (the peak) timed in the same rounds. A candidate that does not
 * load, throws, hangs or gives a wrong loss gets no number and a message; the rest goes on.
 */
export async function compareVae(
  candidates: readonly Candidate[],
  others: readonly Contestant[],
  options: { batch: number; seed: number; profile: boolean; schedule: Schedule; say: Say },
): Promise<{ workload: Workload; others: Timing[] }> {
  const { batch, seed, profile, schedule, say } = options;
  const task = problem(batch, seed);
  const { noise: _, ...drawing } = task;
  say("reference: the first losses in float64");
  const expected = losses(task, GATE_STEPS);

  const cells: Cell[] = [];
  const ready: { cell: Cell; trainer: Trainer }[] = [];
  for (const { engine, load } of candidates) {
    const cell: Cell = { engine, version: "", status: "failed" };
    cells.push(cell);
    try {
      // code, device, compilation and the gate are each far below a box; three of them are for slow machines
      const limit = 3 * schedule.boxSeconds;
      const { prepare } = await within(load(), limit, `${engine}: loading`);
      const { trainer, seconds } = await within(cold(prepare, drawing), limit, `${engine}: first step`);
      Object.assign(cell, { version: trainer.version, cold: seconds });
      cell.gate = await within(gate(prepare, task, expected), limit, `${engine}: check`);
      say(`${engine} ${cell.version}: first losses within ${cell.gate.worst.toExponential(1)} of float64`);
      if (cell.gate.worst <= GATE_LIMIT) ready.push({ cell, trainer });
      else {
        cell.status = "wrong";
        cell.message =
          `wrong, so it gets no number. Expected losses ${expected.map((v) => v.toFixed(3)).join(", ")} ` +
          `to ${GATE_LIMIT} relative; got ${cell.gate.losses.map((v) => v.toFixed(3)).join(", ")}.`;
        trainer.dispose();
      }
    } catch (error) {
      cell.message = reason(error);
      say(`${engine}: ${cell.message}`);
    }
  }

  const timings = await interleave([...ready.map(({ trainer }) => trainer), ...others], schedule);
  for (const [index, { cell, trainer }] of ready.entries()) {
    const { samples, stepsPerBlock, error, note } = timings[index]!;
    cell.status = error || samples.length === 0 ? "stopped" : "ok";
    cell.message = error ?? note;
    if (samples.length > 0) Object.assign(cell, { stepsPerBlock, ms: statistics(samples), samples });
    try {
      if (!error)
        Object.assign(
          cell,
          await within(inspect(trainer, profile), 3 * schedule.boxSeconds, `${cell.engine}: inspection`),
        );
      trainer.dispose();
    } catch (failure) {
      cell.message = [cell.message, reason(failure)].filter(Boolean).join("; ");
    }
  }
  compare(cells);
  const workload = { name: "training step of the VAE 784-400-20", batch, flops: flops(batch), cells };
  return { workload, others: timings.slice(ready.length) };
}
