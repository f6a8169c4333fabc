import { afterAll, beforeAll, expect, it } from "vitest";
import { add, type Gpu, matmul, openGpu, relu, sum } from "../src/index.ts";
import { openNodeGpu } from "../src/node.ts";
import { ramp } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openNodeGpu();
});
afterAll(() => gpu.dispose());

/** The device as a browser without immediates has it. */
const without = (device: GPUDevice): GPUDevice =>
  new Proxy(device, {
    get(target, key) {
      if (key === "limits") return { ...gpu.info.limits, maxImmediateSize: undefined };
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? (value as () => unknown).bind(target) : value;
    },
  });

const record = (on: Gpu) => {
  const product = matmul(ramp(on, 12, 40), ramp(on, 40, 20));
  return sum(relu(add(product, ramp(on, 20))), 0);
};

it("gives the same bits with parameters in a uniform buffer, where a device has no immediates", async () => {
  expect(gpu.info.limits.maxImmediateSize, "this device has none: nothing is compared").toBeGreaterThan(0);
  const adopted = await openGpu({ device: without(gpu.device) });
  expect(await record(adopted).read()).toEqual(await record(gpu).read());
  adopted.dispose();
});
