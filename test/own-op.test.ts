// Kernels and gradients of a user's own: defineOp and customGradient.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as L from "../src/index.ts";
import { failure, openShared } from "./helpers.ts";

let gpu: L.Gpu;
beforeAll(async () => void (gpu = await openShared()));
afterAll(() => gpu.dispose());

const size = (shape: L.Shape) => shape.reduce((a, b) => a * b, 1);
const wgsl = `
struct Params {
  size: u32, // elements
  factor: f32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@binding(1) @group(0)
var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.size) { y[id.x] = epilogue(id.x, params.factor * x[id.x]); }
}`;
const definition = {
  name: "scale",
  wgsl,
  inputs: ["x"],
  outputs: ([x]: readonly L.Shape[]) => x!,
  groups: ([x]: readonly L.Shape[]) => Math.ceil(size(x!) / 64),
  params: ([x]: readonly L.Shape[], { factor }: { readonly factor?: unknown }) => ({
    size: size(x!),
    factor: Number(factor),
  }),
} as const;
const scale = L.defineOp({ ...definition, vjp: ([g], _x, _y, { factor }) => [g!.mul(Number(factor))] });

describe("a kernel of one's own", () => {
  it("computes, differentiates, also twice, and is planned anew for other attributes", async () => {
    const x = gpu.tensor([1, -2, 3]);
    expect([...(await scale([x], { factor: 2 }).read())]).toEqual([2, -4, 6]);
    expect([...(await scale([x], { factor: -0.5 }).read())]).toEqual([-0.5, 1, -1.5]);
    expect([
      ...(await scale([L.reshape(L.slice(gpu.tensor([0, 1, 2, 3, 4, 5]), 0, 1, 5), [2, 2])], { factor: 3 }).read()),
    ]).toEqual([3, 6, 9, 12]);
    const [dx] = L.grad(L.sum(L.square(scale([x], { factor: 3 }))), [x]);
    expect([...(await dx.read())]).toEqual([18, -36, 54]);
    const [again] = L.grad(L.sum(dx.mul(x)), [x]);
    expect([...(await again.read())]).toEqual([36, -72, 108]);
  });

  it("takes the maps behind it into its dispatch, and replays", async () => {
    const x = gpu.tensor(Float32Array.from({ length: 100 }, (_, i) => i / 50 - 1));
    const bias = gpu.state(new Float32Array(100).fill(0.25));
    const step = await gpu.compile((of) => {
      const y = L.tanh(L.add(scale([of], { factor: 2 }), bias));
      L.assign(bias, L.mul(bias, 2));
      return y;
    }, x);
    expect(step.stats.dispatches).toBe(2);
    expect(step.explain()).toMatch(/scale.*add·tanh/);
    for (const b of [0.25, 0.5]) {
      const values = await (await step.run(x)).read();
      values.forEach((v, i) => expect(v).toBeCloseTo(Math.tanh(2 * (i / 50 - 1) + b), 6));
    }
    step.dispose();
  });

  it("has several outputs, inputs of other dtypes, no hook and no parameters", async () => {
    const split = L.defineOp({
      name: "signs",
      wgsl: `
        @group(0) @binding(0) var<storage, read> x: array<f32>;
        @group(0) @binding(1) var<storage, read> by: array<i32>;
        @group(0) @binding(2) var<storage, read_write> positive: array<f32>;
        @group(0) @binding(3) var<storage, read_write> count: array<u32>;
        @compute @workgroup_size(1)
        fn main(@builtin(workgroup_id) id: vec3u) {
          positive[id.x] = max(x[id.x], 0.0) * f32(by[id.x]);
          if (id.x == 0u) { count[0] = arrayLength(&x); }
        }`,
      inputs: { x: "f32", by: "i32" },
      outputs: ([x]) => [x!, { shape: [], dtype: "u32" }],
      groups: ([x]) => [x![0]!],
      vjp: ([g], [x, by]) => [L.mul(g!, L.mul(L.greater(x!, 0), L.cast(by!, "f32"))), null],
    });
    const x = gpu.tensor([-1, 2, 3]);
    const by = gpu.tensor([1, 2, 3], [3], { dtype: "i32" });
    const [positive, count] = split([x, by]) as [L.Tensor, L.Tensor];
    expect([...(await positive.read()), ...(await count.read())]).toEqual([0, 4, 9, 3]);
    const [dx] = L.grad(L.sum(L.square(split([x, by])[0]!)), [x]);
    expect([...(await dx.read())]).toEqual([0, 16, 54]);
  });

  it("two ops of one name are two", async () => {
    const other = L.defineOp({
      ...definition,
      wgsl: wgsl.replace("params.factor * x[id.x]", "params.factor + x[id.x]"),
    });
    const x = gpu.tensor([1]);
    const fresh = L.defineOp(definition);
    const both = [fresh([x], { factor: 2 }), other([x], { factor: 2 })];
    await gpu.evaluate(both);
    expect(await Promise.all(both.map((t) => t.item()))).toEqual([2, 3]);
  });

  it("names that are the library's keep the maps out, and change nothing else", async () => {
    const clash = L.defineOp({
      ...definition,
      wgsl: wgsl.replace("params.factor * x[id.x]", "square(x[id.x])") + "fn square(a: f32) -> f32 { return a * 3.0; }",
    });
    const y = L.tanh(clash([gpu.tensor([0.1])], { factor: 1 }));
    expect(await y.item()).toBeCloseTo(Math.tanh(0.3), 6);
  });

  const x = () => gpu.tensor([1, 2]);
  const own = (change: object) => () => L.defineOp({ ...definition, ...change })([x()], { factor: 1 });
  it.each<[string, () => unknown, string, RegExp]>([
    [
      "wgsl that does not compile",
      () => (own({ wgsl: wgsl.replace("id.x] =", "id.w] =") })() as L.Tensor).read(),
      "argument",
      /^scale[^\n]*does not compile[^]*16:/,
    ],
    ["no vjp", () => L.grad(L.sum(own({})() as L.Tensor), [x()]), "argument", /zeros/],
    ["an unknown option", own({ wgls: "" }), "argument", /wgls/],
    ["no name", own({ name: "" }), "argument", /name/],
    ["outputs that are no function", own({ outputs: [2] }), "argument", /outputs/],
    ["an output of no size", own({ outputs: () => [-1] }), "shape", /scale/],
    ["too few tensors", () => scale([]), "argument", /1 tensors \(x\)/],
    ["no list", () => scale(x() as never), "argument", /list/],
    ["a number as input", () => scale([3 as never]), "argument", /tensor/],
    ["another dtype", () => scale([gpu.tensor([1], [1], { dtype: "u32" })]), "argument", /x f32; got u32/],
    [
      "another group",
      own({ wgsl: wgsl.replace("@group(0) @binding(0)", "@group(1) @binding(0)") }),
      "argument",
      /line 6.*group\(0\)/,
    ],
    [
      "an input that is written",
      own({ wgsl: wgsl.replace("storage, read>", "storage, read_write>") }),
      "argument",
      /line 6.*var<storage, read>/,
    ],
    ["a binding too many", own({ inputs: [], outputs: () => [2] }), "argument", /scale/],
    ["no such binding", own({ wgsl: wgsl.replace("@binding(1)", "@binding(4)") }), "argument", /line 7/],
    [
      "another name for params",
      own({ wgsl: wgsl.replace("> params:", "> p:") }),
      "argument",
      /var<uniform> params: Params/,
    ],
    [
      "a vector in Params",
      own({ wgsl: wgsl.replace("factor: f32", "factor: vec2f") }),
      "argument",
      /line 2.*factor: vec2f/,
    ],
    ["a member without a number", own({ params: () => ({ size: 2 }) }), "argument", /params\.factor/],
    ["no main", own({ wgsl: wgsl.replace("fn main", "fn start") }), "argument", /main/],
    ["groups of 0", own({ groups: () => 0 }), "argument", /groups/],
    ["too many groups", own({ groups: () => 70_000 }), "limit", /65,535/],
    [
      "a gradient of another shape",
      () => L.grad(L.sum(own({ vjp: () => [gpu.tensor([1])] })() as L.Tensor), [x()]),
      "argument",
      /zeros/,
    ],
  ])("%s", async (name, work, code, message) => {
    // the gradients' rows need the input that the op got
    if (/vjp|gradient/.test(name)) {
      const of = x();
      const op = L.defineOp({ ...definition, ...(name === "no vjp" ? {} : { vjp: () => [gpu.tensor([1])] }) });
      const error = await failure(() => L.grad(L.sum(op([of], { factor: 1 })), [of]));
      expect(error.code).toBe(name === "no vjp" ? "argument" : "shape");
      expect(error.message).toMatch(name === "no vjp" ? /scale has no vjp.*detach/ : /scale.*\[2\].*\[1\]/);
      return;
    }
    const error = await failure(work);
    expect(error.message).toMatch(message);
    expect(error.code).toBe(code);
  });
});

