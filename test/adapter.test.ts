import { expect, test } from "vitest";
import { globals } from "webgpu";
import { dawnWith } from "./helpers.ts";

test("Dawn gives Node a WebGPU adapter and a device", async () => {
  Object.defineProperties(globalThis, Object.getOwnPropertyDescriptors(globals));
  const adapter = await dawnWith().requestAdapter();
  expect(adapter, "no adapter: neither a GPU nor SwiftShader was found").not.toBeNull();
  const device = await adapter!.requestDevice();
  device.destroy();
  expect((await device.lost).reason).toBe("destroyed");
});
