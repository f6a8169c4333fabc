import type { LongCall } from "./call.ts";
import { clusterCalls } from "./calls/clusters.ts";
import { codeCalls } from "./calls/codes.ts";
import { detectorCalls, inceptionCall } from "./calls/detectors.ts";
import { engineCalls } from "./calls/engine.ts";
import { familyCalls } from "./calls/family.ts";
import { gaussianCalls } from "./calls/gaussian.ts";
import { measureCalls } from "./calls/measures.ts";
import { networkCalls } from "./calls/networks.ts";

/** A call of every kind that takes long, or may. */
export const calls: readonly LongCall[] = [
  ...engineCalls,
  ...gaussianCalls,
  ...clusterCalls,
  ...measureCalls,
  ...codeCalls,
  ...networkCalls,
  ...detectorCalls,
];
/** The same, Inception, and a fit of every model. */
export const everyCall: readonly LongCall[] = [...calls, inceptionCall, ...familyCalls];
