// What grows with use: graphs, kernels, caches. Each has a bound.
import { describe, expect, it } from "vitest";
import * as L from "../src/index.ts";
import { opener } from "./helpers.ts";

const open = opener();

describe("caches are bounded", () => {
  it("a program keeps its last 16 lists of shapes, and releases the buffers of older ones", async () => {
    const gpu = await open();
    const step = await gpu.compile((x) => L.sum(x.mul(2)), gpu.tensor([1]));
    const bytes: number[] = [];
    for (let n = 2; n <= 40; n++) {
      using x = gpu.tensor(new Float32Array(n).fill(1));
      expect(await (await step.run(x)).item()).toBe(2 * n);
      bytes.push(gpu.memory().buffers);
    }
    expect(step.stats.traces).toBe(40);
    expect(bytes.at(-1)).toBe(bytes[16]);
    // the oldest that is still there replays, one that left is traced again
    using last = gpu.tensor(new Float32Array(40 - 15).fill(1));
    using first = gpu.tensor(new Float32Array(2).fill(1));
    await step.run(last);
    expect(step.stats.traces).toBe(40);
    expect(await (await step.run(first)).item()).toBe(4);
    expect(step.stats.traces).toBe(41);
    step.dispose();
  });
});
