import * as ops from "../../src/graph/ops/index.ts";
import type { Anything, Mistake } from "./mistake.ts";

// Whatever an op expects a tensor for, what is none is refused in words: as the first argument, and as the one after it.

/** Ops whose first argument is the gpu, a list or an equation, and one that looks at its second argument first. */
const others = new Set(["arange", "compare", "concat", "stack", "einsum", "customGradient", "defineOp"]);
const named = Object.entries(ops as Anything).filter(([name, op]) => typeof op === "function" && !others.has(name));
const wrong: readonly (readonly [value: unknown, message: string])[] = [
  [undefined, "undefined"],
  [null, "null"],
  [[1, 2], "an array\\. Make a tensor of it: gpu\\.tensor"],
  ["1", 'the text "1"'],
  [Promise.resolve(1), "a promise\\. Await it"],
];

/** Ops of several tensors, and a first one that is right. */
const seconds: { readonly [op: string]: readonly unknown[] } = {
  matmul: [[1]],
  linear: [[1]],
  kl: [[1]],
  reparameterise: [[1]],
  bernoulliLogLikelihood: [[1]],
  gaussianLogLikelihood: [[1]],
  crossEntropy: [[1]],
  conv2d: [[[[1]]]],
  convTranspose2d: [[[[1]]]],
  maximum: [1],
};

const expected = (op: string, got: string) => new RegExp(`^(${op}|cast): expected .*got ${got}`);

export const mistakes: readonly Mistake[] = [
  ...named.flatMap(([name, op]) =>
    wrong.map(([value, got]): Mistake => [() => (op as Anything)(value), "argument", expected(name, got)]),
  ),
  ...Object.entries(seconds).flatMap(([name, first]) =>
    wrong.map(([value, got]): Mistake => [
      (gpu) => (ops as Anything)[name](gpu.tensor(first as never), value),
      "argument",
      expected(name, got),
    ]),
  ),
];
