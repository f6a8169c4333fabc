import { PipelineCache } from "../../src/device/pipelines.ts";
import type { Gpu } from "../../src/index.ts";
import type { Prepared } from "./call.ts";
import { memoryFault, sizeOf } from "./harness.ts";

// Whoever awaits something must own it already, and hear of an abort. Each call's first evaluations fail here, during its first compilation the
// signal aborts, and each time that new kernels compile the driver takes longer than the caller's patience.

/** How many places of each kind are tried. */
export const PLACES = { evaluate: 2, compileFor: 1 };
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
export async function faultAt(
  gpu: Gpu,
  method: keyof typeof interruptions,
  place: number,
  prepared: Prepared,
): Promise<string> {
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

/** Compilations in a call during which it is aborted, and milliseconds that it may take to say so. */
export const COMPILATIONS = 8;
const PATIENCE = 2000;

/**
 * What is wrong where the signal aborts while a driver is at the first kernels that are not in `seen`, which they then are; null where
 * a call needs no others.
 */
export async function faultWhileCompiling(own: Gpu, prepared: Prepared, seen: Set<string>): Promise<string | null> {
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
