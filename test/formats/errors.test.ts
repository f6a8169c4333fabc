import { expect, test } from "vitest";
import { check, checkOptions, LatentError, quote, show } from "../../src/formats/errors.ts";
import { refuses } from "./refusal.ts";

test("an error carries its code, its message and its cause", () => {
  const cause = new Error("below");
  const error = new LatentError("data", "fit: a value is NaN. Expected finite; got NaN at [3, 1].", { cause });
  expect(error).toBeInstanceOf(Error);
  expect([error.name, error.code, error.cause]).toEqual(["LatentError", "data", cause]);
});

test("a check that holds never builds its message", () => {
  check(true, "shape", "add", () => {
    throw new Error("built");
  });
});

test("known options, absent options and undefined values pass", () => {
  checkOptions("conv2d", undefined, ["stride"]);
  checkOptions("conv2d", { stride: undefined }, ["stride"]);
});

test("shapes are shown in brackets, whatever array holds them", () => {
  expect([show([64, 32]), show([]), show(Uint32Array.of(3))]).toEqual(["[64, 32]", "[]", "[3]"]);
});

test("quoted text from outside is cut short and carries no control characters", () => {
  expect(quote('a"\n')).toBe('"a\\"\\n"');
  expect(quote("x".repeat(500))).toHaveLength(83);
});

refuses([
  [
    "a condition that fails",
    () =>
      check(
        false,
        "shape",
        "matmul",
        () => `inner sizes differ. Expected a [m, k] and b [k, n]; got ${show([64, 32])}.`,
      ),
    "shape",
    "matmul: inner sizes differ. Expected a [m, k] and b [k, n]; got [64, 32].",
  ],
  [
    "a misspelt option",
    () => checkOptions("conv2d", { pading: undefined }, ["stride", "padding"]),
    "argument",
    'conv2d: unknown option. Expected only stride, padding; got "pading".',
  ],
  [
    "an option where there are none",
    () => checkOptions("read", { fast: true }, []),
    "argument",
    'read: unknown option. Expected no options; got "fast".',
  ],
  [
    "a number in place of options",
    () => checkOptions("conv2d", 2 as unknown as object, ["stride"]),
    "argument",
    "conv2d: options are not an object. Expected { … }; got 2.",
  ],
]);
