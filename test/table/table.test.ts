import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as ops from "../../src/graph/ops/index.ts";
import type { Gpu } from "../../src/index.ts";
import { byOp, checkOp, checkRefusal, HEAD } from "./check.ts";
import { measure, SLOPE_LIMIT } from "./measure.ts";
import { each } from "./nd.ts";
import type { Row } from "./row.ts";
import { refusals, rows } from "./rows/index.ts";
import { openShared } from "../helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

/** Every op that src/graph/ops exports, those of `random` by their full names. */
const exported = Object.entries(ops).flatMap(([name, op]) =>
  typeof op === "function" ? [name] : Object.keys(op).map((member) => `${name}.${member}`),
);

const lines: string[] = [];

describe("op table", () => {
  it("has rows and refusals for every exported op, and for nothing else", () => {
    expect([...byOp(rows).keys()].sort()).toEqual([...exported].sort());
    const refusing = new Set(refusals.map((r) => r.op));
    expect(exported.filter((op) => !refusing.has(op))).toEqual([]);
  });

  for (const [op, list] of byOp(rows)) {
    it(`${op} is what its reference says, and so are its gradients`, async () => {
      const { faults, line } = await checkOp(gpu, op, list, refusals.filter((r) => r.op === op).length);
      lines.push(line);
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
    expect(refusals.flatMap((refusal) => checkRefusal(gpu, refusal) ?? [])).toEqual([]);
  });

  afterAll(() => {
    process.stdout.write(`\n${[HEAD, ...lines].join("\n")}\n${rows.length} rows, ${refusals.length} refusals\n`);
  });
});
