import type { Gpu } from "./gpu.ts";

/** The engine that was opened last: where samples go that are arrays alone. */
let last: WeakRef<Gpu> | undefined;

/** Notes an engine, and gives it back. */
export const opened = (gpu: Gpu): Gpu => {
  last = new WeakRef(gpu);
  return gpu;
};

/** It, unless nobody holds it any more. */
export const lastOpened = (): Gpu | undefined => last?.deref();
