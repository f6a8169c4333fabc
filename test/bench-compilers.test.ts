// What the witness reads out of compilers' listings. test/data/compilers holds cholesky.panel as Mesa 22.3 compiled it for RDNA 3 and Xe-LP.

import { describe, expect, test } from "vitest";
import { figures, type Figures } from "../bench/compilers/figures.ts";
import { faults, table } from "../bench/compilers/judge.ts";
import { hottest } from "../bench/compilers/loops.ts";

const recorded = (gpu: string): Figures => {
  const found = figures(`test/data/compilers/${gpu}`);
  expect(Object.keys(found)).toEqual(["cholesky, 512: cholesky.panel"]);
  return Object.values(found)[0]!;
};

describe("listings", () => {
  test("AMD: the innermost loop, what it waits for, and the loop around", () => {
    expect(recorded("amd")).toEqual({
      registers: 12,
      spills: 0,
      shared: 0,
      waves: 16,
      multiplyAdds: 1,
      instructions: 2,
      bound: 0.5,
      sharedTime: 0,
      waits: 1,
      waitsAround: 1,
      loopSpills: 0,
    });
  });

  test("Intel: instructions count passes of eight lanes", () => {
    expect(recorded("intel")).toMatchObject({
      multiplyAdds: 2,
      instructions: 34,
      bound: 0.059,
      spills: 0,
      loopSpills: 0,
    });
  });

  test("the heaviest loop without one inside, and the smallest around it", () => {
    const loops = [
      { from: 0, to: 90 },
      { from: 10, to: 60 },
      { from: 20, to: 30 },
      { from: 40, to: 50 },
    ];
    expect(hottest(loops, ({ from }) => from)).toEqual({ inner: loops[3], around: loops[1] });
    expect(hottest([], () => 1)).toEqual({});
  });
});

describe("against registered figures", () => {
  const before = recorded("amd");

  test("a figure that got worse is named with both values", () => {
    const now = { a: { ...before, spills: 3, bound: 0.4, waves: 20 } };
    expect(faults({ a: before }, now)).toEqual(["a: spills 0 → 3", "a: bound 0.5 → 0.4"]);
    expect(faults({ a: before }, { a: { ...before, bound: 0.49, registers: 99 } })).toEqual([]);
  });

  test("a new kernel may not spill, unless only the tuner takes it", () => {
    const spilling = { ...before, spills: 2 };
    const kernels = {
      "softmax, 4: max": spilling,
      "variant quadSwap of matmul: product": spilling,
      "matmul, 4×4 as aᵀ·b: product": spilling,
    };
    expect(faults({}, kernels)).toEqual([
      "softmax, 4: max: new, and spills 2",
      "matmul, 4×4 as aᵀ·b: product: new, and spills 2",
    ]);
  });

  test("a registered kernel that was not compiled is named, where its job was wanted", () => {
    const registered = { "softmax, 4: max": before, "matmul, 8: product": before };
    const line = "softmax, 4: max: is registered, and was not compiled";
    expect(faults(registered, { "matmul, 8: product": before })).toEqual([line]);
    expect(faults(registered, {}, ["softmax"])).toEqual([line]);
    expect(faults(registered, { "matmul, 8: product": before }, ["matmul"])).toEqual([]);
  });

  test("the table has a row for each kernel", () => {
    expect(table({ "cholesky, 512: cholesky.panel": before }).split("\n")[1]).toBe(
      "cholesky, 512: cholesky.panel         12       0     16       0  1/2   50 %            –    1+1            0",
    );
  });
});
