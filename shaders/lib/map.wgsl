// map — the named scalar functions that hooks are made of. One name here is one name in src/graph/ops.
//
// numerics   ±∞, NaN, both zeros and subnormal numbers give what IEEE 754 and PyTorch give. They are made and told by bits: a device may
//            assume that NaN and ∞ do not exist, and may take subnormal numbers for 0. Arithmetic on these is the device's (README, "Where
//            hardware differs"). exp, log, tanh, erf and the rest have forms of their own, good to a few ulps, as WGSL's promise less.
//            & and | instead of && and ||, and select instead of if: branches in a function that a loop calls many times over take a
//            software adapter's compiler minutes. Signed integers compare faster than unsigned ones on a software adapter,
//            and 2²³·n costs less than n << 23 there.

fn infinity() -> f32 { let bits = 0x7f800000u; return bitcast<f32>(bits); }
fn not_a_number() -> f32 { let bits = 0x7fc00000u; return bitcast<f32>(bits); }
fn is_nan(a: f32) -> bool { return (bitcast<i32>(a) & 0x7fffffff) > 0x7f800000; }
// y with the sign of a, for y that has none
fn with_sign(y: f32, a: f32) -> f32 { return bitcast<f32>(bitcast<u32>(y) | (bitcast<u32>(a) & 0x80000000u)); }
// y, but a itself where that is NaN, or below 2⁻³¹, where f(a) = a
fn itself(a: f32, y: f32) -> f32 { return select(y, a, (bitcast<u32>(a) & 0x7fffffffu) - 0x30000000u > 0x4f800000u); }

// Integers in the order of floats, both zeros one, NaN of either sign above ∞, which is TOP; order_down is that of −a.
const TOP = 0x7f000000;
fn ordered(a: f32) -> i32 { let s = bitcast<i32>(a); return select(s - 0x800000, 0x7f800000 - s, s < 0); }
fn ordered_down(a: f32) -> i32 { let s = bitcast<i32>(a); return select(-0x800000 - s, s + 0x7f800000, s < 0); }

fn copy(a: f32) -> f32 { return a; }
fn copy_u32(a: u32) -> u32 { return a; }
fn copy_i32(a: i32) -> i32 { return a; }
fn copy_bool(a: f32) -> f32 { return a; }
fn add(a: f32, b: f32) -> f32 { return a + b; }
fn sub(a: f32, b: f32) -> f32 { return a - b; }
fn mul(a: f32, b: f32) -> f32 { return a * b; }
fn div(a: f32, b: f32) -> f32 { return a / b; }
fn neg(a: f32) -> f32 { return bitcast<f32>(bitcast<u32>(a) ^ 0x80000000u); }
fn f32_from_u32(a: u32) -> f32 { return f32(a); }
fn f32_from_i32(a: i32) -> f32 { return f32(a); }
fn u32_from_f32(a: f32) -> u32 { return u32(a); }
fn copy_u8(a: u32) -> u32 { return a; }
// a bool is an f32 0 or 1; NaN, told by its bits, is none of the zeros
fn bool_from_f32(a: f32) -> f32 { return f32((bitcast<u32>(a) & 0x7fffffffu) != 0u); }

fn square(a: f32) -> f32 { return a * a; }
fn abs_(a: f32) -> f32 { return bitcast<f32>(bitcast<u32>(a) & 0x7fffffffu); }
fn sign_(a: f32) -> f32 { return select(with_sign(1.0, a), 0.0, (ordered(a) == -0x800000) | is_nan(a)); }
fn round_(a: f32) -> f32 { return round(a); }
// a subnormal number lies between whole ones
fn floor_(a: f32) -> f32 { return select(floor(a), -1.0, bitcast<u32>(a) - 0x80000001u < 0x7fffffu); }
fn ceil_(a: f32) -> f32 { return select(ceil(a), 1.0, bitcast<u32>(a) - 1u < 0x7fffffu); }
fn reciprocal(a: f32) -> f32 { return 1.0 / a; }
// y where 0 < a < ∞; at 0 what is given; ∞ and NaN themselves; NaN below 0
fn of_positive(a: f32, y: f32, at_zero: f32) -> f32 {
  let s = bitcast<i32>(a);
  return select(select(select(y, a, s >= 0x7f800000), not_a_number(), s < 0), at_zero, (s & 0x7fffffff) == 0);
}
// a subnormal number is its bits times 2⁻¹⁴⁹
fn sqrt_(a: f32) -> f32 {
  let s = bitcast<i32>(a);
  let tiny = s < 0x800000;
  return of_positive(a, sqrt(select(a, 2.0 * f32(s), tiny)) * select(1.0, 0x1p-75, tiny), a);
}
fn rsqrt(a: f32) -> f32 { return 1.0 / sqrt_(a); }

