import { afterAll, beforeAll, expect, it } from "vitest";
import { assign, bytes, type Gpu, logicalNot, pad, where } from "../src/index.ts";
import { failure, openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

it("numbers beside integer tensors reach the ends of the range", async () => {
  const whole = gpu.tensor(new Int32Array([0]));
  expect(Array.from(await whole.add(-(2 ** 31)).read())).toEqual([-(2 ** 31)]);
  expect(Array.from(await whole.add(2 ** 31 - 1).read())).toEqual([2 ** 31 - 1]);
  const word = gpu.tensor(new Uint32Array([0]));
  expect(Array.from(await pad(word.add(2 ** 32 - 1), 0, 1, 0, 7).read())).toEqual([7, 2 ** 32 - 1]);
});

it("bytes and bools are copied, reordered, joined and assigned like floats", async () => {
  const x = gpu.tensor(new Uint8Array([1, 2, 3, 4, 5, 250]), [2, 3]);
  expect(await (await x.copy()).read()).toEqual(new Uint8Array([1, 2, 3, 4, 5, 250]));
  expect(await x.transpose().add(10).read()).toEqual(new Uint8Array([11, 14, 12, 15, 13, 4]));
  expect(await bytes(x.transpose()).read()).toEqual(new Float32Array([1, 4, 2, 5, 3, 250]));
  const count = gpu.state(new Uint8Array([1, 255, 7]));
  const mask = gpu.state([true, false, true]);
  const step = await gpu.compile(() => {
    assign(count, count.add(1));
    assign(mask, logicalNot(mask));
    return where(mask, count, 0);
  });
  expect(await (await step.run()).read()).toEqual(new Uint8Array([1, 0, 7]));
  expect(await (await step.run()).read()).toEqual(new Uint8Array([0, 0, 0]));
  expect(await count.read()).toEqual(new Uint8Array([3, 1, 9]));
  expect(await mask.read()).toEqual(new Uint8Array([1, 0, 1]));
  mask.write([false, true, true]);
  expect(await mask.read()).toEqual(new Uint8Array([0, 1, 1]));
});

it("an unknown dtype is refused by every call that takes one", async () => {
  const half = { dtype: "f16" as "f32" };
  const calls: [where: string, call: () => unknown][] = [
    ["tensor", () => gpu.tensor([1], [1], half)],
    ["tensor", () => gpu.tensor([1], { dtype: "hasOwnProperty" as "f32" })],
    ["state", () => gpu.state([1], half)],
    ["full", () => gpu.full([2], 1, half)],
    ["full", () => gpu.zeros([2], half)],
    ["full", () => gpu.ones([0], half)],
    ["fromBuffer", () => gpu.fromBuffer({} as GPUBuffer, [2], half)],
    ["cast", () => gpu.tensor([1]).cast("f16" as "f32")],
  ];
  for (const [where, call] of calls)
    expect((await failure(call)).message).toMatch(
      new RegExp(`^${where}: unknown dtype\\. Expected f32, i32, u32, u8, bool; got (f16|hasOwnProperty)\\.$`),
    );
});

it("tensors of numbers that their dtype does not hold are refused", async () => {
  const refused: [record: () => unknown, message: string][] = [
    [() => gpu.tensor([1, 300], [2], { dtype: "u8" }), "tensor: expected whole numbers that fit u8; got 300."],
    [() => gpu.tensor([-1], [1], { dtype: "u32" }), "tensor: expected whole numbers that fit u32; got -1."],
    [
      () => gpu.tensor(Float32Array.of(0.5), [1], { dtype: "i32" }),
      "tensor: expected whole numbers that fit i32; got 0.5.",
    ],
    [
      () => gpu.tensor([1, undefined as unknown as number]),
      "tensor: ragged nesting. Expected no entries at level 1; got undefined.",
    ],
  ];
  for (const [record, message] of refused) expect((await failure(record)).message).toBe(message);
  expect([...(await gpu.tensor([255, 0], [2], { dtype: "u8" }).read())]).toEqual([255, 0]);
});
