// The table as a plain program, without vitest.

import type { Gpu } from "../../src/index.ts";
import { byOp, checkOp, checkRefusal, HEAD } from "./check.ts";
import type { Family } from "./row.ts";
import { refusals, rows } from "./rows/index.ts";

export interface TableResult {
  rows: { passed: number; failed: number };
  refusals: { passed: number; failed: number };
  faults: string[];
}

/** Checks every row and refusal; `say` hears a line per op, then the faults and the counts. */
export async function runTable(
  gpu: Gpu,
  say: (line: string) => void,
  table: Family = { rows, refusals },
): Promise<TableResult> {
  const faults: string[] = [];
  let failed = 0;
  say(HEAD);
  for (const [op, list] of byOp(table.rows)) {
    const refused = table.refusals.filter((refusal) => refusal.op === op).length;
    const checked = await checkOp(gpu, op, list, refused);
    say(checked.line);
    failed += checked.failed;
    faults.push(...checked.faults);
  }
  const accepted = table.refusals.flatMap((refusal) => checkRefusal(gpu, refusal) ?? []);
  faults.push(...accepted);
  for (const fault of faults) say(fault);
  const result: TableResult = {
    rows: { passed: table.rows.length - failed, failed },
    refusals: { passed: table.refusals.length - accepted.length, failed: accepted.length },
    faults,
  };
  for (const part of ["rows", "refusals"] as const)
    say(`${part}: ${result[part].passed} passed, ${result[part].failed} failed`);
  return result;
}
