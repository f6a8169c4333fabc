import { check } from "../../device/errors.ts";
import { type DType, elements, isFloat, type Joint, remedy, scalarOf } from "../dtype.ts";
import type { MapName } from "../maps.ts";
import { checkOperand, checkTensor } from "../operand.ts";
import { constant, recordMap, relabel } from "../record.ts";
import { type TensorOrNumber, type Vjp, Tensor } from "../tensor.ts";
import { cast } from "./cast.ts";
import { unexpand } from "./shape.ts";

/** @internal Both as tensors of one dtype: a number takes the other's, a bool that of what stands beside it (f32 beside a number). */
export function joined(where: string, a: TensorOrNumber, b: TensorOrNumber): [Tensor, Tensor] {
  checkOperand(where, a);
  checkOperand(where, b);
  const tensor = a instanceof Tensor ? a : b;
  check(tensor instanceof Tensor, "argument", where, () => "expected at least one tensor; got two numbers.");
  const dtypes = [a, b].flatMap((x) => (x instanceof Tensor ? [x.dtype] : []));
  const to = dtypes.find((d) => d !== "bool") ?? (dtypes.length === 2 ? "bool" : "f32");
  const lift = (x: TensorOrNumber): Tensor => {
    if (x instanceof Tensor) return x.dtype === "bool" ? cast(x, to) : x;
    elements(where, to, [x]);
    return constant(tensor.gpu, x, to);
  };
  return [lift(a), lift(b)];
}

/** The maps of an op for each dtype; u8 is computed in i32, bools are taken as they lie, f32 0 and 1. */
type Names = { readonly f32: MapName; readonly u32: MapName; readonly i32: MapName };
// @__NO_SIDE_EFFECTS__
const named = (name: string, f32 = name) => ({ f32, u32: `${name}_u32`, i32: `${name}_i32` }) as Names;
type Slope = (g: Tensor, a: Tensor, b: Tensor, y: Tensor) => readonly [() => Tensor, () => Tensor];

/** Records the map that `names` has for the dtype of both. */
function recordBinary(where: string, names: Names, a: Tensor, b: Tensor, slope: Slope | null): Tensor {
  check(
    a.dtype === b.dtype,
    "argument",
    where,
    () => `dtypes differ. Expected two tensors of one dtype; got ${a.dtype} and ${b.dtype}. ${remedy(a, b)}`,
  );
  if (a.dtype === "u8") {
    const y = recordBinary(where, names, cast(a, "i32"), cast(b, "i32"), null);
    return y.dtype === "i32" ? cast(y, "u8") : y;
  }
  const fn = names[scalarOf(a.dtype)] as MapName | undefined;
  check(fn !== undefined, "argument", where, () => `expected f32 tensors; got ${a.dtype}. ${remedy(a)}`);
  const vjp: Vjp | null =
    slope && a.dtype === "f32"
      ? ([g], y) => {
          const [da, db] = slope(g!, a, b, y);
          const back = (x: Tensor, d: () => Tensor) => (x.source.kind === "constant" ? null : unexpand(d(), x.shape));
          return [back(a, da), back(b, db)];
        }
      : null;
  return recordMap(where, fn, [a, b], vjp);
}

