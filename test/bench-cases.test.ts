// The bench's network and measures at a tiny size: they pass the check that comes before any timing, and free what they took.

import { afterAll, beforeAll, expect, test } from "vitest";
import { measure, MEASURES, OF_IMAGES } from "../bench/cases/measures.ts";
import { mobileNet } from "../bench/cases/mobileNet.ts";
import { open } from "../bench/engines/latentgpu.ts";
import type { Case, Engine } from "../bench/workload.ts";
import type { Gpu } from "../src/index.ts";
import { openShared } from "./helpers.ts";
import "./stress/exposeGc.ts";
import { memoryFault, sizeOf } from "./stress/harness.ts";

let gpu: Gpu;
let engine: Engine;
beforeAll(async () => {
  gpu = await openShared();
  engine = await open(gpu);
});
afterAll(() => gpu.dispose());

/** Outputs of one step. */
async function outputsOf({ workload, settings, inputs }: Case): Promise<Float32Array[]> {
  const runner = (await engine.prepare({ workload, settings, inputs: inputs() }))!;
  try {
    await runner.step();
    await runner.finish();
    return (await runner.outputs()).map((values) => values.slice());
  } finally {
    runner.dispose();
  }
}

test("a MobileNet of 0.5 at 160 multiplies 76 million times an image, and its gate tells a wrong one", async () => {
  // without its classifier; Howard et al. 2017 say 76 million
  expect(mobileNet(16, 160).flops / 16 / 2).toBe(76_012_800);
  const tiny = mobileNet(2, 32);
  const [y] = (await outputsOf(tiny)) as [Float32Array];
  const inputs = tiny.inputs();
  expect(await tiny.gate.error(inputs, [[y]])).toBeLessThan(1e-5);
  // what a layer without its bias, or another activation, changes
  const wrong = { ...inputs, "block7.depthwise.bias": { shape: [256], values: new Float32Array(256) } };
  expect(await tiny.gate.error(wrong, [[y]])).toBeGreaterThan(10 * tiny.gate.limit);
  expect(await tiny.gate.error(inputs, [[y.subarray(1)]])).toBeNaN();
});

test("every measure gives a number, and frees what it took", async () => {
  const before = sizeOf(gpu);
  const silent: string[] = [];
  for (const [which, name] of MEASURES.entries()) {
    const side = OF_IMAGES.test(name) ? 16 : 0;
    // too few rows for intervals from halves, which would take twenty times as long; two measures part them into cells
    const item = measure(which, /ndb|memorisation/.test(name) ? 104 : 30, side > 0 ? side * side : 16, side);
    if ((await item.gate.error(item.inputs(), [await outputsOf(item)])) !== 0) silent.push(name);
  }
  expect(silent).toEqual([]);
  expect(await memoryFault(gpu, before)).toBe("");
});
