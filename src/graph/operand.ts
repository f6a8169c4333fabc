import { check, named } from "../device/errors.ts";
import { Tensor } from "./tensor.ts";

/** What `value` is, and what to do about it, in the last words of a message. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return `${value}.`;
  if (typeof value === "string") return `the text ${JSON.stringify(value)}.`;
  if (typeof value !== "object") return `${typeof value} ${String(value)}.`.replace(/^function [^]*/, "a function.");
  if ("then" in value) return "a promise. Await it first.";
  if (value instanceof ArrayBuffer) return "an ArrayBuffer. Say what it holds: new Float32Array(buffer).";
  const name = named(value);
  return Array.isArray(value) || ArrayBuffer.isView(value)
    ? `${name}. Make a tensor of it: gpu.tensor(values).`
    : `${name}.`;
}

/** Refuses all but tensors. */
export function checkTensor(where: string, x: unknown, what = "a tensor"): asserts x is Tensor {
  check(x instanceof Tensor, "argument", where, () => `expected ${what}; got ${describe(x)}`);
}

/** Refuses all but tensors and numbers (NaN is one). */
export function checkOperand(where: string, x: unknown): void {
  if (typeof x !== "number") checkTensor(where, x, "a tensor or a number");
}
