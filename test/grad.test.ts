import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { concat, grad, type Gpu, matmul, slice, sort, sum, type Tensor } from "../src/index.ts";
import { failure, openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const values = (tensors: readonly Tensor[]): Promise<number[][]> =>
  Promise.all(tensors.map(async (t) => Array.from(await t.read())));

/** How many nodes `body` records. */
function recorded(body: () => unknown): number {
  const spy = vi.spyOn(gpu, "register");
  body();
  const { length } = spy.mock.calls;
  spy.mockRestore();
  return length;
}

describe("targets of which one is made of another", () => {
  it("each get the whole gradient, in either order", async () => {
    const x = gpu.tensor([1, 2, 3]);
    const y = x.mul(x);
    const loss = sum(y.mul(3));
    const right = [
      [6, 12, 18],
      [3, 3, 3],
    ];
    expect(await values(grad(loss, [x, y]))).toEqual(right);
    expect(await values(grad(loss, [y, x]))).toEqual(right.toReversed());
    expect(await values(grad(loss, [loss, x]))).toEqual([[1], right[0]]);
  });

  it("get what each gets alone, where the loss uses both and the inner one twice", async () => {
    const w = gpu.tensor([[1, 2]]);
    const h = matmul(gpu.tensor([[3], [4]]), w);
    const loss = sum(h.mul(h))
      .add(sum(h.mul(5)))
      .add(sum(w.mul(7)));
    const alone = await values([w, h].map((target) => grad(loss, [target])[0]!));
    expect(alone[0]).toEqual([92, 142]);
    expect(await values(grad(loss, [w, h]))).toEqual(alone);
  });

  it("may be an output of an op with two, or put together from parts", async () => {
    const x = gpu.tensor([3, 1, 2]);
    const { values: sorted } = sort(x);
    const doubled = concat([slice(sorted, 0, 0, 2).mul(2), slice(sorted, 0, 2, 3)], 0);
    expect(await values(grad(sum(doubled.mul(gpu.tensor([1, 10, 100]))), [x, sorted]))).toEqual([
      [100, 2, 20],
      [2, 20, 100],
    ]);
  });

  it("have gradients that can be differentiated", async () => {
    const x = gpu.tensor([1, 2, 3]);
    const y = x.mul(x);
    const [dx, dy] = grad(sum(y.mul(y)), [x, y]) as [Tensor, Tensor];
    expect(await values(grad(sum(dx).add(sum(dy)), [x]))).toEqual([[16, 56, 120]]);
  });

  it("are both reached where the inner one was read, and refused, not given zeros, once its inputs are gone", async () => {
    const x = gpu.tensor([1, 2, 3]);
    const y = x.mul(x);
    await y.read();
    expect(await values(grad(sum(y.mul(3)), [x, y]))).toEqual([
      [6, 12, 18],
      [3, 3, 3],
    ]);
    x.dispose();
    const [w] = [gpu.tensor([1, 1, 1])];
    const error = await failure(() => grad(sum(y.mul(3)), [w, y]));
    expect(error.code).toBe("argument");
    expect(error.message).toMatch(/a tensor \[3\] between loss and target was read.*Call grad before that/);
    expect(await values(grad(sum(y.mul(3)), [y]))).toEqual([[3, 3, 3]]);
  });
});

it("records nothing for what no target needs", () => {
  const x = gpu.tensor([1, 2, 3]);
  const leaf = gpu.tensor([1, 4, 9]);
  const made = x.exp().mul(x);
  const steps = (y: Tensor) => {
    const loss = sum(y.mul(3));
    return recorded(() => grad(loss, [y]));
  };
  expect(steps(made)).toBe(steps(leaf));
});
