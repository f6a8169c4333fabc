import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { KernelOp } from "../src/graph/kernelOp.ts";
import { recordOne } from "../src/graph/record.ts";
import {
  conv2d,
  convTranspose2d,
  type Gpu,
  grad,
  linear,
  matmul,
  max,
  mul,
  sort,
  sum,
  type Tensor,
  transpose,
} from "../src/index.ts";
import type { Kernel } from "../src/kernels/launch.ts";
import { failure, openShared, ramp } from "./helpers.ts";

let gpu: Gpu;
beforeEach(async () => {
  gpu = await openShared();
});
afterEach(() => gpu.dispose());

/** y = 2x by kernels of the test's own: `bodies` are what each variant does for element i. */
function doubling(bodies: { readonly [name: string]: string }): (x: Tensor) => Tensor {
  const kernel = (name: string): Kernel => ({
    name: `doubling.${name}`,
    entry: "main",
    code: `@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(${name === "vast" ? 1 << 20 : 64})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i < arrayLength(&y)) { ${bodies[name]} }
}`,
    workgroup: [64, 1, 1],
    buffers: { x: { binding: 1, access: "read" }, y: { binding: 2, access: "read_write" } },
    params: {},
    paramsBytes: 0,
    hooks: {},
    constants: {},
  });
  const names = Object.keys(bodies);
  const op: KernelOp = {
    name: "doubling",
    variants: () => ({ class: "doubling", names, terms: 1 }),
    launch: ([x], _outputs, _attributes, { choices }) => ({
      launches: [
        {
          kernel: kernel(choices.get("doubling") ?? names[0]!),
          bind: { x: { input: 0 }, y: { output: 0 } },
          params: {},
          groups: [Math.ceil(x!.shape[0]! / 64), 1, 1],
        },
      ],
    }),
  };
  return (x) => recordOne(op, [x], { shape: x.shape, dtype: "f32" }, {}, null);
}

describe("gpu.tune", () => {
  it("measures every candidate and adopts the fastest, which later programs take", async () => {
    const [a, b] = [ramp(gpu, 48, 64), ramp(gpu, 64, 96)];
    const before = [...(await matmul(a, b).read())];
    const { measured, loaded, storeError } = await gpu.tune(matmul, [a, b]);
    expect({ loaded, storeError, classes: measured.map((m) => m.class) }).toEqual({
      loaded: 0,
      storeError: null,
      classes: ["matmul a·b 1×64×128×64 aligned"],
    });
    const [{ class: name, default: standard, chosen, candidates }] = measured as [(typeof measured)[0]];
    expect(candidates.map((c) => c.name)).toContain(standard);
    const times = candidates.map((c) => ("ms" in c ? c.ms : expect.unreachable(c.error)));
    expect(candidates.find((c) => c.name === chosen)).toMatchObject({ ms: Math.min(...times) });
    expect(times.every((ms) => ms > 0)).toBe(true);
    expect(candidates.map((c) => c.name)).toEqual(expect.arrayContaining(["naive", "registerTiled", "tiled32x32"]));
    expect([...gpu.tuning.choices]).toEqual([[name, chosen]]);

    // all tilings are one kernel
    const family = chosen!.startsWith("tiled") ? "tiled" : chosen!.replace("quadSwap", "quadswap");
    const kernel = `matmul_${family.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}.product`;
    expect((await gpu.compile(matmul, a, b)).explain()).toContain(kernel);
    const after = await matmul(a, b).read();
    for (const [i, v] of before.entries()) expect(Math.abs(after[i]! - v)).toBeLessThanOrEqual(1e-5 * v);
    expect((await gpu.tune(matmul, [a, b])).measured).toEqual([]);
  });

  it("never chooses a candidate that is wrong or fails, and says why", async () => {
    const double = doubling({
      plain: "for (var k = 0u; k < 64u; k++) { y[i] = x[i]; } y[i] = 2.0 * x[i];",
      off: "y[i] = 2.0 * x[i] + 1e-3;",
      idle: "",
      nan: "y[i] = bitcast<f32>(0x7fc00000u | u32(x[i]));",
      partial: "if (i != 100u) { y[i] = 2.0 * x[i]; }",
      once: "y[i] = select(x[i], 2.0 * x[i], y[i] == 0.0);",
      broken: "y[i] = twice(x[i]);",
      vast: "y[i] = 2.0 * x[i];",
      sum: "y[i] = x[i] + x[i];",
    });
    const x = ramp(gpu, 130);
    const { measured } = await gpu.tune(double, [x]);
    const [{ default: standard, chosen, candidates }] = measured as [(typeof measured)[0]];
    expect(standard).toBe("plain");
    expect(["plain", "sum"]).toContain(chosen);
    const said = Object.fromEntries(candidates.map((c) => [c.name, "error" in c ? c.error : "right"]));
    expect(said).toEqual({
      plain: "right",
      off: expect.stringMatching(/^compare: wrong in element 0 of output 0\. Expected /),
      idle: expect.stringContaining("got 0."),
      nan: expect.stringContaining("got NaN."),
      partial: expect.stringContaining("wrong in element 100 of output 0"),
      once: expect.stringContaining("wrong in element 0"),
      broken: expect.stringContaining("unresolved call target 'twice'"),
      vast: expect.stringContaining("does not compile"),
      sum: "right",
    });
    expect([...(await double(x).read())]).toEqual([...(await x.read())].map((v) => 2 * v));
  });

  it("leaves the default where the reference itself fails", async () => {
    const double = doubling({ broken: "y[i] = twice(x[i]);", sum: "y[i] = x[i] + x[i];" });
    const { measured } = await gpu.tune(double, [ramp(gpu, 5)]);
    expect(measured[0]).toMatchObject({ chosen: null });
    expect(measured[0]!.candidates[1]).toEqual({
      name: "sum",
      error: "compare: nothing to compare with. broken failed.",
    });
    expect(gpu.tuning.choices.size).toBe(0);
  });

  it("reports progress, and an abort changes nothing and leaves no memory behind", async () => {
    const [x, y] = [ramp(gpu, 5, 60), ramp(gpu, 50, 200)];
    const before = gpu.memory().buffers;
    const controller = new AbortController();
    const steps: string[] = [];
    const call = gpu.tune(() => [sum(x, 1), sum(y, 1)], [], {
      signal: controller.signal,
      onProgress({ step, total, seconds, eta }) {
        steps.push(`${step}/${total}`);
        expect(seconds).toBeGreaterThan(0);
        expect(eta).toBeGreaterThan(0);
        controller.abort(new Error("enough"));
      },
    });
    await expect(call).rejects.toThrow("enough");
    expect(steps).toEqual(["1/2"]);
    expect(gpu.tuning.choices.size).toBe(0);
    expect(gpu.memory().buffers).toBe(before);
    await expect(gpu.tune((a) => sum(a, 1), [y], { signal: AbortSignal.abort("no") })).rejects.toBe("no");
  });

  it("refuses unknown options, and functions that cannot be traced", async () => {
    const x = ramp(gpu, 2, 2);
    expect((await failure(() => gpu.tune(matmul, [x, x], { stores: 1 } as object))).message).toMatch(/"stores"/);
    expect((await failure(() => gpu.tune(matmul, [x, ramp(gpu, 3, 2)]))).code).toBe("shape");
  });
});

