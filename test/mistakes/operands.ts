import type { Anything, Mistake } from "./mistake.ts";

const x = (gpu: Anything) => gpu.tensor([1, 2]);
const remedies: readonly (readonly [operand: (gpu: Anything) => unknown, message: RegExp])[] = [
  [() => [1, 2], /expected a tensor or a number; got an array\. Make a tensor of it: gpu\.tensor\(values\)/],
  [() => new Float32Array(2), /got Float32Array\. Make a tensor of it: gpu\.tensor\(values\)/],
  [() => undefined, /expected a tensor or a number; got undefined\./],
  [() => null, /got null\./],
  [() => Promise.resolve(1), /got a promise\. Await it first\./],
  [(gpu) => gpu, /got Gpu\./],
  [() => "1", /got the text "1"\./],
  [() => true, /got boolean true\./],
  [() => ({}), /got Object\./],
  [() => () => 1, /got a function\./],
  [() => 1n, /got bigint 1\./],
];

const methods = ["add", "sub", "mul", "div", "pow"];
const binaries = [...methods, "maximum", "minimum", "less", "equal", "notEqual"];

export const mistakes: readonly Mistake[] = [
  ...remedies.flatMap(([operand, message]) => [
    ...methods.map((op): Mistake => [(gpu) => (x(gpu) as Anything)[op](operand(gpu)), "argument", message]),
    ...binaries.map((op): Mistake => [(gpu, all) => all[op](x(gpu), operand(gpu)), "argument", message]),
    ...["add", "less"].map((op): Mistake => [(gpu, all) => all[op](operand(gpu), x(gpu)), "argument", message]),
  ]),
  [(_, { add }) => add(1, 2), "argument", /expected at least one tensor; got two numbers/],
  [
    (gpu, { compare }) => compare(x(gpu), "=", 1),
    "argument",
    /unknown relation\. Expected one of < <= > >= == !=; got =/,
  ],
  [(gpu, { compare }) => compare(x(gpu), "toString", 1), "argument", /unknown relation/],
  ...["neg", "exp", "sin", "square", "sqrt", "isFinite"].flatMap((op): Mistake[] => [
    [(_, all) => all[op](2), "argument", /expected a tensor; got number 2\./],
    [(_, all) => all[op]([2]), "argument", /expected a tensor; got an array\. Make a tensor of it/],
    [(_, all) => all[op](undefined), "argument", /expected a tensor; got undefined\./],
  ]),
];
