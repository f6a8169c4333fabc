import { afterAll, beforeAll, expect, test } from "vitest";
import type { Gpu } from "../src/index.ts";
import { openNodeGpu } from "../src/node.ts";
import { calls, everyCall } from "./stress/calls.ts";
import "./stress/exposeGc.ts";
import { aborted, lost, peaceful } from "./stress/harness.ts";
import { promises } from "./stress/promises.ts";

// a small part of `node test/stress/run.mjs`, which takes hours of random moments instead of one

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openNodeGpu();
});
afterAll(() => gpu.dispose());

test.each(calls.map((call) => [call.name, call] as const))(
  "%s gives all memory back on success, refusal, abort and loss, with typed errors",
  async (_, call) => {
    const endings = await peaceful(gpu, openNodeGpu, call);
    // compiled by now: the abort meets the work itself; on a busy machine it may take its time
    if (call.aborts) endings.push(await aborted(gpu, openNodeGpu, call, 3, { patience: 5000 }));
    endings.push(await lost(openNodeGpu, call, 15));
    expect(endings.filter(({ fault }) => fault).map(({ kind, fault }) => `${kind}: ${fault}`)).toEqual([]);
  },
);

test("every public call that returns a promise is among them, unless it reaches no GPU", () => {
  const elsewhere = ["loadMnist", "loadMnistNode", "writeFileWhole"];
  const covered = new Set([...elsewhere, ...everyCall.flatMap(({ covers }) => covers)]);
  const found = promises(["src/index.ts", "src/node.ts"]);
  expect([...found].filter((name) => !covered.has(name))).toEqual([]);
  expect([...covered].filter((name) => !found.has(name))).toEqual([]);
});
