import { check } from "../../device/errors.ts";
import { type DType, isFloat, type Joint } from "../dtype.ts";
import { recordMap } from "../record.ts";
import { type TensorOrNumber, Tensor } from "../tensor.ts";
import { add, equal, greaterEqual, joined, mul, neg, sqrt, square, sub, where } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { log } from "./elementwise.ts";
import { unexpand } from "./shape.ts";

/**
 * a^b, broadcast: whole and half exponents up to 2¹⁶ by multiplication, others to about 2 ulps. As in IEEE 754, a < 0 needs a whole b,
 * 0⁰ = 1^b = 1 also where b is NaN. Powers of integers wrap around; a tensor of exponents may be negative, which gives 0 but for 1 and −1.
 *
 *     await pow(gpu.tensor([2, 3]), 2).read(); // 4, 9
 */
export function pow<A extends DType = never, B extends DType = never>(
  a: TensorOrNumber<A>,
  b: TensorOrNumber<B>,
): Tensor<Joint<A, B>> {
  return power(a as TensorOrNumber, b as TensorOrNumber) as Tensor<Joint<A, B>>;
}

function power(base: TensorOrNumber, b: TensorOrNumber): Tensor {
  if (base instanceof Tensor && !isFloat(base.dtype) && typeof b === "number") return wholePower(base, b);
  const [a, exponent] = joined("pow", base, b);
  if (!isFloat(a.dtype) && exponent.dtype === a.dtype) return powerOfIntegers(a, exponent);
  if (b === 1) return a;
  if (b === 2) return square(a);
  if (b === 3) return mul(square(a), a);
  if (b === 4) return square(square(a));
  if (b === -1) return recordMap("pow", "reciprocal", [a], ([g], y) => [neg(mul(g!, square(y)))]);
  if (b === 0.5) return sqrt(a);
  if (b === -0.5) return recordMap("pow", "rsqrt", [a], ([g]) => [mul(g!, mul(pow(a, -1.5), -0.5))]);
  const byBase = () => {
    const slope = mul(pow(a, typeof b === "number" ? b - 1 : sub(b, 1)), exponent);
    return b instanceof Tensor ? where(equal(exponent, 0), 0, slope) : slope;
  };
  return recordMap("pow", "pow_", [a, exponent], ([g], y) => [
    base instanceof Tensor && b !== 0 ? unexpand(mul(g!, byBase()), a.shape) : null,
    b instanceof Tensor
      ? unexpand(mul(g!, where(mul(equal(a, 0), greaterEqual(exponent, 0)), 0, mul(y, log(a)))), b.shape)
      : null,
  ]);
}

/** Powers of integers by integers, which wrap around; bytes as i32. */
function powerOfIntegers(a: Tensor, b: Tensor): Tensor {
  if (a.dtype === "u8") return cast(powerOfIntegers(cast(a, "i32"), cast(b, "i32")), "u8");
  return recordMap("pow", a.dtype === "i32" ? "pow_i32" : "pow_u32", [a, b], null);
}

/** Powers of integers by a number, by squaring. */
function wholePower(a: Tensor, b: number): Tensor {
  check(
    Number.isInteger(b) && b >= 0 && b < 2 ** 31,
    "argument",
    "pow",
    () => `expected a whole exponent ≥ 0 for ${a.dtype}; got ${b}. Use cast(x, "f32").`,
  );
  let y: Tensor | null = null;
  for (let factor = a, left = b; left > 0; left >>= 1) {
    if (left & 1) y = y ? mul(y, factor) : factor;
    if (left > 1) factor = mul(factor, factor);
  }
  return y ?? add(mul(a, 0), 1);
}
