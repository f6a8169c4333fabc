import type { LongCall } from "./call.ts";
import { engineCalls } from "./calls/engine.ts";
import { gaussianCalls } from "./calls/gaussian.ts";
import { measureCalls } from "./calls/measures.ts";
import { networkCalls } from "./calls/networks.ts";

/** Every call that takes long, or may. */
export const calls: readonly LongCall[] = [...engineCalls, ...gaussianCalls, ...measureCalls, ...networkCalls];
