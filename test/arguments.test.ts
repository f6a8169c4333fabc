import { afterAll, beforeAll, expect, it } from "vitest";
import * as ops from "../src/graph/ops/index.ts";
import { type Gpu, LatentError } from "../src/index.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

/** Still without a check of their own; a name leaves this list with its last bare TypeError. */
const open = new Set("leakyRelu logsumexp softmax logSoftmax crossEntropy".split(" "));

type Op = (...all: unknown[]) => unknown;
const list = Object.entries(ops as unknown as { readonly [name: string]: Op | { readonly [name: string]: Op } })
  .flatMap(([name, op]): [string, Op][] =>
    typeof op === "function" ? [[name, op]] : Object.entries(op).map(([member, f]) => [`${name}.${member}`, f]),
  )
  .filter(([name]) => !open.has(name));

it("no op answers what it cannot use with a bare TypeError", () => {
  const tensors = [
    gpu.tensor([[1, 2]]),
    gpu.tensor(new Float32Array(16), [1, 1, 4, 4]),
    gpu.tensor(Int32Array.of(0, 1)),
  ];
  const junk = [undefined, null, 5, Number.NaN, "1", [1, 2], [], { axis: 7 }, () => 3, gpu, Float32Array.of(1), true];
  const calls: unknown[][] = [[]];
  for (const j of junk) {
    calls.push([j], [j, j], [gpu, j], [gpu, tensors[0], j]);
    for (const x of tensors) {
      calls.push([x, j], [j, x], [x, j, j], [x, x, j]);
      for (const k of junk) calls.push([x, j, k]);
    }
  }
  const faults = list.flatMap(([name, op]) => {
    for (const call of calls)
      try {
        op(...call);
      } catch (error) {
        if (!(error instanceof LatentError)) return [`${name}(${call.map(String).join(", ")}): ${String(error)}`];
      }
    return [];
  });
  expect(faults).toEqual([]);
});
