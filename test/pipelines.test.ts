import { afterAll, beforeAll, expect, test } from "vitest";
import { type Gpu, openGpu } from "../src/index.ts";
import { openNodeGpu } from "../src/node.ts";

let host: Gpu;
beforeAll(async () => {
  host = await openNodeGpu();
});
afterAll(() => host.dispose());

/** [2, 3, 4] · 3 − 1 on an engine: one kernel of its own. */
const tripled = async (gpu: Gpu) => [...(await gpu.tensor([2, 3, 4]).mul(3).sub(1).read())];

test("engines on one device share what was compiled, also when one of them has gone", async () => {
  const { device } = host;
  const first = await openGpu({ device });
  expect(await tripled(first)).toEqual([5, 8, 11]);
  expect(first.counters().pipelines).toBe(1);
  using second = await openGpu({ device });
  expect(await tripled(second)).toEqual([5, 8, 11]);
  first.dispose();
  using third = await openGpu({ device });
  expect(await tripled(third)).toEqual([5, 8, 11]);
  expect([second, third].map((gpu) => gpu.counters().pipelines)).toEqual([0, 0]);
});

test("an engine on another device compiles for itself", async () => {
  using other = await openNodeGpu();
  await tripled(host);
  await tripled(other);
  expect(other.counters().pipelines).toBe(1);
});
