// PyTorch on the cases of a report, where python3 has it: pytorch.py measures, its cells join the report.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Case } from "./workload.ts";
import { rank, type Entry, type Report } from "./report.ts";

/** What pytorch.py is asked: cases without their inputs, and the shapes of the training steps' parameters. */
interface Request {
  rounds: number;
  boxSeconds: number;
  cases: (Pick<Case, "workload" | "size" | "settings"> & { shapes: { [name: string]: readonly number[] } })[];
}

type Answer = Pick<Report, "versions"> & { entries: Pick<Entry, "workload" | "size" | "cells">[] };

export const hasPytorch = (): boolean => spawnSync("python3", ["-c", "import torch"], { stdio: "ignore" }).status === 0;

/** Of a training step alone: the settings of the other workloads say them. */
function shapes({ workload, inputs }: Case): { [name: string]: readonly number[] } {
  if (!workload.endsWith(" step")) return {};
  return Object.fromEntries(Object.entries(inputs()).map(([name, { shape }]) => [name, shape]));
}

/** Adds pytorch.py's cells and version to `report`; `folder` holds pytorch.py, and what goes to and from it. */
export function addPytorch(
  report: Report,
  cases: readonly Case[],
  { rounds, boxSeconds, folder }: { rounds: number; boxSeconds: number; folder: string },
): void {
  const [asked, answered] = ["cases.json", "pytorch.json"].map((name) => join(folder, name)) as [string, string];
  const list = cases.map((item) => {
    const { workload, size, settings } = item;
    return { workload, size, settings, shapes: shapes(item) };
  });
  const request: Request = { rounds, boxSeconds, cases: list };
  writeFileSync(asked, JSON.stringify(request));
  const { status, signal } = spawnSync("python3", [join(folder, "pytorch.py"), asked, answered], {
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) report.flags.push(`pytorch.py broke off: ${signal ?? `exit code ${status}`}`);
  if (!existsSync(answered)) return;
  const { versions, entries } = JSON.parse(readFileSync(answered, "utf8")) as Answer;
  Object.assign(report.versions, versions);
  for (const { workload, size, cells } of entries) {
    const entry = report.entries.find((known) => known.workload === workload && known.size === size);
    if (!entry) continue;
    entry.cells.push(...cells);
    rank(entry.cells);
  }
}
