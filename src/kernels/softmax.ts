import type { DeviceTraits, Launches } from "./launch.ts";
import { rowLaunch, type Rows } from "./rows.ts";
import { softmax as shaders } from "./shaders/softmax.gen.ts";

/** Which of shaders/softmax.wgsl's results, and of which form. */
export interface Softmax {
  readonly entry: keyof typeof shaders;
  readonly log: boolean;
  readonly finite: boolean;
}

/** Softmax, log Σ e^x or the gradient of rows, in one launch. */
export const softmax = (rows: Rows, { entry, log, finite }: Softmax, traits: DeviceTraits): Launches =>
  rowLaunch(shaders[entry], rows, traits, { LOG: Number(log), FINITE: Number(finite) });
