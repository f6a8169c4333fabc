import { afterAll, beforeAll, expect, it } from "vitest";
import type { Gpu } from "../src/index.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

it("a picture in and out is the same in a grid that is folded at 2 workgroups", async () => {
  const data = Uint8ClampedArray.from({ length: 4 * 300 }, (_, i) => (i % 4 < 3 ? (i * 37) % 256 : 255));
  const read = async () => {
    const texture = await gpu.toTexture(gpu.fromImage({ data, width: 20, height: 15 } as ImageData));
    return gpu.fromImage(texture).read();
  };
  const plain = await read();
  Object.assign(gpu.traits, { maxGroups: 2 });
  expect(await read()).toEqual(plain);
});
