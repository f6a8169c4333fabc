import { afterAll, beforeAll, expect, test } from "vitest";
import type { Gpu } from "../src/index.ts";
import { openNodeGpu } from "../src/node.ts";
import type { Prepared } from "./stress/call.ts";
import { clusterCalls } from "./stress/calls/clusters.ts";
import { codeCalls } from "./stress/calls/codes.ts";
import { gaussianCalls } from "./stress/calls/gaussian.ts";
import { measureCalls } from "./stress/calls/measures.ts";
import "./stress/exposeGc.ts";
import { memoryFault, sizeOf } from "./stress/harness.ts";

// Whoever awaits something must own it already. Each call's first evaluations fail here, and during its first compilation the signal aborts.
let gpu: Gpu;
beforeAll(async () => {
  gpu = await openNodeGpu();
});
afterAll(() => gpu.dispose());

/** How many places of each kind are tried. */
const PLACES = { evaluate: 2, compile: 1 };
const failure = new Error("enough");

type Own = () => Promise<unknown>;
const interruptions = {
  evaluate: async (own: Own): Promise<unknown> => {
    await own();
    throw failure;
  },
  compile: (own: Own, controller: AbortController): Promise<unknown> => {
    controller.abort(failure);
    return own();
  },
};

/** What is wrong where the `place`th call of a method is interrupted; "done" where the call ends before it. */
async function faultAt(method: keyof typeof interruptions, place: number, prepared: Prepared): Promise<string> {
  const before = sizeOf(gpu);
  const controller = new AbortController();
  const own = Object.getPrototypeOf(gpu)[method] as (...parameters: unknown[]) => Promise<unknown>;
  let count = 0;
  const replacement = (...parameters: unknown[]): Promise<unknown> => {
    const run = (): Promise<unknown> => own.apply(gpu, parameters);
    return ++count === place ? interruptions[method](run, controller) : run();
  };
  Object.assign(gpu, { [method]: replacement });
  let outcome: unknown;
  try {
    const result = await prepared.run({ signal: controller.signal });
    (result as Partial<Disposable> | undefined)?.[Symbol.dispose]?.();
  } catch (error) {
    outcome = error;
  }
  Reflect.deleteProperty(gpu, method);
  // what an abort left to the driver is freed when it is done
  const memory = await memoryFault(gpu, before, 2000);
  if (memory) return memory;
  if (count < place) return "done";
  return outcome === failure ? "" : `expected the failure; got ${String(outcome)}`;
}

test.each([...gaussianCalls, ...clusterCalls, ...measureCalls, ...codeCalls].map((call) => [call.name, call] as const))(
  "%s gives all memory back where it is interrupted",
  async (_, call) => {
    // what the call before recorded and never ran is collected by then
    const faults = [await memoryFault(gpu, { buffers: 0, bytes: 0 }, 2000)].filter(Boolean);
    const prepared = await call.prepare(gpu, openNodeGpu);
    try {
      for (const method of call.aborts ? (["evaluate", "compile"] as const) : (["evaluate"] as const)) {
        let fault = "";
        for (let place = 1; place <= PLACES[method] && fault !== "done"; place++) {
          fault = await faultAt(method, place, prepared);
          if (fault && fault !== "done") faults.push(`${method} ${place}: ${fault}`);
        }
      }
    } finally {
      prepared.free();
    }
    expect(faults).toEqual([]);
  },
);