describe("a gradient of one's own", () => {
  it("stands in for that of the ops inside", async () => {
    const rounded = L.customGradient(
      (x: L.Tensor) => L.floor(x.add(0.5)),
      ([g]) => [g!],
    );
    const x = gpu.tensor([0.2, 1.7]);
    const y = rounded(x);
    const [dx] = L.grad(L.sum(L.square(y)), [x]);
    expect([...(await y.read()), ...(await dx.read())]).toEqual([0, 2, 0, 4]);
  });

  it("knows inputs and outputs, of which there may be several", async () => {
    const both = L.customGradient(
      (a: L.Tensor, b: L.Tensor) => [L.mul(a, b), L.exp(a)] as const,
      ([g, h], [a, b], [, e]) => [L.add(L.mul(g!, b), L.mul(h!, e!)), L.mul(g!, a)],
    );
    const [a, b] = [gpu.tensor([0.5, 1]), gpu.tensor([2, 3])];
    const [p, e] = both(a, b);
    const [da, db] = L.grad(L.sum(L.add(p.mul(2), e)), [a, b]);
    const [da2] = L.grad(L.sum(da), [a]);
    const values = async (t: L.Tensor) => [...(await t.read())];
    (await values(da)).forEach((v, i) => expect(v).toBeCloseTo([4 + Math.exp(0.5), 6 + Math.exp(1)][i]!, 5));
    expect(await values(db)).toEqual([1, 2]);
    (await values(da2)).forEach((v, i) => expect(v).toBeCloseTo(Math.exp([0.5, 1][i]!), 5));
  });

  it("refuses what does not fit", async () => {
    const x = gpu.tensor([1, 2]);
    const of = (gradients: unknown) =>
      L.customGradient(
        (a: L.Tensor) => a.mul(2),
        () => gradients as never,
      );
    expect((await failure(() => L.grad(L.sum(of([gpu.tensor([1])])(x)), [x]))).code).toBe("shape");
    expect((await failure(() => L.grad(L.sum(of([])(x)), [x]))).message).toMatch(/1 gradients/);
    expect((await failure(() => L.grad(L.sum(of(x)(x)), [x]))).message).toMatch(/1 gradients/);
    expect((await failure(() => of([x])(3 as never))).message).toMatch(/tensor/);
    expect((await failure(() => L.customGradient(3 as never, () => []))).message).toMatch(/functions/);
    expect(
      (
        await failure(() =>
          L.customGradient(
            (...inputs: L.Tensor[]) => inputs.length as never,
            () => [],
          )(x),
        )
      ).message,
    ).toMatch(/tensor/);
  });
});
