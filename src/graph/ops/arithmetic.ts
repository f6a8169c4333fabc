import { check } from "../../device/errors.ts";
import { remedy } from "../dtype.ts";
import type { MapName } from "../maps.ts";
import { constant, type Operandish, recordMap } from "../record.ts";
import { type Pull, Tensor } from "../tensor.ts";
import { sumTo } from "./shape.ts";

/** Both as tensors; a number takes the other's dtype. */
function both(where: string, a: Operandish, b: Operandish): [Tensor, Tensor] {
  const tensor = a instanceof Tensor ? a : b;
  check(tensor instanceof Tensor, "argument", where, () => "expected at least one tensor; got two numbers.");
  const lift = (x: Operandish) => (x instanceof Tensor ? x : constant(tensor.gpu, x, tensor.dtype));
  return [lift(a), lift(b)];
}

/** An op of two inputs; `slope` gives each input's gradient before broadcasting is summed away. */
// @__NO_SIDE_EFFECTS__: bundlers leave out ops that nobody calls
function binary(
  where: string,
  names: { readonly f32: MapName; readonly u32?: MapName; readonly i32?: MapName },
  slope: ((g: Tensor, a: Tensor, b: Tensor, y: Tensor) => readonly [() => Tensor, () => Tensor]) | null,
) {
  return (left: Operandish, right: Operandish): Tensor => {
    const [a, b] = both(where, left, right);
    const fn = a.dtype === "u8" ? undefined : names[a.dtype];
    check(
      fn !== undefined && a.dtype === b.dtype,
      "argument",
      where,
      () =>
        `dtypes do not fit. Expected two of ${Object.keys(names).join(", ")}; got ${a.dtype} and ${b.dtype}. ${remedy(a, b)}`,
    );
    const pull: Pull | null =
      slope && a.dtype === "f32"
        ? ([g], y) => {
            const [da, db] = slope(g!, a, b, y);
            const back = (x: Tensor, d: () => Tensor) => (x.source.kind === "constant" ? null : sumTo(d(), x.shape));
            return [back(a, da), back(b, db)];
          }
        : null;
    return recordMap(where, fn, [a, b], pull);
  };
}

/** a + b, broadcast. */
export const add = binary("add", { f32: "add", u32: "add_u32", i32: "add_i32" }, (g) => [() => g, () => g]);
/** a − b, broadcast. */
export const sub = binary("sub", { f32: "sub" }, (g) => [() => g, () => neg(g)]);
/** a · b, element by element, broadcast. */
export const mul = binary("mul", { f32: "mul", u32: "mul_u32", i32: "mul_i32" }, (g, a, b) => [
  () => mul(g, b),
  () => mul(g, a),
]);
/** a / b, broadcast. */
export const div = binary("div", { f32: "div" }, (g, _a, b, y) => [() => div(g, b), () => neg(div(mul(g, y), b))]);
/** The larger of both; where they are equal, each gets half of the gradient. */
export const maximum = binary("maximum", { f32: "maximum" }, (g, a, b) => [
  () => mul(g, wins(a, b)),
  () => mul(g, wins(b, a)),
]);
/** The smaller of both; where they are equal, each gets half of the gradient. */
export const minimum = binary("minimum", { f32: "minimum" }, (g, a, b) => [
  () => mul(g, wins(b, a)),
  () => mul(g, wins(a, b)),
]);

// 1 where a > b, ½ where equal
const wins = (a: Tensor, b: Tensor): Tensor => mul(add(greater(a, b), greaterEqual(a, b)), 0.5);

/** 1 where a < b, else 0. Comparisons have no gradient. */
export const less = binary("less", { f32: "less", u32: "less_u32" }, null);
export const lessEqual = binary("lessEqual", { f32: "less_equal" }, null);
export const greater = binary("greater", { f32: "greater" }, null);
export const greaterEqual = binary("greaterEqual", { f32: "greater_equal" }, null);
export const equal = binary("equal", { f32: "equal", u32: "equal_u32" }, null);
export const notEqual = binary("notEqual", { f32: "not_equal" }, null);

const comparisons = { "<": less, "<=": lessEqual, ">": greater, ">=": greaterEqual, "==": equal, "!=": notEqual };

/** 1 where `a relation b` holds, else 0. */
export function compare(a: Operandish, relation: keyof typeof comparisons, b: Operandish): Tensor {
  const op = comparisons[relation];
  check(
    op !== undefined,
    "argument",
    "compare",
    () => `unknown relation. Expected one of ${Object.keys(comparisons).join(" ")}; got ${String(relation)}.`,
  );
  return op(a, b);
}

export const neg = (a: Tensor): Tensor => recordMap("neg", "neg", [a], ([g]) => [neg(g!)]);

/** a where `condition` is not 0, else b; all broadcast. The condition has no gradient. */
export function where(condition: Tensor, a: Operandish, b: Operandish): Tensor {
  const lift = (x: Operandish) => (x instanceof Tensor ? x : constant(condition.gpu, x));
  const [yes, no] = [lift(a), lift(b)];
  return recordMap("where", "where_", [condition, yes, no], ([g]) => [
    null,
    sumTo(where(condition, g!, 0), yes.shape),
    sumTo(where(condition, 0, g!), no.shape),
  ]);
}

/** a^b. Whole and half exponents of a number go by multiplication and square root; a < 0 needs a whole b. */
export function pow(a: Tensor, b: Operandish): Tensor {
  if (b === 1) return a;
  if (b === 2) return square(a);
  if (b === 3) return mul(square(a), a);
  if (b === -1) return recordMap("pow", "reciprocal", [a], ([g], y) => [neg(mul(g!, square(y)))]);
  if (b === 0.5) return sqrt(a);
  const exponent = b instanceof Tensor ? b : constant(a.gpu, b);
  // written out, because elementwise.ts imports this file
  const logarithm = () => recordMap("pow", "log_", [a], ([h]) => [div(h!, a)]);
  return recordMap("pow", "pow_", [a, exponent], ([g], y) => [
    sumTo(mul(g!, mul(exponent, pow(a, sub(exponent, 1)))), a.shape),
    b instanceof Tensor ? sumTo(mul(g!, mul(y, logarithm())), b.shape) : null,
  ]);
}

/** a². */
export const square = (a: Tensor): Tensor => recordMap("square", "square", [a], ([g]) => [mul(g!, mul(a, 2))]);
/** √a; 0 for a ≤ 0, where the gradient is that of a tiny positive number. */
export const sqrt = (a: Tensor): Tensor =>
  recordMap("sqrt", "sqrt_", [a], ([g], y) => [div(mul(g!, 0.5), maximum(y, 1e-19))]);
