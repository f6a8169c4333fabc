import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as ops from "../../src/graph/ops/index.ts";
import { type Gpu, LatentError } from "../../src/index.ts";
import { openNodeGpu } from "../../src/node.ts";
import { measure, SLOPE_LIMIT } from "./measure.ts";
import { each } from "./nd.ts";
import { label, type Row } from "./row.ts";
import { refusals, rows } from "./rows/index.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openNodeGpu();
});
afterAll(() => gpu.dispose());

/** Every op that src/graph/ops exports, those of `random` by their full names. */
const exported = Object.entries(ops).flatMap(([name, op]) =>
  typeof op === "function" ? [name] : Object.keys(op).map((member) => `${name}.${member}`),
);

const byOp = (list: readonly Row[]): Map<string, Row[]> => {
  const map = new Map<string, Row[]>();
  for (const row of list) map.set(row.op, [...(map.get(row.op) ?? []), row]);
  return map;
};

const lines: string[] = [];
const cell = (value: number | null): string =>
  (value === null || value === 0 ? "–" : value < 0.01 ? value.toExponential(0) : value.toFixed(2)).padStart(9);

describe("op table", () => {
  it("has rows and refusals for every exported op, and for nothing else", () => {
    expect([...byOp(rows).keys()].sort()).toEqual([...exported].sort());
    const refusing = new Set(refusals.map((r) => r.op));
    expect(exported.filter((op) => !refusing.has(op))).toEqual([]);
  });

  for (const [op, list] of byOp(rows)) {
    it(`${op} is what its reference says, and so are its gradients`, async () => {
      const faults: string[] = [];
      let [ulps, allowed, ratio, slope, shared, second, same] = [0, list[0]!.ulps, -1, 0, 0, 0, 0];
      for (const row of list) {
        const m = await measure(gpu, row).catch((error: unknown) => error as Error);
        if (m instanceof Error) {
          faults.push(`${op} ${label(row)}: ${m.message}`);
          continue;
        }
        const used = row.ulps ? m.ulps / row.ulps : m.ulps;
        if (!(used <= ratio)) [ratio, ulps, allowed] = [used, m.ulps, row.ulps];
        slope = Math.max(slope, m.slope);
        shared = Math.max(shared, m.shared);
        second = Math.max(second, m.second);
        same = Math.max(same, m.same?.slope ?? 0);
        // "not at most" rather than "more than", so that NaN fails
        const check = (what: string, value: number, limit: number) => {
          if (!(value <= limit)) faults.push(`${op} ${label(row)}: ${what} ${value}, ${limit} allowed`);
        };
        check("ulps", m.ulps, row.ulps);
        check("slope", m.slope, SLOPE_LIMIT);
        check("slope of shared inputs", m.shared, SLOPE_LIMIT);
        check("slope of the gradient", m.second, SLOPE_LIMIT);
        check("ulps with one tensor as every input", m.same?.ulps ?? 0, row.ulps);
        check("slope with one tensor as every input", m.same?.slope ?? 0, SLOPE_LIMIT);
      }
      const refused = refusals.filter((r) => r.op === op).length;
      lines.push(
        `${op.padEnd(26)}${`${list.length}`.padStart(5)}${cell(ulps)} of ${allowed.toFixed(1).padStart(6)}${cell(slope)}${cell(shared)}${cell(same)}${cell(second)}${`${refused}`.padStart(8)}`,
      );
      expect(faults).toEqual([]);
    });
  }

  // control cases: what the table must notice
  const right: Row = {
    op: "control",
    inputs: [{ shape: [5] }],
    run: (x) => x!.mul(2),
    reference: (x) => each((v) => 2 * v, x!),
    ulps: 0,
    why: "exact",
  };
  const wrong: readonly (readonly [what: string, row: Partial<Row>, where: "ulps" | "slope" | "shared" | "second"])[] =
    [
      ["a value that is off", { reference: (x) => each((v) => 2.001 * v, x!) }, "ulps"],
      ["a result that is not a number", { run: (x) => ops.pow(ops.abs(x!).add(1).mul(-1), gpu.tensor([0.5])) }, "ulps"],
      ["a result of another shape", { run: (x) => x!.mul(2).reshape([5, 1]) }, "ulps"],
      ["a gradient that is missing", { run: (x) => ops.detach(x!).mul(2) }, "slope"],
      ["a gradient of a shared input that is missing", { run: (x) => ops.detach(x!).mul(2) }, "shared"],
      [
        "a gradient that cannot be differentiated",
        { run: (x) => x!.mul(ops.detach(x!)).mul(2), reference: (x) => each((v) => 2 * v * v, x!) },
        "second",
      ],
    ];
  it("passes the control row as it is", async () => {
    const { same, ...errors } = await measure(gpu, right);
    expect([same, errors.ulps]).toEqual([null, 0]);
    expect(Math.max(errors.slope, errors.shared, errors.second)).toBeLessThanOrEqual(SLOPE_LIMIT);
  });
  for (const [what, change, where] of wrong)
    it(`notices ${what}`, async () => {
      const measured = await measure(gpu, { ...right, ...change });
      expect(measured[where] <= (where === "ulps" ? 1 : SLOPE_LIMIT)).toBe(false);
    });

  it("refuses wrong input in the exact words", () => {
    const faults: string[] = [];
    for (const { op, call, code, message } of refusals) {
      try {
        call(gpu);
        faults.push(`${op}: accepted, instead of: ${message}`);
      } catch (error) {
        if (!(error instanceof LatentError) || error.code !== code || error.message !== message)
          faults.push(`${op}: expected ${code} ${message}\n${op}: got      ${String(error)}`);
      }
    }
    expect(faults).toEqual([]);
  });

  afterAll(() => {
    const head = `${"op".padEnd(26)} rows  ulps, of allowed    slope   shared same x 2   second refusals`;
    process.stdout.write(`\n${[head, ...lines].join("\n")}\n${rows.length} rows, ${refusals.length} refusals\n`);
  });
});
