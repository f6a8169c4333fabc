import { type Code, type Gpu, LatentError } from "../../src/index.ts";
import type { LongCall, Open, Prepared } from "./call.ts";
import type { Lag } from "./lag.ts";

/** Milliseconds that an end, and the memory after it, may take. */
export const LIMIT = 500;
/** What an aborted call gave to the driver to compile, or to the GPU to run, holds its inputs until that is done. */
const UNTIL_DONE = 10_000;

/** How one call ended: `fault` is what should not have been, or "". */
export interface Ending {
  readonly call: string;
  readonly kind: "success" | "refusal" | "abort" | "loss" | "crash";
  readonly fault: string;
  /** From the abort or the loss to the end; from the start otherwise. */
  readonly ms: number;
  /** Of an end after the limit: by how much timers were late meanwhile, or the browser in telling of the loss. */
  readonly lag?: number;
  /** Whether the abort or the loss met pipelines that were being compiled. */
  readonly compiling?: boolean;
}

const now = (): number => performance.now();
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const dispose = (result: unknown): void => (result as Partial<Disposable> | undefined)?.[Symbol.dispose]?.();

interface Size {
  readonly buffers: number;
  readonly bytes: number;
}
const nothing: Size = { buffers: 0, bytes: 0 };
export const sizeOf = (gpu: Gpu): Size => {
  const { buffers, bytes } = gpu.memory();
  return { buffers, bytes };
};

/** Collects garbage; Node and Chrome show how under --expose-gc. */
export function collect(): void {
  const { gc } = globalThis as { gc?: () => void };
  if (!gc) throw new Error("stress: no gc(). Start with --expose-gc.");
  gc();
}

/** Milliseconds between two looks at the memory. */
const LOOK = 5;

/**
 * "" once the memory in use is `expected` to the byte; what it is instead after `patience` milliseconds. On a busy machine, where
 * timers come late, so much longer: as many looks as an idle one would take.
 */
export async function memoryFault(gpu: Gpu, expected: Size, patience = LIMIT): Promise<string> {
  const start = now();
  for (let looks = 0; ; looks++) {
    const { buffers, bytes } = sizeOf(gpu);
    if (buffers === expected.buffers && bytes === expected.bytes) return "";
    if (looks > patience / LOOK)
      return `memory: expected ${expected.bytes} bytes in ${expected.buffers} buffers; got ${bytes} in ${buffers} after ${Math.round(now() - start)} ms`;
    // nodes that were recorded, never run, and cannot be reached any more give their claims back with the heap
    if (looks % 10 === 4) collect();
    await pause(LOOK);
  }
}

const typeFault = (error: unknown, codes?: readonly Code[]): string =>
  error instanceof LatentError && (codes === undefined || codes.includes(error.code))
    ? ""
    : `expected a LatentError${codes ? ` "${codes.join('" or "')}"` : ""}; got ${String(error)}`;

/** Success and every refusal, on a gpu that holds nothing. */
export async function peaceful(gpu: Gpu, open: Open, call: LongCall): Promise<Ending[]> {
  const endings: Ending[] = [];
  const early = await memoryFault(gpu, nothing, UNTIL_DONE);
  const prepared = await call.prepare(gpu, open);
  try {
    const before = sizeOf(gpu);
    const start = now();
    let fault = early && `before it, ${early}`;
    try {
      dispose(await prepared.run({}));
    } catch (error) {
      fault = `rejects with ${String(error)}`;
    }
    const ms = now() - start;
    fault ||= await memoryFault(gpu, before);
    endings.push({ call: call.name, kind: "success", fault, ms });
    for (const [i, refusal] of prepared.refusals.entries()) {
      const size = sizeOf(gpu);
      const began = now();
      let wrong = `refusal ${i} went through`;
      try {
        dispose(await refusal());
      } catch (error) {
        wrong = typeFault(error);
      }
      const took = now() - began;
      wrong ||= await memoryFault(gpu, size);
      endings.push({ call: call.name, kind: "refusal", fault: wrong && `${i}: ${wrong}`, ms: took });
    }
  } finally {
    prepared.free();
  }
  const left = await memoryFault(gpu, nothing);
  if (left) endings.push({ call: call.name, kind: "success", fault: `after free, ${left}`, ms: 0 });
  return endings;
}

/** The milliseconds by which the machine itself was late since `from`, where something measures it. */
const lagSince = (lag: Lag | undefined, from: number): Promise<number> => lag?.since(from) ?? Promise.resolve(0);