// Cody–Waite constants are hidden from reassociation: Mesa turns n·c + n·d into n·(c + d), which rounds c + d to 24 bits.
// The mask keeps every whole number below 8192, and a compiler cannot see that it does.
fn high_bits(n: f32) -> f32 { return bitcast<f32>(bitcast<u32>(n) & 0xfffff800u); }

// e^a = 2ⁿ·e^r with n whole and |r| ≤ ½ ln 2: e^r − 1 as a polynomial, and n·2²³ out of the last bits of n + 1.5·2²³. WGSL's own exp
// may be 3 + 2|a| ulps off. Anything where e^a is no normal number.
struct Power { less_one: f32, n: u32 }
fn power_of_e(a: f32) -> Power {
  let n = floor(fma(a, 1.44269504, 0.5));
  let r = fma(n, 2.12194440e-4, fma(high_bits(n), -0.693359375, a));
  let p = fma(r, fma(r, fma(r, fma(r, 1.3956990e-3, 8.3337059e-3), 4.1666638e-2), 0.16666666), 0.5);
  return Power(fma(r * r, p, r), bitcast<u32>(n + 12582912.0) * 0x800000u);
}
// adding to the exponent's bits reaches all normal numbers, which no single factor 2ⁿ does
fn scaled(e: Power) -> f32 { return bitcast<f32>(bitcast<u32>(1.0 + e.less_one) + e.n); }
fn exp_(a: f32) -> f32 {
  let y = select(scaled(power_of_e(a)), 0.0, a < -87.33654);
  return select(select(y, infinity(), a >= 88.72284), a, is_nan(a));
}
// e^−|a|; anything for NaN
fn decay(a: f32) -> f32 { let x = bitcast<f32>(bitcast<u32>(a) | 0x80000000u); return select(scaled(power_of_e(x)), 0.0, x < -87.33654); }
// ½(e^a − 1) as 2ⁿ⁻¹·(e^r − 1) + (2ⁿ⁻¹ − ½), which loses nothing near 0, where n = 0
fn half_expm1(a: f32) -> f32 {
  let e = power_of_e(a);
  let half = bitcast<f32>(e.n + 0x3f000000u);
  return select(select(fma(e.less_one, half, half - 0.5), -0.5, a < -40.0), infinity(), a >= 88.72284);
}
fn expm1(a: f32) -> f32 { return itself(a, 2.0 * half_expm1(a)); }
// a = 2ᵏ·m > 0 with m in [√½, √2): k·2²³ is what the bits of a are above those of √½, but for the last 23
struct Binary { exponent: f32, m: f32 }
fn binary(a: f32) -> Binary {
  let s = bitcast<i32>(a);
  let tiny = s < 0x800000;
  let bits = select(s, bitcast<i32>(f32(s)), tiny);
  let above = (bits - 0x3f3504f3) & -0x800000;
  return Binary(f32(above) * 0x1p-23 - select(0.0, 149.0, tiny), bitcast<f32>(bits - above));
}
// log m as a series in s = (m − 1)/(m + 1): full relative accuracy near a = 1, where WGSL promises none
fn log_of(m: f32) -> f32 {
  let s = (m - 1.0) / (m + 1.0);
  let q = s * s;
  return 2.0 * s + 2.0 * s * q * (0.33333333 + q * (0.2 + q * (0.14285714 + q * 0.11111111)));
}
fn log_(a: f32) -> f32 {
  let x = binary(a);
  return of_positive(a, x.exponent * 0.693359375 + (log_of(x.m) - x.exponent * 2.12194440e-4), -infinity());
}
fn log1p(a: f32) -> f32 {
  let s = a / (2.0 + a);
  let q = s * s;
  let series = 2.0 * s * (1.0 + q * (0.33333333 + q * (0.2 + q * (0.14285714 + q * 0.11111111))));
  return itself(a, select(log_(1.0 + a), series, abs(a) < 0.4));
}
fn tanh_(a: f32) -> f32 { let t = 2.0 * half_expm1(-2.0 * abs(a)); return itself(a, with_sign(-t / (2.0 + t), a)); }
fn sigmoid(a: f32) -> f32 { let e = decay(a); return select(select(e, 1.0, a >= 0.0) / (1.0 + e), a, is_nan(a)); }
// log(1 + e^−|a|) = 2 artanh ½s with s = 2t/(2 + t) ≤ ⅔ for t = e^−|a|: seven terms leave out 1.4e−8 of it
fn softplus_tail(a: f32) -> f32 {
  let t = decay(a);
  let s = (t + t) / (2.0 + t);
  let q = s * s;
  let p = fma(q, fma(q, fma(q, fma(q, 1.8780048e-5, 8.8778409e-5), 4.3402778e-4), 2.2321429e-3), 0.0125);
  return fma(s * q, fma(q, p, 0.083333333), s);
}
fn softplus(a: f32) -> f32 { return relu(a) + softplus_tail(a); }
// bits of numbers below 0 are integers below −2²³ + 1, those of NaN are not
fn relu(a: f32) -> f32 { return select(a, 0.0, bitcast<i32>(a) < -0x7fffff); }
// where the larger is NaN, it wins
fn maximum(a: f32, b: f32) -> f32 { return select(a, b, ordered(a) < ordered(b)); }
fn minimum(a: f32, b: f32) -> f32 { return select(a, b, ordered_down(a) < ordered_down(b)); }
fn clamp_(a: f32, low: f32, high: f32) -> f32 {
  let o = ordered(a);
  return select(select(a, low, o < ordered(low)), high, (o > ordered(high)) & (o <= TOP));
}
fn where_(condition: f32, a: f32, b: f32) -> f32 { return select(b, a, (bitcast<u32>(condition) & 0x7fffffffu) != 0u); }
fn less(a: f32, b: f32) -> f32 { return f32((ordered(a) < ordered(b)) & (ordered(b) <= TOP)); }
fn less_equal(a: f32, b: f32) -> f32 { return f32((ordered(a) <= ordered(b)) & (ordered(b) <= TOP)); }
fn greater(a: f32, b: f32) -> f32 { return less(b, a); }
fn greater_equal(a: f32, b: f32) -> f32 { return less_equal(b, a); }
fn equal(a: f32, b: f32) -> f32 { return f32((ordered(a) == ordered(b)) & (ordered(b) <= TOP)); }
fn not_equal(a: f32, b: f32) -> f32 { return 1.0 - equal(a, b); }
fn nan(a: f32) -> f32 { return f32(is_nan(a)); }
// 1 where the bits of a are a number; a comparison of a with itself may be folded away
fn finite(a: f32) -> f32 { return f32((bitcast<u32>(a) & 0x7f800000u) != 0x7f800000u); }
// the position of the element itself along an axis of `extent` elements, each `stride` apart
fn position(i: u32, stride: u32, extent: u32) -> u32 { return (i / stride) % extent; }

