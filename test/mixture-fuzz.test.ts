import { afterAll, beforeAll, expect, test } from "vitest";
import type { Gpu } from "../src/index.ts";
import { fit } from "./mixtureFits.ts";
import "./stress/exposeGc.ts";
import { memoryFault, sizeOf } from "./stress/harness.ts";
import { openShared } from "./helpers.ts";

// a small part of `node test/trials/run.mjs mixtures`
const FITS = 24;

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

test("fits of troublesome rows give numbers, or a refusal with cause and remedy, and their memory back", async () => {
  await fit(gpu, 1);
  await gpu.idle();
  const before = sizeOf(gpu);
  let fitted = 0;
  const faults: string[] = [];
  for (let seed = 1; seed <= FITS; seed++)
    try {
      fitted += Number((await fit(gpu, seed)).outcome === "fitted");
    } catch (error) {
      faults.push((error as Error).message);
    }
  expect(faults).toEqual([]);
  expect(fitted / FITS).toBeGreaterThan(0.4);
  // what a refused fit recorded and never ran goes with the heap
  expect(await memoryFault(gpu, before)).toBe("");
});
