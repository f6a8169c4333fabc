import { afterAll, beforeAll, expect, test } from "vitest";
import { PipelineCache } from "../src/device/pipelines.ts";
import { type Gpu, openGpu } from "../src/index.ts";
import { openNodeGpu } from "../src/node.ts";
import type { Prepared } from "./stress/call.ts";
import { clusterCalls } from "./stress/calls/clusters.ts";
import { codeCalls } from "./stress/calls/codes.ts";
import { gaussianCalls } from "./stress/calls/gaussian.ts";
import { measureCalls } from "./stress/calls/measures.ts";
import "./stress/exposeGc.ts";
import { memoryFault, sizeOf } from "./stress/harness.ts";

// Whoever awaits something must own it already, and hear of an abort. Each call's first evaluations fail here, during its first compilation the
// signal aborts, and each time that new kernels compile the driver takes longer than the caller's patience.
let gpu: Gpu;
beforeAll(async () => {
  gpu = await openNodeGpu();
});
afterAll(() => gpu.dispose());

/** How many places of each kind are tried. */
const PLACES = { evaluate: 2, compileFor: 1 };
const failure = new Error("enough");

type Own = () => Promise<unknown>;
const interruptions = {
  evaluate: async (own: Own): Promise<unknown> => {
    await own();
    throw failure;
  },
  compileFor: (own: Own, controller: AbortController): Promise<unknown> => {
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

const calls = [...gaussianCalls, ...clusterCalls, ...measureCalls, ...codeCalls];

/** Compilations in a call during which it is aborted, and milliseconds that it may take to say so. */
const COMPILATIONS = 8;
const PATIENCE = 2000;

/**
 * What is wrong where the signal aborts while a driver is at the first kernels that are not in `seen`, which they then are; null where
 * a call needs no others.
 */
async function faultWhileCompiling(own: Gpu, prepared: Prepared, seen: Set<string>): Promise<string | null> {
  const before = sizeOf(own);
  const controller = new AbortController();
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const { get } = PipelineCache.prototype;
  const compiles = new Promise<{ label: string }>((resolve) => {
    PipelineCache.prototype.get = async function (source) {
      if (!seen.has(source.code)) {
        seen.add(source.code);
        resolve(source);
        await released;
      }
      return get.call(this, source);
    };
  });
  const ended = prepared.run({ signal: controller.signal }).then(
    (result) => ((result as Partial<Disposable> | undefined)?.[Symbol.dispose]?.(), null),
    (error: unknown) => (error === failure ? "" : `expected the failure; got ${String(error)}`),
  );
  try {
    const first = await Promise.race([ended, compiles]);
    if (first === null || typeof first === "string") return first;
    controller.abort(failure);
    const late = new Promise<string>((resolve) => {
      setTimeout(() => resolve(`no word of the abort after ${PATIENCE} ms while ${first.label} compiles`), PATIENCE);
    });
    const fault = await Promise.race([ended, late]);
    if (fault === null) return `the abort was not heard while ${first.label} compiled`;
    const memory = fault ? "" : await memoryFault(own, before, PATIENCE);
    return memory ? `${memory} while ${first.label} compiles` : fault;
  } finally {
    PipelineCache.prototype.get = get;
    release();
    await ended;
  }
}

let compilations = 0;

test.each(calls.filter(({ aborts }) => aborts).map((call) => [call.name, call] as const))(
  "%s hears of an abort while kernels compile, and gives all memory back",
  async (_, call) => {
    // an engine that has planned nothing yet, on a device that has compiled much
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
  },
);

test("most of these calls were aborted while kernels compiled, several times each", () => {
  expect(compilations).toBeGreaterThan(150);
});

test.each(calls.map((call) => [call.name, call] as const))(
  "%s gives all memory back where it is interrupted",
  async (_, call) => {
    // what the call before recorded and never ran is collected by then
    const faults = [await memoryFault(gpu, { buffers: 0, bytes: 0 }, 2000)].filter(Boolean);
    const prepared = await call.prepare(gpu, openNodeGpu);
    try {
      for (const method of call.aborts ? (["evaluate", "compileFor"] as const) : (["evaluate"] as const)) {
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
