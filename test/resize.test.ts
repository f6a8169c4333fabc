import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Gpu, resize } from "../src/index.ts";
import type { ResizeOptions } from "../src/graph/ops/resize.ts";
import { openShared, ramp } from "./helpers.ts";

interface Case {
  readonly old: [number, number];
  readonly new: [number, number];
  readonly options: ResizeOptions;
  readonly values: readonly number[];
}
const { cases } = JSON.parse(readFileSync(new URL("oracles/resize.json", import.meta.url), "utf8")) as {
  cases: readonly Case[];
};

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

// PyTorch's float64 and PIL's float32: 1e-6 is 8 ulps of sums of up to 25 products with weights that add up to 1
it("resizes as PyTorch and PIL do", async () => {
  const faults: string[] = [];
  for (const c of cases) {
    const y = resize(ramp(gpu, 1, 1, ...c.old), c.options.scale ? null : c.new, c.options);
    const worst = Math.max(...Array.from(await y.read(), (v, i) => Math.abs(v - c.values[i]!)));
    if (y.shape.slice(2).join() !== c.new.join() || !(worst <= 1e-6))
      faults.push(`${c.old.join("×")} → ${c.new.join("×")} ${JSON.stringify(c.options)}: ${worst}`);
  }
  expect(faults).toEqual([]);
});

it("keeps what is not finite to the pixels around it", async () => {
  const x = gpu.tensor([Infinity, 1, 2, 3, 4, NaN], [1, 1, 1, 6]);
  expect(Array.from(await resize(x, [1, 3], { mode: "nearest" }).read())).toEqual([Infinity, 2, 4]);
  expect(Array.from(await resize(x, [1, 12]).read()).slice(3, 8)).toEqual([1.25, 1.75, 2.25, 2.75, 3.25]);
});
