import { customGradient, defineOp } from "../../../src/index.ts";
import { nd } from "../nd.ts";
import type { Family } from "../row.ts";

// An op from a kernel of a user's, and one with a gradient of a user's.

const tripled = defineOp({
  name: "tripled",
  inputs: ["x"],
  wgsl: `
    @group(0) @binding(0) var<storage, read> x: array<f32>;
    @group(0) @binding(1) var<storage, read_write> y: array<f32>;
    @compute @workgroup_size(4)
    fn main(@builtin(global_invocation_id) id: vec3u) {
      if (id.x < arrayLength(&y)) { y[id.x] = 3.0 * x[id.x]; }
    }`,
  outputs: ([x]) => x!,
  groups: ([x]) => Math.ceil(x!.reduce((a, b) => a * b, 1) / 4),
  vjp: ([g]) => [g!.mul(3)],
});
const squared = customGradient(
  (x) => x.mul(x),
  ([g], [x]) => [g!.mul(x!.mul(2))],
);

export const own: Family = {
  rows: [
    {
      op: "defineOp",
      inputs: [{ shape: [3, 5] }],
      run: (x) => tripled([x!]),
      reference: (x) => nd(x!.shape, (_, i) => 3 * x!.data[i]!),
      ulps: 1,
      why: "one product",
    },
    {
      op: "customGradient",
      inputs: [{ shape: [3, 5] }],
      run: (x) => squared(x!),
      reference: (x) => nd(x!.shape, (_, i) => x!.data[i]! ** 2),
      ulps: 1,
      why: "one product",
    },
  ],
  refusals: [
    {
      op: "defineOp",
      call: () => (defineOp as () => unknown)(),
      code: "argument",
      message: "defineOp: expected { name, wgsl, inputs, outputs, groups }; got undefined.",
    },
    {
      op: "customGradient",
      call: () => (customGradient as (...x: unknown[]) => unknown)(() => 3),
      code: "argument",
      message: "customGradient: expected two functions; got undefined.",
    },
    {
      op: "defineOp",
      call: (gpu) => (tripled as (x: unknown) => unknown)([gpu.tensor([1], { dtype: "i32" })]),
      code: "argument",
      message: "tripled: expected x f32; got i32.",
    },
  ],
};