/** Aborts after `delay` ms. Ends before that are no fault, and those that the machine was late for: `lag` tells by how much. */
export async function aborted(
  gpu: Gpu,
  open: Open,
  call: LongCall,
  delay: number,
  { patience = LIMIT, lag }: { readonly patience?: number; readonly lag?: Lag | undefined } = {},
): Promise<Ending> {
  const early = await memoryFault(gpu, nothing, UNTIL_DONE);
  const pending = pipelinesOf(gpu.device);
  const prepared = await call.prepare(gpu, open);
  const before = sizeOf(gpu);
  const controller = new AbortController();
  const reason = new Error("enough");
  let at = now();
  const timer = setTimeout(() => {
    at = now();
    controller.abort(reason);
  }, delay);
  let fault = early && `before it, ${early}`;
  try {
    dispose(await prepared.run({ signal: controller.signal }));
  } catch (error) {
    if (error !== reason) fault = `expected the signal's reason; got ${String(error)}`;
  }
  clearTimeout(timer);
  const ms = controller.signal.aborted ? now() - at : 0;
  const late = ms > patience ? await lagSince(lag, at) : 0;
  if (!fault && ms - late > patience)
    fault = `ended ${Math.round(ms)} ms after the abort, timers ${Math.round(late)} ms late`;
  const compiling = pending() > 0;
  for (const end = now() + UNTIL_DONE; pending() && now() < end;) await pause(LOOK);
  await pause(LOOK);
  await Promise.race([gpu.device.queue.onSubmittedWorkDone(), pause(UNTIL_DONE)]);
  fault ||= await memoryFault(gpu, before, patience);
  prepared.free();
  return { call: call.name, kind: "abort", fault, ms, compiling, ...(late ? { lag: late } : {}) };
}

/** Loses the device of a gpu of its own after `delay` ms, by `lose`; nothing may be left once all is disposed. */
export async function lost(
  open: Open,
  call: LongCall,
  delay: number,
  {
    kind = "loss",
    lose = (gpu) => gpu.device.destroy(),
    lag,
  }: {
    readonly kind?: "loss" | "crash";
    readonly lose?: (gpu: Gpu) => unknown;
    readonly lag?: Lag | undefined;
  } = {},
): Promise<Ending> {
  const gpu = await open();
  const pending = pipelinesOf(gpu.device);
  let compiling = false;
  let prepared: Prepared | null = null;
  let at = Number.NaN;
  let told = Number.NaN;
  void gpu.device.lost.then(() => (told = now()));
  let fault = "";
  let isOver = false;
  const timer = setTimeout(() => {
    compiling = pending() > 0;
    lose(gpu);
    // after it: Dawn's destroy() waits for the compilations under way, and blocks the process so long
    at = now();
  }, delay);
  const codes: readonly Code[] = call.outlives ? ["device-lost", "unsupported"] : ["device-lost"];
  // one that never ends is no reason to wait for ever
  const watchdog = pause(delay + 60_000).then(() => {
    if (!isOver) throw new Error("nothing came in a minute");
  });
  watchdog.catch(() => {});
  try {
    prepared = await call.prepare(gpu, open);
    dispose(await Promise.race([prepared.run({}), watchdog]));
    if (!Number.isNaN(at) && now() - at > LIMIT && !call.outlives) fault = "went on after the loss";
  } catch (error) {
    fault = Number.isNaN(at) ? `rejects with ${String(error)} before the loss` : typeFault(error, codes);
  }
  isOver = true;
  clearTimeout(timer);
  const ms = Number.isNaN(at) ? 0 : now() - at;
  // no engine hears of a loss before the device tells
  const late = ms > LIMIT ? Math.max(await lagSince(lag, at), told > at ? told - at : 0) : 0;
  if (!fault && ms - late > LIMIT && !call.outlives)
    fault = `ended ${Math.round(ms)} ms after the loss, which the device told after ${Math.round(told - at)} ms; timers or the browser were ${Math.round(late)} ms late`;
  prepared?.free();
  if (prepared) fault ||= await memoryFault(gpu, nothing);
  // a crash takes a moment: another engine opened meanwhile would be lost, too
  if (!Number.isNaN(at)) await Promise.race([gpu.lost, pause(UNTIL_DONE)]);
  gpu.dispose();
  return { call: call.name, kind, fault, ms, compiling, ...(late ? { lag: late } : {}) };
}

const counters = new WeakMap<GPUDevice, () => number>();
/** How many pipelines are being compiled on `device`. */
export function pipelinesOf(device: GPUDevice): () => number {
  const known = counters.get(device);
  if (known) return known;
  let pending = 0;
  const compile = device.createComputePipelineAsync.bind(device);
  device.createComputePipelineAsync = async (descriptor) => {
    pending++;
    return compile(descriptor).finally(() => pending--);
  };
  const count = (): number => pending;
  counters.set(device, count);
  return count;
}
