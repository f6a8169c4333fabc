import { check } from "../../device/errors.ts";
import { type DType, type Joint, remedy } from "../dtype.ts";
import type { MapName } from "../maps.ts";
import { checkOperand, checkTensor } from "../operand.ts";
import { constant, type Operandish, recordMap, relabel } from "../record.ts";
import { type Pull, Tensor } from "../tensor.ts";
import { cast } from "./cast.ts";
import { sumTo } from "./shape.ts";

/** Both as tensors of one dtype: a number takes the other's, a bool that of what stands beside it (f32 beside a number). */
function joined(where: string, a: Operandish, b: Operandish): [Tensor, Tensor] {
  checkOperand(where, a);
  checkOperand(where, b);
  const known = a instanceof Tensor ? a : b;
  check(known instanceof Tensor, "argument", where, () => "expected at least one tensor; got two numbers.");
  const dtypes = [a, b].flatMap((x) => (x instanceof Tensor ? [x.dtype] : []));
  const to = dtypes.find((d) => d !== "bool") ?? (dtypes.length === 2 ? "bool" : "f32");
  const lift = (x: Operandish) =>
    x instanceof Tensor ? (x.dtype === "bool" ? cast(x, to) : x) : constant(known.gpu, x, to);
  return [lift(a), lift(b)];
}

type Names = { readonly f32: MapName; readonly u32?: MapName; readonly i32?: MapName };
type Slope = (g: Tensor, a: Tensor, b: Tensor, y: Tensor) => readonly [() => Tensor, () => Tensor];

/** Records the map that `names` has for the dtype of both; bools are taken as they lie, f32 0 and 1. */
function recordBinary(where: string, names: Names, a: Tensor, b: Tensor, slope: Slope | null): Tensor {
  const fn = a.dtype === "u8" ? undefined : names[a.dtype === "bool" ? "f32" : a.dtype];
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
}

/** An op of two inputs; `slope` gives each input's gradient before broadcasting is summed away. `bools`: what two bools give. */
// @__NO_SIDE_EFFECTS__: bundlers leave out ops that nobody calls
function binary(where: string, names: Names, slope: Slope, bools: MapName | null = null) {
  return <A extends DType = never, B extends DType = never>(
    left: Operandish<A>,
    right: Operandish<B>,
  ): Tensor<Joint<A, B>> => {
    const [a, b] = joined(where, left as Operandish, right as Operandish);
    if (a.dtype !== "bool") return recordBinary(where, names, a, b, slope) as Tensor<Joint<A, B>>;
    check(
      bools !== null,
      "argument",
      where,
      () => `expected at most one bool tensor; got two. Use logicalXor(), or cast() one of them.`,
    );
    return relabel(recordMap(where, bools, [a, b], null), "bool") as Tensor as Tensor<Joint<A, B>>;
  };
}

/** A comparison of two inputs. */
// @__NO_SIDE_EFFECTS__
const comparison = (where: string, names: Names) => (left: Operandish, right: Operandish) =>
  recordBinary(where, names, ...joined(where, left, right), null) as Tensor<"bool">;

/** a + b, broadcast. Integers wrap around; of two bools, whether one is true. */
export const add = binary("add", { f32: "add", u32: "add_u32", i32: "add_i32" }, (g) => [() => g, () => g], "maximum");
/** a − b, broadcast. Integers wrap around. */
export const sub = binary("sub", { f32: "sub" }, (g) => [() => g, () => neg(g)]);
/** a · b, element by element, broadcast. Integers wrap around; of two bools, whether both are true. */
export const mul = binary(
  "mul",
  { f32: "mul", u32: "mul_u32", i32: "mul_i32" },
  (g, a, b) => [() => mul(g, b), () => mul(g, a)],
  "mul",
);
/** a / b, broadcast. */
export const div = binary("div", { f32: "div" }, (g, _a, b, y) => [() => div(g, b), () => neg(div(mul(g, y), b))]);
/** The larger of both; where they are equal, each gets half of the gradient. */
export const maximum = binary(
  "maximum",
  { f32: "maximum" },
  (g, a, b) => [() => mul(g, wins(a, b)), () => mul(g, wins(b, a))],
  "maximum",
);
/** The smaller of both; where they are equal, each gets half of the gradient. */
export const minimum = binary(
  "minimum",
  { f32: "minimum" },
  (g, a, b) => [() => mul(g, wins(b, a)), () => mul(g, wins(a, b))],
  "minimum",
);