// the derivatives of relu with result y and of clamp_, and of maximum by a, times g
fn relu_slope(g: f32, y: f32) -> f32 { return select(g, 0.0, bitcast<u32>(y) == 0u); }
fn clamp_slope(g: f32, a: f32, low: f32, high: f32) -> f32 { return select(0.0, g, (ordered(a) >= ordered(low)) & (ordered(a) <= ordered(high))); }
fn wins(g: f32, a: f32, b: f32) -> f32 {
  let tied = select(g, 0.5 * g, ordered(a) == ordered(b));
  return select(select(tied, 0.0, ordered(a) < ordered(b)), g, is_nan(a) | is_nan(b));
}
// 1 where a is the extreme b of its row
fn is_extreme(a: f32, b: f32) -> f32 { return f32((ordered(a) == ordered(b)) | (is_nan(a) & is_nan(b))); }

// z = μ + e^{ℓ/2}·ε
fn reparameterise(mu: f32, l: f32, eps: f32) -> f32 { return mu + exp_(0.5 * l) * eps; }
// ½ (μ² + e^ℓ − 1 − ℓ), one latent dimension of the divergence from N(0, 1)
fn kl_term(mu: f32, l: f32) -> f32 { return fma(0.5 * mu, mu, half_expm1(l) - 0.5 * l); }
// −log p(x) of a Bernoulli with logit a:  max(a, 0) − a·x + log(1 + e^{−|a|})
fn bernoulli_term(a: f32, x: f32) -> f32 { return relu(a) - a * x + softplus_tail(a); }
fn bernoulli_slope(g: f32, a: f32, x: f32) -> f32 { return g * (sigmoid(a) - x); }
