// What the table asks of its rows and refusals: the same in vitest and in the bench's portable bundle.

import { type Gpu, LatentError } from "../../src/index.ts";
import { type Measured, measure, SLOPE_LIMIT } from "./measure.ts";
import { label, type Refusal, type Row } from "./row.ts";

/** A row's errors, null where it threw; `faults` says each that is not allowed. */
export interface Checked {
  readonly measured: Measured | null;
  readonly faults: readonly string[];
}

export async function checkRow(gpu: Gpu, row: Row): Promise<Checked> {
  const name = `${row.op} ${label(row)}`;
  const measured = await measure(gpu, row).catch((error: unknown) => error as Error);
  if (measured instanceof Error) return { measured: null, faults: [`${name}: ${measured.message}`] };
  const limits: readonly (readonly [what: string, value: number, limit: number])[] = [
    ["ulps", measured.ulps, row.ulps],
    ["slope", measured.slope, SLOPE_LIMIT],
    ["slope of shared inputs", measured.shared, SLOPE_LIMIT],
    ["slope of the gradient", measured.second, SLOPE_LIMIT],
    ["ulps with one tensor as every input", measured.same?.ulps ?? 0, row.ulps],
    ["slope with one tensor as every input", measured.same?.slope ?? 0, SLOPE_LIMIT],
  ];
  const faults = limits.flatMap(([what, value, limit]) =>
    // "not at most" rather than "more than", so that NaN fails
    !(value <= limit) ? [`${name}: ${what} ${value}, ${limit} allowed`] : [],
  );
  return { measured, faults };
}

/** The rows of one op: how many are at fault, what is, and the worst of each error in a line under `HEAD`. */
export interface CheckedOp {
  readonly failed: number;
  readonly faults: readonly string[];
  readonly line: string;
}

export const HEAD = `${"op".padEnd(26)} rows  ulps, of allowed    slope   shared same x 2   second refusals`;

const cell = (value: number): string =>
  (value === 0 ? "–" : value < 0.01 ? value.toExponential(0) : value.toFixed(2)).padStart(9);

/** `list` are all rows of `op`; `refused` is how many refusals it has. */
export async function checkOp(gpu: Gpu, op: string, list: readonly Row[], refused: number): Promise<CheckedOp> {
  const faults: string[] = [];
  let [failed, ulps, allowed, ratio, slope, shared, second, same] = [0, 0, list[0]!.ulps, -1, 0, 0, 0, 0];
  for (const row of list) {
    const checked = await checkRow(gpu, row);
    faults.push(...checked.faults);
    if (checked.faults.length > 0) failed++;
    const m = checked.measured;
    if (!m) continue;
    const used = row.ulps ? m.ulps / row.ulps : m.ulps;
    if (!(used <= ratio)) [ratio, ulps, allowed] = [used, m.ulps, row.ulps];
    slope = Math.max(slope, m.slope);
    shared = Math.max(shared, m.shared);
    second = Math.max(second, m.second);
    same = Math.max(same, m.same?.slope ?? 0);
  }
  const errors = `${cell(ulps)} of ${allowed.toFixed(1).padStart(6)}${[slope, shared, same, second].map(cell).join("")}`;
  const line = `${op.padEnd(26)}${`${list.length}`.padStart(5)}${errors}${`${refused}`.padStart(8)}`;
  return { failed, faults, line };
}

/** Why the call is not refused in the exact words; null where it is. */
export function checkRefusal(gpu: Gpu, { op, call, code, message }: Refusal): string | null {
  try {
    call(gpu);
  } catch (error) {
    if (error instanceof LatentError && error.code === code && error.message === message) return null;
    return `${op}: expected ${code} ${message}\n${op}: got      ${String(error)}`;
  }
  return `${op}: accepted, instead of: ${message}`;
}

export function byOp(list: readonly Row[]): Map<string, Row[]> {
  const map = new Map<string, Row[]>();
  for (const row of list) map.set(row.op, [...(map.get(row.op) ?? []), row]);
  return map;
}
