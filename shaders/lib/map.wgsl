// map — the named scalar functions that hooks are made of. One name here is one name in src/graph/ops.
//
// numerics   exp, tanh, softplus and the rest go through forms that stay finite: exp saturates at the largest finite
//            f32 instead of ∞, tanh is ±1 beyond 15 (WGSL allows sinh/cosh there: ∞/∞), log of 0 is the log of the
//            smallest normal f32, and powers of negative bases are taken by parity of the exponent.
//            min, max and clamp of WGSL may drop a NaN, and some devices pay dearly for that; a comparison and a select keep it.
//            2²³·n costs less than n << 23 there.
//            & and | instead of && and ||, and select instead of if: branches in a function that a loop calls many times over
//            take a software adapter's compiler minutes.

const LARGEST = 3.4028234e38;
const SMALLEST = 1.17549435e-38;

fn larger(a: f32, b: f32) -> f32 { return select(a, b, a < b); }
fn smaller(a: f32, b: f32) -> f32 { return select(a, b, a > b); }

// told by bits: a device may assume that a comparison of a number with itself holds
fn is_nan(a: f32) -> bool { return (bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u; }

fn copy(a: f32) -> f32 { return a; }
fn copy_u32(a: u32) -> u32 { return a; }
fn copy_i32(a: i32) -> i32 { return a; }
fn copy_bool(a: f32) -> f32 { return a; }
fn add(a: f32, b: f32) -> f32 { return a + b; }
fn sub(a: f32, b: f32) -> f32 { return a - b; }
fn mul(a: f32, b: f32) -> f32 { return a * b; }
fn div(a: f32, b: f32) -> f32 { return a / b; }
fn neg(a: f32) -> f32 { return -a; }
fn add_u32(a: u32, b: u32) -> u32 { return a + b; }
fn mul_u32(a: u32, b: u32) -> u32 { return a * b; }
fn sub_u32(a: u32, b: u32) -> u32 { return a - b; }
fn neg_u32(a: u32) -> u32 { return 0u - a; }
fn maximum_u32(a: u32, b: u32) -> u32 { return max(a, b); }
fn minimum_u32(a: u32, b: u32) -> u32 { return min(a, b); }
fn where_u32(condition: f32, a: u32, b: u32) -> u32 { return select(b, a, condition != 0.0); }
// of a division by 0 both are 0
fn remainder_u32(a: u32, b: u32) -> u32 { return select(a % max(b, 1u), 0u, b == 0u); }
fn floor_divide_u32(a: u32, b: u32) -> u32 { return select(a / max(b, 1u), 0u, b == 0u); }
fn add_i32(a: i32, b: i32) -> i32 { return a + b; }
fn sub_i32(a: i32, b: i32) -> i32 { return a - b; }
fn mul_i32(a: i32, b: i32) -> i32 { return a * b; }
fn neg_i32(a: i32) -> i32 { return -a; }
fn abs_i32(a: i32) -> i32 { return abs(a); }
fn sign_i32(a: i32) -> i32 { return sign(a); }
fn maximum_i32(a: i32, b: i32) -> i32 { return max(a, b); }
fn minimum_i32(a: i32, b: i32) -> i32 { return min(a, b); }
fn where_i32(condition: f32, a: i32, b: i32) -> i32 { return select(b, a, condition != 0.0); }
// the remainder has the sign of b, the quotient is rounded down;  −2³¹ / −1 wraps around
fn remainder_i32(a: i32, b: i32) -> i32 {
  let r = a % select(b, 1, (b == 0) | (b == -1));
  return select(r, r + b, (r != 0) & ((r ^ b) < 0));
}
fn floor_divide_i32(a: i32, b: i32) -> i32 {
  let q = (a - remainder_i32(a, b)) / select(b, 1, (b == 0) | (b == -1));
  return select(select(q, -a, b == -1), 0, b == 0);
}
fn f32_from_u32(a: u32) -> f32 { return f32(a); }
fn f32_from_i32(a: i32) -> f32 { return f32(a); }
fn u32_from_f32(a: f32) -> u32 { return u32(a); }
fn i32_from_f32(a: f32) -> i32 { return i32(a); }
fn u32_from_i32(a: i32) -> u32 { return u32(a); }
fn i32_from_u32(a: u32) -> i32 { return i32(a); }
fn i32_from_u8(a: u32) -> i32 { return i32(a); }
fn u8_from_i32(a: i32) -> u32 { return u32(a) & 255u; }
fn copy_u8(a: u32) -> u32 { return a; }
// a bool is an f32 0 or 1; NaN, told by its bits, is none of the zeros
fn bool_from_f32(a: f32) -> f32 { return f32((bitcast<u32>(a) & 0x7fffffffu) != 0u); }
fn bool_from_i32(a: i32) -> f32 { return f32(a != 0); }
fn bool_from_u32(a: u32) -> f32 { return f32(a != 0u); }

fn square(a: f32) -> f32 { return a * a; }
fn abs_(a: f32) -> f32 { return abs(a); }
fn sign_(a: f32) -> f32 { return sign(a); }
fn floor_(a: f32) -> f32 { return floor(a); }
fn reciprocal(a: f32) -> f32 { return 1.0 / a; }
// inverseSqrt alone may be 2 ulps off, and sqrt(0) inherits 1/inverseSqrt(0) on some devices
fn sqrt_(a: f32) -> f32 { return select(sqrt(larger(a, SMALLEST)), 0.0, a <= 0.0); }

// The same whole number below 8192, and another one to a compiler: WGSL lets it gather n·c + n·d into n·(c + d), as Mesa does, and
// then a constant that stands below in parts, so that n times the first is exact, has 24 bits like any other.
fn leading(n: f32) -> f32 { return bitcast<f32>(bitcast<u32>(n) & 0xfffff800u); }

// e^a = 2ⁿ·e^r with n whole and |r| ≤ ½ ln 2: of a in [−87.33, 88.72], e^r − 1 as a polynomial, and 2ⁿ⁻¹ (2¹²⁸ itself has no
// bit pattern), whose exponent comes from the last bits of n + 1.5·2²³. WGSL's own exp may be 3 + 2|a| ulps off.
struct Power { less_one: f32, half: f32 }
fn power_of_e(a: f32) -> Power {
  let x = larger(smaller(a, 88.72), -87.33);
  let n = floor(fma(x, 1.44269504, 0.5));
  let r = fma(n, 2.12194440e-4, fma(leading(n), -0.693359375, x));
  let p = fma(r, fma(r, fma(r, fma(r, 1.3956990e-3, 8.3337059e-3), 4.1666638e-2), 0.16666666), 0.5);
  return Power(fma(r * r, p, r), bitcast<f32>(bitcast<u32>(n + 12582912.0) * 0x800000u + 0x3f000000u));
}
// 0 below −86.99, where e^a < 1.7e−38
fn exp_(a: f32) -> f32 {
  let e = power_of_e(a);
  return select(fma(2.0, e.less_one, 2.0) * e.half, LARGEST, a > 88.72);
}
// a = 2ᵏ·m with m in [√½, √2): k·2²³ is what the bits of a are above those of √½, but for the last 23
struct Binary { exponent: f32, m: f32 }
fn binary(a: f32) -> Binary {
  let bits = bitcast<u32>(a);
  let above = (bits - 0x3f3504f3u) & 0xff800000u;
  return Binary(f32(bitcast<i32>(above)) * 0x1p-23, bitcast<f32>(bits - above));
}
// log 1 + series in s = (m − 1)/(m + 1): full relative accuracy near a = 1, where WGSL promises none
fn log_(a: f32) -> f32 {
  let x = binary(larger(a, SMALLEST));
  let s = (x.m - 1.0) / (x.m + 1.0);
  let q = s * s;
  let log_m = 2.0 * s + 2.0 * s * q * (0.33333333 + q * (0.2 + q * (0.14285714 + q * 0.11111111)));
  return select(x.exponent * 0.693359375 + (log_m - x.exponent * 2.12194440e-4), a, is_nan(a));
}
// 2·(2ⁿ⁻¹·(e^r − 1) + (2ⁿ⁻¹ − ½)), which loses nothing near 0, where n = 0
fn expm1(a: f32) -> f32 {
  let e = power_of_e(a);
  return select(2.0 * fma(e.less_one, e.half, e.half - 0.5), LARGEST, a > 88.72);
}
fn log1p(a: f32) -> f32 {
  let s = a / (2.0 + a);
  let q = s * s;
  let series = 2.0 * s * (1.0 + q * (0.33333333 + q * (0.2 + q * (0.14285714 + q * 0.11111111))));
  return select(log_(1.0 + a), series, abs(a) < 0.4);
}
fn tanh_(a: f32) -> f32 {
  let x = abs(a);
  let t = expm1(-2.0 * smaller(x, 15.0));
  return select(1.0, -1.0, a < 0.0) * (-t / (2.0 + t));
}
fn sigmoid(a: f32) -> f32 {
  let e = exp_(-abs(a));
  return select(e, 1.0, a >= 0.0) / (1.0 + e);
}
// log(1 + e^−|a|) = 2 artanh s with s = t/(2 + t) ≤ ⅓ for t = e^−|a|: seven terms leave out 1.4e−8 of it
fn softplus_tail(a: f32) -> f32 {
  let t = exp_(-abs(a));
  let s = t / (2.0 + t);
  let q = s * s;
  let p = fma(q, fma(q, fma(q, fma(q, 0.076923077, 0.090909091), 0.11111111), 0.14285714), 0.2);
  return 2.0 * fma(s * q, fma(q, p, 0.33333333), s);
}
fn softplus(a: f32) -> f32 { return relu(a) + softplus_tail(a); }
fn relu(a: f32) -> f32 { return larger(a, 0.0); }
fn leaky_relu(a: f32, slope: f32) -> f32 { return select(slope * a, a, a > 0.0); }
fn sin_(a: f32) -> f32 { return reduced_turn(a).y; }
fn cos_(a: f32) -> f32 { return reduced_turn(a).x; }
// cos and sin by quadrant; good to 2e-7 while |a| < 1e4, the range of Cody–Waite reduction in three parts
fn reduced_turn(a: f32) -> vec2f {
  let n = floor(a * 0.63661977 + 0.5);
  let t = ((a - leading(n) * 1.5703125) - n * 4.8375130e-4) - n * 7.5497899e-8;
  let q = t * t;
  let s = t * (1.0 + q * (-0.16666667 + q * (8.3333333e-3 + q * (-1.9841270e-4 + q * 2.7557319e-6))));
  let c = 1.0 + q * (-0.5 + q * (4.1666667e-2 + q * (-1.3888889e-3 + q * 2.4801587e-5)));
  let quadrant = u32(i32(n)) & 3u;
  let swapped = select(vec2f(c, s), vec2f(-s, c), (quadrant & 1u) == 1u);
  return select(swapped, -swapped, quadrant >= 2u);
}
fn pow_(a: f32, b: f32) -> f32 {
  let magnitude = exp_(b * log_(abs(a)));
  let whole = floor(b) == b;
  let odd = whole & (abs(b) < 16777216.0) & ((i32(b) & 1) != 0);
  let signed_power = select(magnitude, -magnitude, (a < 0.0) & odd);
  let at_zero = select(select(LARGEST, 0.0, b > 0.0), 1.0, b == 0.0);
  let not_real = bitcast<f32>(0x7fc00000u | (bitcast<u32>(a) & 1u));
  return select(select(signed_power, not_real, (a < 0.0) & !whole), at_zero, (a == 0.0) | (b == 0.0));
}

// a − b·⌊a/b⌋ with the sign of b, exactly: long division of the whole numbers m·2ⁿ that floats are, eight bits at a time
fn truncated_remainder(a: f32, b: f32) -> f32 {
  let x = bitcast<u32>(a) & 0x7fffffffu;
  let y = bitcast<u32>(b) & 0x7fffffffu;
  let down = max(y >> 23u, 1u);
  let divisor = max(select(0u, 0x800000u, y >= 0x800000u) | (y & 0x7fffffu), 1u);
  var m = (select(0u, 0x800000u, x >= 0x800000u) | (x & 0x7fffffu)) % divisor;
  for (var n = max(max(x >> 23u, 1u), down) - down; n > 0u; n -= min(n, 8u)) { m = (m << min(n, 8u)) % divisor; }
  let shift = min(countLeadingZeros(m) - 8u, down - 1u);
  let bits = select(0u, (m << shift) + ((down - 1u - shift) << 23u), m != 0u);
  let result = bitcast<f32>(bits | (bitcast<u32>(a) & 0x80000000u));
  let not_real = (x >= 0x7f800000u) | (y == 0u) | (y > 0x7f800000u);
  return select(select(result, a, x < y), bitcast<f32>(0x7fc00000u | (x & 1u)), not_real);
}
fn has_other_sign(r: f32, b: f32) -> bool {
  return ((bitcast<u32>(r) & 0x7fffffffu) != 0u) & (((bitcast<u32>(r) ^ bitcast<u32>(b)) >> 31u) == 1u);
}
fn remainder(a: f32, b: f32) -> f32 {
  let r = truncated_remainder(a, b);
  return select(r, r + b, has_other_sign(r, b));
}
fn floor_divide(a: f32, b: f32) -> f32 {
  let r = truncated_remainder(a, b);
  let q = round((a - r) / b) - f32(has_other_sign(r, b));
  return select(q, a / b, b == 0.0);
}

fn maximum(a: f32, b: f32) -> f32 { return select(larger(a, b), b, is_nan(b)); }
fn minimum(a: f32, b: f32) -> f32 { return select(smaller(a, b), b, is_nan(b)); }
fn clamp_(a: f32, low: f32, high: f32) -> f32 { return smaller(larger(a, low), high); }
fn where_(condition: f32, a: f32, b: f32) -> f32 { return select(b, a, condition != 0.0); }
fn less(a: f32, b: f32) -> f32 { return f32(a < b); }
fn less_equal(a: f32, b: f32) -> f32 { return f32(a <= b); }
fn greater(a: f32, b: f32) -> f32 { return f32(a > b); }
fn greater_equal(a: f32, b: f32) -> f32 { return f32(a >= b); }
fn equal(a: f32, b: f32) -> f32 { return f32(a == b); }
fn not_equal(a: f32, b: f32) -> f32 { return f32(a != b); }
fn equal_u32(a: u32, b: u32) -> f32 { return f32(a == b); }
fn not_equal_u32(a: u32, b: u32) -> f32 { return f32(a != b); }
fn less_u32(a: u32, b: u32) -> f32 { return f32(a < b); }
fn less_equal_u32(a: u32, b: u32) -> f32 { return f32(a <= b); }
fn equal_i32(a: i32, b: i32) -> f32 { return f32(a == b); }
fn not_equal_i32(a: i32, b: i32) -> f32 { return f32(a != b); }
fn less_i32(a: i32, b: i32) -> f32 { return f32(a < b); }
fn less_equal_i32(a: i32, b: i32) -> f32 { return f32(a <= b); }
// 1 where the bits of a are a number; a comparison of a with itself may be folded away
fn finite(a: f32) -> f32 { return f32((bitcast<u32>(a) & 0x7f800000u) != 0x7f800000u); }
// the position of the element itself along an axis of `extent` elements, each `stride` apart
fn position(i: u32, stride: u32, extent: u32) -> u32 { return (i / stride) % extent; }
// a whole number as a label; all others become one that is no class
fn label_of(a: f32) -> u32 {
  return select(0x80000000u, u32(i32(a)), (bitcast<u32>(a) & 0x7fffffffu) < 0x4f000000u && floor(a) == a);
}
// 1 where the label is this class, negative ones counted from the end where wrap = classes; NaN where it is none
fn one_hot(label: u32, class_: u32, classes: u32, wrap: u32) -> f32 {
  let own = select(label, label + wrap, label >= 0x80000000u);
  return select(f32(own == class_), bitcast<f32>(0x7fc00000u | (label & 1u)), own >= classes);
}

// the derivative of relu, leaky_relu and clamp_, times g
fn relu_slope(g: f32, y: f32) -> f32 { return select(0.0, g, y > 0.0); }
fn leaky_relu_slope(g: f32, a: f32, slope: f32) -> f32 { return select(slope * g, g, a > 0.0); }
fn clamp_slope(g: f32, a: f32, low: f32, high: f32) -> f32 { return select(0.0, g, (a >= low) & (a <= high)); }

// z = μ + e^{ℓ/2}·ε
fn reparameterise(mu: f32, l: f32, eps: f32) -> f32 { return mu + exp_(0.5 * l) * eps; }
// ½ (μ² + e^ℓ − 1 − ℓ), one latent dimension of the divergence from N(0, 1)
fn kl_term(mu: f32, l: f32) -> f32 {
  let e = power_of_e(l);
  return fma(0.5 * mu, mu, fma(e.less_one, e.half, e.half - 0.5) - 0.5 * l);
}
// −log p(x) of a Bernoulli with logit a:  max(a, 0) − a·x + log(1 + e^{−|a|})
fn bernoulli_term(a: f32, x: f32) -> f32 { return relu(a) - a * x + softplus_tail(a); }
fn bernoulli_slope(g: f32, a: f32, x: f32) -> f32 { return g * (sigmoid(a) - x); }
