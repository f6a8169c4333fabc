// "How fast is this GPU": a few of the bench's cases, the same on every device, so that all meet in one picture.

import { cases } from "../cases/index.ts";
import { vaeStep } from "../cases/training.ts";
import { caseName } from "../report.ts";
import type { Pace } from "../session.ts";
import type { Case } from "../workload.ts";
import { SECONDS } from "./seconds.ts";

/** What compiles soonest comes early: time may run out. */
const NAMES = [
  "matmul, 512×512 · 512×512",
  "matmul, 2048×2048 · 2048×2048",
  "sum, of all, 4096×784",
  "conv forward, 4×64×28² → 64×28², 3×3",
  "vae step, 784-400-20, batch 128",
];

/** The cases; a product that fills a GPU is none for a software adapter. */
export function quickCases(software: boolean): Case[] {
  // the bench checks four steps of the VAE, which takes a CPU seconds
  const known = [vaeStep(2), ...cases(true), ...(software ? [] : cases(false))];
  return NAMES.flatMap((name) => known.find((item) => caseName(item) === name) ?? []);
}

/** Fewer and shorter blocks than the bench's. */
export const quickPace = (software: boolean): Pace => ({
  rounds: software ? 3 : 5,
  boxSeconds: 1,
  blockSeconds: 0.06,
  patienceSeconds: SECONDS,
  inspects: false,
});