// 1 where a > b, ½ where equal
const wins = (a: Tensor, b: Tensor): Tensor =>
  mul(add(cast(greater(a, b), "f32"), cast(greaterEqual(a, b), "f32")), 0.5);

/** Whether a < b, element by element, broadcast. Comparisons give bools, and have no gradient. */
export const less = comparison("less", { f32: "less", u32: "less_u32" });
export const lessEqual = comparison("lessEqual", { f32: "less_equal" });
export const greater = comparison("greater", { f32: "greater" });
export const greaterEqual = comparison("greaterEqual", { f32: "greater_equal" });
export const equal = comparison("equal", { f32: "equal", u32: "equal_u32" });
export const notEqual = comparison("notEqual", { f32: "not_equal" });

const comparisons = { "<": less, "<=": lessEqual, ">": greater, ">=": greaterEqual, "==": equal, "!=": notEqual };

/** Whether `a relation b` holds, element by element, broadcast. */
export function compare(a: Operandish, relation: keyof typeof comparisons, b: Operandish): Tensor<"bool"> {
  const op = Object.hasOwn(comparisons, relation) ? comparisons[relation] : undefined;
  check(
    op !== undefined,
    "argument",
    "compare",
    () => `unknown relation. Expected one of ${Object.keys(comparisons).join(" ")}; got ${String(relation)}.`,
  );
  return op(a, b);
}

export function neg<D extends DType>(a: Tensor<D>): Tensor<D> {
  checkTensor("neg", a);
  return recordMap("neg", "neg", [a], ([g]) => [neg(g!)]) as Tensor as Tensor<D>;
}

/** a where `condition` is not 0, else b; all broadcast. The condition (bool or f32) has no gradient. */
export function where<A extends DType = never, B extends DType = never>(
  condition: Tensor,
  a: Operandish<A>,
  b: Operandish<B>,
): Tensor<Joint<A, B>> {
  checkTensor("where", condition, "a condition that is a tensor");
  const numbers = typeof a === "number" && typeof b === "number";
  const [yes, no] = joined("where", numbers ? constant(condition.gpu, a) : (a as Operandish), b as Operandish);
  const y = recordMap("where", "where_", [condition, yes, no], ([g]) => [
    null,
    sumTo(where(condition, g!, 0), yes.shape),
    sumTo(where(condition, 0, g!), no.shape),
  ]);
  return (yes.dtype === "bool" ? relabel(y, "bool") : y) as Tensor as Tensor<Joint<A, B>>;
}

/** a^b. Whole and half exponents of a number go by multiplication and square root; a < 0 needs a whole b. */
export function pow<A extends DType, B extends DType = never>(a: Tensor<A>, b: Operandish<B>): Tensor<Joint<A, B>> {
  return power(a, b as Operandish) as Tensor<Joint<A, B>>;
}

function power(a: Tensor, b: Operandish): Tensor {
  checkTensor("pow", a);
  checkOperand("pow", b);
  if (b === 1) return a;
  if (b === 2) return square(a);
  if (b === 3) return mul(square(a), a);
  if (b === -1) return recordMap("pow", "reciprocal", [a], ([g], y) => [neg(mul(g!, square(y)))]);
  if (b === 0.5) return sqrt(a);
  const exponent = b instanceof Tensor ? b : constant(a.gpu, b);
  // written out, because elementwise.ts imports this file
  const logarithm = () => recordMap("pow", "log_", [a], ([h]) => [div(h!, a)]);
  return recordMap("pow", "pow_", [a, exponent], ([g], y) => [
    sumTo(mul(g!, mul(exponent, power(a, sub(exponent, 1)))), a.shape),
    b instanceof Tensor ? sumTo(mul(g!, mul(y, logarithm())), b.shape) : null,
  ]);
}

/** a². */
export function square<D extends DType>(a: Tensor<D>): Tensor<D> {
  checkTensor("square", a);
  return recordMap("square", "square", [a], ([g]) => [mul(g!, mul(a, 2))]) as Tensor as Tensor<D>;
}
/** √a; 0 for a ≤ 0, where the gradient is that of a tiny positive number. */
export function sqrt(a: Tensor): Tensor<"f32"> {
  checkTensor("sqrt", a);
  return recordMap("sqrt", "sqrt_", [a], ([g], y) => [div(mul(g!, 0.5), maximum(y, 1e-19))]);
}