/** An op of two inputs; `slope` gives each input's gradient before broadcasting is summed away. `bools`: what two bools give. */
// @__NO_SIDE_EFFECTS__: bundlers leave out ops that nobody calls
function binary(where: string, names: Names, slope: Slope | null, bools: MapName | null = null) {
  return <A extends DType = never, B extends DType = never>(
    left: TensorOrNumber<A>,
    right: TensorOrNumber<B>,
  ): Tensor<Joint<A, B>> => {
    const [a, b] = joined(where, left as TensorOrNumber, right as TensorOrNumber);
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
const comparison =
  (where: string, names: Names, swapped = false) =>
  (left: TensorOrNumber, right: TensorOrNumber): Tensor<"bool"> => {
    const [a, b] = joined(where, left, right);
    // the larger of two integers is told by the map for the smaller one
    const swaps = swapped && !isFloat(a.dtype);
    return recordBinary(where, names, swaps ? b : a, swaps ? a : b, null) as Tensor<"bool">;
  };

/**
 * a + b, broadcast. Integers wrap around; of two bools, whether one is true.
 *
 *     await add(gpu.tensor([1, 2]), 10).read(); // 11, 12
 */
export const add = binary("add", named("add"), (g) => [() => g, () => g], "maximum");
/**
 * a − b, broadcast. Integers wrap around.
 *
 *     await sub(gpu.tensor([1, 2]), 10).read(); // -9, -8
 */
export const sub = binary("sub", named("sub"), (g) => [() => g, () => neg(g)]);
/**
 * a · b, element by element, broadcast. Integers wrap around; of two bools, whether both are true.
 *
 *     await mul(gpu.tensor([1, 2]), 10).read(); // 10, 20
 */
export const mul = binary("mul", named("mul"), (g, a, b) => [() => mul(g, b), () => mul(g, a)], "mul");
/**
 * a / b, broadcast; always f32, integers and bools being cast.
 *
 *     await div(gpu.tensor([1, 2]), 10).read(); // 0.1, 0.2
 */
export function div(left: TensorOrNumber, right: TensorOrNumber): Tensor<"f32"> {
  const [a, b] = joined("div", left, right);
  const slope: Slope = (g, _a, divisor, y) => [() => div(g, divisor), () => neg(mul(g, div(y, divisor)))];
  // only equal dtypes are cast, so that an error names the dtypes that the caller gave
  const [x, y] = a.dtype === b.dtype ? [cast(a, "f32"), cast(b, "f32")] : [a, b];
  return recordBinary("div", { f32: "div" } as Names, x, y, slope) as Tensor<"f32">;
}
/**
 * What a division rounded down leaves, a − b·⌊a/b⌋, with the sign of b: PyTorch's and NumPy's remainder, Python's %. Exact.
 * By 0: NaN, and 0 for integers. The gradient by a is 1, that by b −⌊a/b⌋.
 *
 *     await remainder(gpu.tensor([5, -5]), 3).read(); // 2, 1
 */
export const remainder = binary("remainder", named("remainder"), (g, a, b) => [
  () => g,
  () => neg(mul(g, floorDivide(a, b))),
]);
/**
 * ⌊a/b⌋, PyTorch's floor_divide. By 0: ±∞ or NaN, and 0 for integers. No gradient.
 *
 *     await floorDivide(gpu.tensor([5, -5]), 3).read(); // 1, -2
 */
export const floorDivide = binary("floorDivide", named("floor_divide"), null);
/**
 * The larger of both, NaN where one is; where they are equal, each gets half of the gradient.
 *
 *     await maximum(gpu.tensor([1, 5]), 3).read(); // 3, 5
 */
export const maximum = binary(
  "maximum",
  named("maximum"),
  (g, a, b) => [() => wins(g, a, b), () => wins(g, b, a)],
  "maximum",
);
/**
 * The smaller of both, NaN where one is; where they are equal, each gets half of the gradient.
 *
 *     await minimum(gpu.tensor([1, 5]), 3).read(); // 1, 3
 */
export const minimum = binary(
  "minimum",
  named("minimum"),
  (g, a, b) => [() => wins(g, b, a), () => wins(g, a, b)],
  "minimum",
);

// g where a > b or one is NaN, ½ g where they are equal, else 0
const wins = (g: Tensor, a: Tensor, b: Tensor): Tensor =>
  recordMap("maximum", "wins", [g, a, b], ([h]) => [unexpand(wins(h!, a, b), g.shape), null, null]);

/**
 * The angle of the point (x, y), in [−π, π], with the signs of zeros: atan2(y, x).
 *
 *     await atan2(gpu.tensor([1, -1]), 0).read(); // 1.5708, -1.5708
 */
export const atan2 = binary("atan2", { f32: "atan2_" } as Names, (g, y, x) => {
  const squares = () => add(square(y), square(x));
  return [() => mul(g, div(x, squares())), () => neg(mul(g, div(y, squares())))];
});

/**
 * Whether a < b, element by element, broadcast. Comparisons give bools, and have no gradient.
 *
 *     await less(gpu.tensor([1, 2, 3]), 2).read(); // 1, 0, 0
 */
export const less = comparison("less", named("less"));
/**
 * left ≤ right, element by element.
 *
 *     await lessEqual(gpu.tensor([1, 2, 3]), 2).read(); // 1, 1, 0
 */
export const lessEqual = comparison("lessEqual", named("less_equal"));
/**
 * left > right, element by element.
 *
 *     await greater(gpu.tensor([1, 2, 3]), 2).read(); // 0, 0, 1
 */
export const greater = comparison("greater", named("less", "greater"), true);
/**
 * left ≥ right, element by element.
 *
 *     await greaterEqual(gpu.tensor([1, 2, 3]), 2).read(); // 0, 1, 1
 */
export const greaterEqual = comparison("greaterEqual", named("less_equal", "greater_equal"), true);
/**
 * left = right, element by element.
 *
 *     await equal(gpu.tensor([1, 2, 3]), 2).read(); // 0, 1, 0
 */
export const equal = comparison("equal", named("equal"));
/**
 * left ≠ right, element by element.
 *
 *     await notEqual(gpu.tensor([1, 2, 3]), 2).read(); // 1, 0, 1
 */
export const notEqual = comparison("notEqual", named("not_equal"));

const comparisons = { "<": less, "<=": lessEqual, ">": greater, ">=": greaterEqual, "==": equal, "!=": notEqual };

/**
 * Whether `a relation b` holds, element by element, broadcast.
 *
 *     await compare(gpu.tensor([1, 2, 3]), "<", 2).read(); // 1, 0, 0
 */
export function compare(a: TensorOrNumber, relation: keyof typeof comparisons, b: TensorOrNumber): Tensor<"bool"> {
  const op = Object.hasOwn(comparisons, relation) ? comparisons[relation] : undefined;
  check(
    op !== undefined,
    "argument",
    "compare",
    () => `unknown relation. Expected one of ${Object.keys(comparisons).join(" ")}; got ${String(relation)}.`,
  );
  return op(a, b);
}

/**
 * −a; unsigned integers wrap around. Bools are refused, as by PyTorch: logicalNot() is meant.
 *
 *     await neg(gpu.tensor([1, -2])).read(); // -1, 2
 */
export function neg<D extends DType>(a: Tensor<D>): Tensor<D> {
  checkTensor("neg", a);
  check(a.dtype !== "bool", "argument", "neg", () => "expected numbers; got bool. Use logicalNot().");
  return recordUnary("neg", named("neg"), a, ([g]) => [neg(g!)]);
}

/** Records the map that `names` has for the dtype of `a`. */
export function recordUnary<D extends DType>(
  where: string,
  names: { readonly f32: MapName; readonly i32: MapName; readonly u32?: MapName },
  a: Tensor<D>,
  vjp: Vjp | null,
): Tensor<D> {
  if (a.dtype === "u8")
    return cast(recordUnary(where, names, cast(a as Tensor, "i32"), null), "u8") as Tensor as Tensor<D>;
  const { [scalarOf(a.dtype)]: fn } = names;
  // unsigned integers and bools stay as they are
  if (!fn || a.dtype === "bool") return a;
  return recordMap(where, fn, [a], a.dtype === "f32" ? vjp : null) as Tensor as Tensor<D>;
}

/**
 * a where `condition` is not 0 (NaN is not), else b; all broadcast. The condition, of any dtype, has no gradient.
 *
 *     await where(less(gpu.tensor([1, 5]), 3), 0, 1).read(); // 0, 1
 */
export function where<A extends DType = never, B extends DType = never>(
  condition: Tensor,
  a: TensorOrNumber<A>,
  b: TensorOrNumber<B>,
): Tensor<Joint<A, B>> {
  checkTensor("where", condition, "a condition that is a tensor");
  const numbers = typeof a === "number" && typeof b === "number";
  const [yes, no] = joined("where", numbers ? constant(condition.gpu, a) : (a as TensorOrNumber), b as TensorOrNumber);
  check(
    yes.dtype === no.dtype,
    "argument",
    "where",
    () => `dtypes differ. Expected two tensors of one dtype; got ${yes.dtype} and ${no.dtype}. ${remedy(yes, no)}`,
  );
  if (yes.dtype === "u8")
    return cast(where(condition, cast(yes, "i32"), cast(no, "i32")), "u8") as Tensor as Tensor<Joint<A, B>>;
  const chooses = isFloat(condition.dtype) ? condition : cast(condition, "bool");
  const fn = isFloat(yes.dtype) ? "where_" : (`where_${yes.dtype}` as "where_i32");
  const y: Tensor = recordMap("where", fn, [chooses, yes, no], ([g]) => [
    null,
    unexpand(where(chooses, g!, 0), yes.shape),
    unexpand(where(chooses, 0, g!), no.shape),
  ]);
  return (yes.dtype === "bool" ? relabel(y, "bool") : y) as Tensor as Tensor<Joint<A, B>>;
}

/**
 * a²; integers wrap around.
 *
 *     await square(gpu.tensor([2, 3])).read(); // 4, 9
 */
export function square<D extends DType>(a: Tensor<D>): Tensor<D> {
  checkTensor("square", a);
  if (a.dtype !== "f32") return mul(a as Tensor, a as Tensor) as Tensor as Tensor<D>;
  return recordMap("square", "square", [a], ([g]) => [mul(g!, mul(a, 2))]) as Tensor as Tensor<D>;
}
/**
 * √a; NaN below 0. Its gradient at 0 is ∞, as in PyTorch: add a small number before a root that is differentiated there.
 *
 *     await sqrt(gpu.tensor([4, 9])).read(); // 2, 3
 */
export function sqrt(a: Tensor): Tensor<"f32"> {
  checkTensor("sqrt", a);
  return recordMap("sqrt", "sqrt_", [a], ([g], y) => [div(mul(g!, 0.5), y)]);
}