describe("all candidates are right for", () => {
  const bodies: readonly [name: string, body: () => Tensor | Tensor[], classes: number][] = [
    ["a product of odd sizes", () => matmul(ramp(gpu, 37, 29), ramp(gpu, 29, 5)), 1],
    [
      "a layer's weights and a stack of products, transposed",
      () => {
        const [x, w, bias] = [ramp(gpu, 20, 12), ramp(gpu, 8, 12), ramp(gpu, 8)];
        const stack = ramp(gpu, 3, 18, 10);
        return [...grad(sum(linear(x, w, bias)), [w, bias]), matmul(stack, transpose(stack, [0, 2, 1]))];
      },
      2,
    ],
    [
      "a convolution in groups, and its gradients",
      () => {
        const [x, w] = [ramp(gpu, 2, 6, 9, 7), ramp(gpu, 8, 3, 3, 3)];
        const y = conv2d(x, w, { stride: 2, padding: 1, groups: 2 });
        return [y, ...grad(sum(mul(y, y)), [x, w])];
      },
      3,
    ],
    [
      "a transposed convolution",
      () => convTranspose2d(ramp(gpu, 2, 6, 9, 7), ramp(gpu, 6, 17, 2, 2), { stride: 2 }),
      1,
    ],
    [
      "rows in order, and the places they came from",
      () => {
        const { values, indices } = sort(ramp(gpu, 5, 1500));
        return [values, indices];
      },
      1,
    ],
    [
      "rows, also of a transpose",
      () => [sum(ramp(gpu, 70, 300), 1), max(transpose(ramp(gpu, 7, 9, 8), [2, 0, 1]), 2)],
      2,
    ],
  ];
  for (const [name, body, classes] of bodies)
    it(name, async () => {
      const { measured } = await gpu.tune(body);
      expect(measured.flatMap((m) => m.candidates.filter((c) => "error" in c))).toEqual([]);
      expect(measured.map((m) => m.class)).toHaveLength(classes);
      for (const { chosen, candidates } of measured) expect(candidates.map((c) => c.name)).toContain(chosen);
    });
});
