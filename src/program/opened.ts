import type { Gpu } from "./gpu.ts";

/** Engines in the order of opening. */
let engines: WeakRef<Gpu>[] = [];

/** Notes an engine, and gives it back. */
export function opened(gpu: Gpu): Gpu {
  engines = [...engines.filter((one) => one.deref()?.isOpen()), new WeakRef(gpu)];
  return gpu;
}

/** The newest engine that is neither disposed nor lost: where samples go that are arrays alone. */
export function lastOpened(): Gpu | undefined {
  return engines.map((one) => one.deref()).findLast((gpu) => gpu?.isOpen());
}
