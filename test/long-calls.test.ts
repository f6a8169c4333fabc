import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Gpu, openGpu } from "../src/index.ts";
import { openNodeGpu } from "../src/node.ts";
import type { LongCall } from "./stress/call.ts";
import { calls, everyCall } from "./stress/calls.ts";
import { clusterCalls } from "./stress/calls/clusters.ts";
import { codeCalls } from "./stress/calls/codes.ts";
import { gaussianCalls } from "./stress/calls/gaussian.ts";
import { measureCalls } from "./stress/calls/measures.ts";
import "./stress/exposeGc.ts";
import { aborted, lost, memoryFault, peaceful } from "./stress/harness.ts";
import { COMPILATIONS, faultAt, faultWhileCompiling, PLACES } from "./stress/interrupted.ts";
import { promises } from "./stress/promises.ts";

// a small part of `node test/stress/run.mjs`, which takes hours of random moments instead of one

let gpu: Gpu;
/** On the same device, which has compiled what a call needs by then; its own plans come with interruptions. */
let interrupted: Gpu;
beforeAll(async () => {
  gpu = await openNodeGpu();
  interrupted = await openGpu({ device: gpu.device });
});
afterAll(() => {
  interrupted.dispose();
  gpu.dispose();
});

/** Calls that are interrupted at several places as well. */
const interruptible = new Set([...gaussianCalls, ...clusterCalls, ...measureCalls, ...codeCalls]);
let compilations = 0;

describe.each(calls.map((call) => [call.name, call] as const))("%s", (_, call) => {
  test("gives all memory back on success, refusal, abort and loss, with typed errors", async () => {
    const endings = await peaceful(gpu, openNodeGpu, call);
    // compiled by now: the abort meets the work itself; on a busy machine it may take its time
    if (call.aborts) endings.push(await aborted(gpu, openNodeGpu, call, 3, { patience: 5000 }));
    endings.push(await lost(openNodeGpu, call, 15));
    expect(endings.filter(({ fault }) => fault).map(({ kind, fault }) => `${kind}: ${fault}`)).toEqual([]);
  });
  if (!interruptible.has(call)) return;
  if (call.aborts)
    test("hears of an abort while kernels compile, and gives all memory back", () => expectAbortsHeard(call));
  test("gives all memory back where it is interrupted", () => expectInterruptions(call));
});

async function expectAbortsHeard(call: LongCall): Promise<void> {
  // an engine that has planned nothing yet
  using own = await openGpu({ device: gpu.device });
  const prepared = await call.prepare(own, openNodeGpu);
  try {
    const seen = new Set<string>();
    const faults: string[] = [];
    let places = 0;
    for (; places < COMPILATIONS; places++) {
      const fault = await faultWhileCompiling(own, prepared, seen);
      if (fault === null) break;
      if (fault) faults.push(`${places}: ${fault}`);
    }
    expect(faults).toEqual([]);
    compilations += places;
  } finally {
    prepared.free();
  }
}

async function expectInterruptions(call: LongCall): Promise<void> {
  // what the call before recorded and never ran is collected by then
  const faults = [await memoryFault(interrupted, { buffers: 0, bytes: 0 }, 2000)].filter(Boolean);
  const prepared = await call.prepare(interrupted, openNodeGpu);
  try {
    for (const method of call.aborts ? (["evaluate", "compileFor"] as const) : (["evaluate"] as const)) {
      let fault = "";
      for (let place = 1; place <= PLACES[method] && fault !== "done"; place++) {
        fault = await faultAt(interrupted, method, place, prepared);
        if (fault && fault !== "done") faults.push(`${method} ${place}: ${fault}`);
      }
    }
  } finally {
    prepared.free();
  }
  expect(faults).toEqual([]);
}

test("most calls that can be interrupted were aborted while kernels compiled, several times each", () => {
  expect(compilations).toBeGreaterThan(150);
});

test("every public call that returns a promise is among them, unless it reaches no GPU", () => {
  const elsewhere = ["loadMnist", "loadMnistNode", "writeFileWhole"];
  const covered = new Set([...elsewhere, ...everyCall.flatMap(({ covers }) => covers)]);
  const found = promises(["src/index.ts", "src/node.ts"]);
  expect([...found].filter((name) => !covered.has(name))).toEqual([]);
  expect([...covered].filter((name) => !found.has(name))).toEqual([]);
});
