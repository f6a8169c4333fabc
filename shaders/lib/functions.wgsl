// functions — the scalar functions of lib/map.wgsl that few programs call: angles, erf, remainders, powers, labels, arithmetic of integers.
//
// numerics   as there; each says how far it may be off

fn sin_(a: f32) -> f32 { return itself(a, reduced_turn(a).y); }
fn cos_(a: f32) -> f32 { return reduced_turn(a).x; }
fn tan_(a: f32) -> f32 { let angle = reduced_turn(a); return itself(a, angle.y / angle.x); }
// cos and sin of a = n·π/2 + t, by quadrant. Below 8192·π/2 Cody–Waite's t in four parts, the first three of few bits, so that products with n
// are exact; beyond, Payne & Hanek's: the fraction of a·2/π out of those bits of 2/π that it depends on. That path is a loop of one
// turn, since a software adapter goes through both sides of a branch.
fn reduced_turn(a: f32) -> vec2f {
  let bits = bitcast<u32>(a) & 0x7fffffffu;
  let n = floor(a * 0.63661977 + 0.5);
  var t = (((a - high_bits(n) * 1.5703125) - n * 4.8375130e-4) - high_bits(n) * 7.5495336e-8) - n * 2.5633441e-12;
  var quadrant = i32(n);
  for (var far = bits > 0x46400000u; far; far = false) {
    var words = array<u32, 8>(0u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu);
    let m = (bits & 0x7fffffu) | 0x800000u;
    let first = (bits >> 23u) - 120u;
    let k = min(first >> 5u, 4u);
    let shift = first & 31u;
    let w0 = (words[k] << shift) | ((words[k + 1u] >> 1u) >> (31u - shift));
    let w1 = (words[k + 1u] << shift) | ((words[k + 2u] >> 1u) >> (31u - shift));
    let w2 = (words[k + 2u] << shift) | ((words[k + 3u] >> 1u) >> (31u - shift));
    let low = m * w1 + mul_high(m >> 16u, m & 0xffffu, w2);
    let high = m * w0 + mul_high(m >> 16u, m & 0xffffu, w1) + u32(low < m * w1);
    let fraction = bitcast<i32>((high << 2u) | (low >> 30u));
    t = with_sign(1.0, a) * (f32(fraction) + f32(low & 0x3fffffffu) * 0x1p-30) * 3.6572952e-10;
    quadrant = (i32(high >> 30u) + select(0, 1, fraction < 0)) * i32(with_sign(1.0, a));
  }
  let q = t * t;
  let s = fma(t * q, fma(q, fma(q, -1.9509062e-4, 8.3321180e-3), -0.16666654), t);
  let c = fma(q, fma(q, fma(q, fma(q, 2.4429211e-5, -1.3887289e-3), 4.1666646e-2), -0.5), 1.0);
  let swapped = select(vec2f(c, s), vec2f(-s, c), (quadrant & 1) == 1);
  return select(select(swapped, -swapped, (quadrant & 2) == 2), vec2f(not_a_number()), bits >= 0x7f800000u);
}
// The angle of (x, y): atan of the smaller over the larger size, put into its octant.
fn atan2_(y: f32, x: f32) -> f32 {
  let v = bitcast<i32>(y) & 0x7fffffff;
  let w = bitcast<i32>(x) & 0x7fffffff;
  let low = min(v, w);
  let high = max(v, w);
  // subnormal numbers are in the ratio of their bits
  let tiny = high < 0x800000;
  let ratio = select(bitcast<f32>(low), f32(low), tiny) / select(bitcast<f32>(high), f32(high), tiny);
  let t = select(select(ratio, 1.0, v == w), 0.0, low == 0);
  let q = t * t;
  let p = fma(q, fma(q, fma(q, fma(q, fma(q, fma(q, fma(q, 2.9745433e-3, -1.6580997e-2), 4.3553240e-2), -7.5805530e-2), 0.10678929), -0.14214206), 0.19994137), -0.33333167);
  let octant = fma(t * q, p, t);
  let quadrant = select(octant, (1.57079633 - octant) - 4.3711388e-8, v > w);
  let half = select(quadrant, (3.14159265 - quadrant) - 8.7422777e-8, bitcast<i32>(x) < 0);
  return select(with_sign(half, y), not_a_number(), high > 0x7f800000);
}
// erf a = a·P(a²) below 1; 1 − erf t = e^(−t²)·u·Q(u) with u = 1/(1 + t) from there on
fn erf_near(a: f32) -> f32 {
  let q = a * a;
  return a * fma(q, fma(q, fma(q, fma(q, fma(q, fma(q, 7.8891190e-5, -8.0208410e-4), 5.1895350e-3), -2.6854474e-2), 0.11283600), -0.37612626), 1.1283792);
}
fn erfc_far(t: f32) -> f32 {
  let u = 1.0 / (1.0 + t);
  let p = fma(u, fma(u, fma(u, fma(u, fma(u, fma(u, fma(u, fma(u, 2.0807140, -4.7560870), 3.5213645), -6.2954480e-2), -0.87611470), -0.23733903), 0.27644715), 0.56454945), 0.56418030);
  return decay(t * t) * u * p;
}
fn erf_(a: f32) -> f32 { let t = abs(a); return select(select(with_sign(1.0 - erfc_far(t), a), erf_near(a), t < 1.0), a, is_nan(a)); }
// the probability of N(0, 1) below a
fn normal_cdf(a: f32) -> f32 {
  let t = abs(a) * 0.70710678;
  let tail = 0.5 * select(erfc_far(t), 1.0 - erf_near(t), t < 1.0);
  return select(select(tail, 1.0 - tail, a > 0.0), a, is_nan(a));
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

// a·b and what rounding took from it, by halves, whose products are exact: an fma need not be
fn exact_product(a: f32, b: f32) -> vec2f {
  let c = bitcast<f32>(bitcast<u32>(a) & 0xfffff000u);
  let d = bitcast<f32>(bitcast<u32>(b) & 0xfffff000u);
  let p = a * b;
  return vec2f(p, ((c * d - p) + c * (b - d) + (a - c) * d) + (a - c) * (b - d));
}
// (a.x + a.y)·(b.x + b.y)
fn long_product(a: vec2f, b: vec2f) -> vec2f {
  let p = exact_product(a.x, b.x);
  let low = p.y + fma(a.x, b.y, a.y * b.x);
  let y = p.x + low;
  return vec2f(y, low - (y - p.x));
}
// xᵏ for x ≥ 0 and whole |k| ≤ 2¹⁶ by multiplication in twice the digits, rounded once
fn pow_whole(x: f32, k: f32) -> f32 {
  let inverse = 1.0 / x;
  let back = exact_product(inverse, x);
  var base = select(vec2f(x, 0.0), vec2f(inverse, inverse * ((1.0 - back.x) - back.y)), k < 0.0);
  var y = vec2f(1.0, 0.0);
  for (var n = i32(abs(k)); n > 0; ) {
    if ((n & 1) == 1) { y = long_product(y, base); }
    n /= 2;
    if (n > 0) { base = long_product(base, base); }
  }
  // ∞ − ∞ in the further digits: of what overflows, and of x = 0 and ∞
  let sum = y.x + y.y;
  return select(sum, select(0.0, infinity(), (x < 1.0) == (k < 0.0)), is_nan(sum));
}
// x^b = 2^(b·log₂ x) for x ≥ 0, with log₂ x and its product with b in twice the digits
fn pow_real(x: f32, b: f32) -> f32 {
  let parts = binary(x);
  let f = parts.m - 1.0;
  // of 12 bits, so that no compiler makes f of d − 2
  let d = bitcast<f32>(bitcast<u32>(2.0 + f) & 0xfffff000u);
  let s = f / d;
  let back = exact_product(s, d);
  let rest = ((f - back.x) - back.y - s * (f - (d - 2.0))) / (2.0 + f);
  let t = s + rest;
  let q = t * t;
  let series = fma(2.0 * t * q, fma(q, fma(q, fma(q, 0.11111111, 0.14285714), 0.2), 0.33333333), 2.0 * rest);
  let head = exact_product(2.0 * s, 1.44269502);
  let log_high = parts.exponent + head.x;
  let log_low = (head.x - (log_high - parts.exponent)) + (head.y + fma(series, 1.44269502, s * 3.8519260e-8));
  let high = exact_product(b, log_high);
  let n = floor(high.x + 0.5);
  let r = 0.69314718 * ((high.x - n) + fma(b, log_low, high.y));
  let p = fma(r, fma(r, fma(r, fma(r, 1.3956990e-3, 8.3337059e-3), 4.1666638e-2), 0.16666666), 0.5);
  let y = scaled(Power(fma(r * r, p, r), bitcast<u32>(n + 12582912.0) * 0x800000u));
  let end = select(-infinity(), infinity(), (x > 1.0) == (b > 0.0));
  let level = select(high.x, end, bitcast<u32>(x) - 1u >= 0x7f7fffffu);
  return select(select(y, infinity(), level >= 128.0), 0.0, level < -126.0);
}
fn pow_(a: f32, b: f32) -> f32 {
  let x = abs_(a);
  let size = abs(b);
  let k = floor(size);
  let halves = size - k == 0.5;
  let exact = (size <= 65536.0) & (halves | (size == k));
  let whole = select(0.0, select(k, -k, b < 0.0), exact);
  let root = sqrt_(x);
  let half = select(1.0, select(root, 1.0 / root, b < 0.0), halves);
  let y = select(select(pow_real(x, b), pow_whole(x, whole) * half, exact), 1.0, x == 1.0);
  let odd = (size == k) & ((i32(select(0.0, size, size < 16777216.0)) & 1) == 1);
  let real = select(select(y, with_sign(y, a), odd), not_a_number(),
                    is_nan(a) | is_nan(b) | ((size != k) & (bitcast<u32>(a) - 0x80000001u < 0x7f7fffffu)));
  return select(real, 1.0, (b == 0.0) | (a == 1.0));
}

fn add_u32(a: u32, b: u32) -> u32 { return a + b; }
fn mul_u32(a: u32, b: u32) -> u32 { return a * b; }
fn sub_u32(a: u32, b: u32) -> u32 { return a - b; }
fn neg_u32(a: u32) -> u32 { return 0u - a; }
fn maximum_u32(a: u32, b: u32) -> u32 { return max(a, b); }
fn minimum_u32(a: u32, b: u32) -> u32 { return min(a, b); }
fn where_u32(condition: f32, a: u32, b: u32) -> u32 { return select(b, a, condition != 0.0); }
// of a division by 0 remainder and quotient are 0
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
fn divisor(b: i32) -> i32 { return select(b, 1, (b == 0) | (b == -1)); }
fn remainder_i32(a: i32, b: i32) -> i32 {
  let r = a % divisor(b);
  return select(r, r + b, (r != 0) & ((r ^ b) < 0));
}
fn floor_divide_i32(a: i32, b: i32) -> i32 {
  let d = divisor(b);
  let q = a / d - i32((a % d != 0) & ((a ^ d) < 0));
  return select(select(q, -a, b == -1), 0, b == 0);
}
// powers by squaring, modulo 2³²: each bit of the exponent that is set multiplies by a^1, a^2, a^4, …
struct Squaring { result: u32, factor: u32, exponent: u32 }
fn one_bit(s: Squaring) -> Squaring {
  return Squaring(s.result * select(1u, s.factor, (s.exponent & 1u) == 1u), s.factor * s.factor, s.exponent >> 1u);
}
fn four_bits(s: Squaring) -> Squaring { return one_bit(one_bit(one_bit(one_bit(s)))); }
fn half_word(s: Squaring) -> Squaring { return four_bits(four_bits(four_bits(four_bits(s)))); }
fn pow_u32(a: u32, b: u32) -> u32 { return half_word(half_word(Squaring(1u, a, b))).result; }
// a negative exponent gives a fraction, 0, unless a is 1 or −1
fn pow_i32(a: i32, b: i32) -> i32 {
  let power = bitcast<i32>(pow_u32(bitcast<u32>(a), bitcast<u32>(b)));
  return select(0, power, (b >= 0) | (a == 1) | (a == -1));
}
fn i32_from_f32(a: f32) -> i32 { return i32(a); }
fn u32_from_i32(a: i32) -> u32 { return u32(a); }
fn i32_from_u32(a: u32) -> i32 { return i32(a); }
fn i32_from_u8(a: u32) -> i32 { return i32(a); }
fn u8_from_i32(a: i32) -> u32 { return u32(a) & 255u; }
fn bool_from_i32(a: i32) -> f32 { return f32(a != 0); }
fn bool_from_u32(a: u32) -> f32 { return f32(a != 0u); }
fn equal_u32(a: u32, b: u32) -> f32 { return f32(a == b); }
fn not_equal_u32(a: u32, b: u32) -> f32 { return f32(a != b); }
fn less_u32(a: u32, b: u32) -> f32 { return f32(a < b); }
fn less_equal_u32(a: u32, b: u32) -> f32 { return f32(a <= b); }
fn equal_i32(a: i32, b: i32) -> f32 { return f32(a == b); }
fn not_equal_i32(a: i32, b: i32) -> f32 { return f32(a != b); }
fn less_i32(a: i32, b: i32) -> f32 { return f32(a < b); }
fn less_equal_i32(a: i32, b: i32) -> f32 { return f32(a <= b); }

fn log2_(a: f32) -> f32 { let x = binary(a); return of_positive(a, fma(log_of(x.m), 1.44269504, x.exponent), -infinity()); }
fn elu(a: f32, alpha: f32) -> f32 { return select(alpha * expm1(a), a, a > 0.0); }
fn elu_slope(a: f32, alpha: f32) -> f32 { return select(alpha * exp_(a), 1.0, a > 0.0); }
fn leaky_relu(a: f32, slope: f32) -> f32 { return select(slope * a, a, a > 0.0); }
// a whole number as a label; all others become one that is no class
fn label_of(a: f32) -> u32 {
  return select(0x80000000u, u32(i32(a)), (bitcast<u32>(a) & 0x7fffffffu) < 0x4f000000u && floor(a) == a);
}
// 1 where the label is this class, negative ones counted from the end where wrap = classes; NaN where it is none
fn one_hot(label: u32, class_: u32, classes: u32, wrap: u32) -> f32 {
  let own = select(label, label + wrap, label >= 0x80000000u);
  return select(f32(own == class_), bitcast<f32>(0x7fc00000u | (label & 1u)), own >= classes);
}
fn leaky_relu_slope(g: f32, a: f32, slope: f32) -> f32 { return select(slope * g, g, bitcast<u32>(a) - 1u < 0x7f800000u); }
