import type { DeviceTraits, Launches } from "./launch.ts";
import { rowLaunch, type Rows } from "./rows.ts";
import { normalise as shaders } from "./shaders/normalise.gen.ts";

/** Which of shaders/normalise.wgsl's results, and of which form. */
export interface Normalise {
  readonly entry: keyof typeof shaders;
  readonly centred: boolean;
  readonly eps: number;
}

/** Rows with mean 0 and variance 1, or the gradient, in one launch. */
export const normalise = (rows: Rows, { entry, centred, eps }: Normalise, traits: DeviceTraits): Launches =>
  rowLaunch(shaders[entry], rows, traits, { CENTRED: Number(centred) }, { eps });
