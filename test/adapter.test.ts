import { create, globals } from "webgpu";
import { expect, test } from "vitest";

test("Dawn gives Node a WebGPU adapter and a device", async () => {
  Object.assign(globalThis, globals);
  const gpu = create([]);
  const adapter = await gpu.requestAdapter();
  expect(adapter, "no adapter: neither a GPU nor SwiftShader was found").not.toBeNull();
  const device = await adapter!.requestDevice();
  device.destroy();
  expect((await device.lost).reason).toBe("destroyed");
});
