import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Gpu, LatentError } from "../../src/index.ts";
import type { LongCall, Prepared } from "./calls.ts";

/** Milliseconds that an end, and the memory after it, may take. */
export const LIMIT = 500;

/** How one call ended: `fault` is what should not have been, or "". */
export interface Ending {
  readonly call: string;
  readonly kind: "success" | "refusal" | "abort" | "loss";
  readonly fault: string;
  /** From the abort or the loss to the end; from the start otherwise. */
  readonly ms: number;
}

const now = (): number => performance.now();
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const dispose = (result: unknown): void => (result as Partial<Disposable> | undefined)?.[Symbol.dispose]?.();

interface Size {
  readonly buffers: number;
  readonly bytes: number;
}
const sizeOf = (gpu: Gpu): Size => {
  const { buffers, bytes } = gpu.memory();
  return { buffers, bytes };
};

setFlagsFromString("--expose_gc");
export const collect = runInNewContext("gc") as () => void;

/** "" once the memory in use is `expected` to the byte; what it is instead after half a second. */
async function memoryFault(gpu: Gpu, expected: Size, patience = LIMIT): Promise<string> {
  const start = now();
  for (;;) {
    const { buffers, bytes } = sizeOf(gpu);
    if (buffers === expected.buffers && bytes === expected.bytes) return "";
    if (now() - start > patience)
      return `memory: expected ${expected.bytes} bytes in ${expected.buffers} buffers; got ${bytes} in ${buffers}`;
    // nodes that were recorded, never run, and cannot be reached any more give their claims back with the heap
    if (now() - start > 20) collect();
    await pause(5);
  }
}

const typeFault = (error: unknown, code?: string): string =>
  error instanceof LatentError && (code === undefined || error.code === code)
    ? ""
    : `expected a LatentError${code ? ` "${code}"` : ""}; got ${String(error)}`;

/** Success and every refusal, on a gpu that has run the call before. */
export async function peaceful(gpu: Gpu, call: LongCall): Promise<Ending[]> {
  const empty = sizeOf(gpu);
  const prepared = await call.prepare(gpu);
  const endings: Ending[] = [];
  try {
    const before = sizeOf(gpu);
    const start = now();
    let fault = "";
    try {
      dispose(await prepared.run({}));
    } catch (error) {
      fault = `rejects with ${String(error)}`;
    }
    fault ||= await memoryFault(gpu, before);
    endings.push({ call: call.name, kind: "success", fault, ms: now() - start });
    for (const [i, refusal] of prepared.refusals.entries()) {
      const held = sizeOf(gpu);
      const began = now();
      let wrong = `refusal ${i} went through`;
      try {
        dispose(await refusal());
      } catch (error) {
        wrong = typeFault(error);
      }
      wrong ||= await memoryFault(gpu, held);
      endings.push({ call: call.name, kind: "refusal", fault: wrong && `${i}: ${wrong}`, ms: now() - began });
    }
  } finally {
    prepared.free();
  }
  const left = await memoryFault(gpu, empty);
  if (left) endings.push({ call: call.name, kind: "success", fault: `after free, ${left}`, ms: 0 });
  return endings;
}

/** Aborts after `delay` ms. Ends before that are no fault. */
export async function aborted(gpu: Gpu, call: LongCall, delay: number, patience = LIMIT): Promise<Ending> {
  const prepared = await call.prepare(gpu);
  const before = sizeOf(gpu);
  const controller = new AbortController();
  const reason = new Error("enough");
  let at = now();
  const timer = setTimeout(() => {
    at = now();
    controller.abort(reason);
  }, delay);
  let fault = "";
  try {
    dispose(await prepared.run({ signal: controller.signal }));
  } catch (error) {
    if (error !== reason) fault = `expected the signal's reason; got ${String(error)}`;
  }
  clearTimeout(timer);
  const ms = controller.signal.aborted ? now() - at : 0;
  if (!fault && ms > patience) fault = `ended ${Math.round(ms)} ms after the abort`;
  fault ||= await memoryFault(gpu, before, patience);
  prepared.free();
  return { call: call.name, kind: "abort", fault, ms };
}

/** Loses the device of a gpu of its own after `delay` ms, by `lose`; nothing may be left once all is disposed. */
export async function lost(
  open: () => Promise<Gpu>,
  call: LongCall,
  delay: number,
  lose: (gpu: Gpu) => unknown = (gpu) => gpu.device.destroy(),
): Promise<Ending> {
  const gpu = await open();
  let prepared: Prepared | null = null;
  let at = Number.NaN;
  let fault = "";
  const timer = setTimeout(() => {
    lose(gpu);
    // after it: Dawn's destroy() waits for the compilations under way, and blocks the process so long
    at = now();
  }, delay);
  try {
    prepared = await call.prepare(gpu);
    dispose(await prepared.run({}));
    if (!Number.isNaN(at) && now() - at > LIMIT) fault = "went on after the loss";
  } catch (error) {
    fault = Number.isNaN(at) ? `rejects with ${String(error)} before the loss` : typeFault(error, "device-lost");
  }
  clearTimeout(timer);
  const ms = Number.isNaN(at) ? 0 : now() - at;
  if (!fault && ms > LIMIT) fault = `ended ${Math.round(ms)} ms after the loss`;
  prepared?.free();
  if (prepared) fault ||= await memoryFault(gpu, { buffers: 0, bytes: 0 });
  gpu.dispose();
  return { call: call.name, kind: "loss", fault, ms };
}
