// philox — counter-based random words (Philox-4x32-10), uniforms and normals.
//
// key = 64-bit seed; counter = (element / 4, step, stream, 0). Four words a call, so element e takes word e mod 4.
//
//   uniform   u = (⌊word / 2⁹⌋ + ½) · 2⁻²³                  never 0, never 1, exact in f32
//   normal    z = √(−2 ln u₁) · cos 2πu₂  or  · sin 2πu₂      Box–Muller on words (0, 1) and (2, 3)
//
// numerics   words are exact integers, equal on every device. The angle is split into a quadrant (top two bits) and
//            θ in [0, π/2) (the other bits), where Taylor polynomials of degree 11 and 12 stay within 6e-8 of sin and cos;
//            ln u takes the exponent from the bits and a series in s = (m − 1)/(m + 1), |s| ≤ 0.1716, within 1e-7 relative.
//            WGSL's own sin, cos and log promise far less. |z| ≤ √(2 · 24 · ln 2) = 5.77
// source     Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011

// The high word of a·b, a given as its halves.
fn mul_high(a_high: u32, a_low: u32, b: u32) -> u32 {
  let b_low = b & 0xffffu;
  let b_high = b >> 16u;
  let middle = a_high * b_low + ((a_low * b_low) >> 16u);
  let cross = a_low * b_high + (middle & 0xffffu);
  return a_high * b_high + (middle >> 16u) + (cross >> 16u);
}
fn philox_round(c: vec4u, key: vec2u) -> vec4u {
  return vec4u(mul_high(0xcd9eu, 0x8d57u, c.z) ^ c.y ^ key.x, 0xcd9e8d57u * c.z,
               mul_high(0xd251u, 0x1f53u, c.x) ^ c.w ^ key.y, 0xd2511f53u * c.x);
}
// Ten rounds by name: a software adapter pays more for the turns of a loop than for half a round.
fn philox(counter: vec4u, key: vec2u) -> vec4u {
  let weyl = vec2u(0x9e3779b9u, 0xbb67ae85u);
  let c0 = philox_round(counter, key);
  let c1 = philox_round(c0, key + weyl);
  let c2 = philox_round(c1, key + 2u * weyl);
  let c3 = philox_round(c2, key + 3u * weyl);
  let c4 = philox_round(c3, key + 4u * weyl);
  let c5 = philox_round(c4, key + 5u * weyl);
  let c6 = philox_round(c5, key + 6u * weyl);
  let c7 = philox_round(c6, key + 7u * weyl);
  let c8 = philox_round(c7, key + 8u * weyl);
  return philox_round(c8, key + 9u * weyl);
}

// (⌊word / 2⁹⌋ + ½) · 2⁻²³, where a conversion from i32 costs less than a shift and one from u32
fn unit(word: u32) -> f32 {
  return (f32(bitcast<i32>((word & 0xfffffe00u) ^ 0x80000000u)) + 2147483904.0) * 0x1p-32;
}

// −2 ln of unit(word) = −2 ln 2ᵏ·m with m in [√½, √2)
fn minus_two_log(word: u32) -> f32 {
  let bits = bitcast<u32>(unit(word));
  let above = (bits - 0x3f3504f3u) & 0xff800000u;
  let k = f32(bitcast<i32>(above)) * 0x1p-23;
  let m = bitcast<f32>(bits - above);
  let s = (m - 1.0) / (m + 1.0);
  let q = s * s;
  let log_m = 2.0 * s * (1.0 + q * (0.33333333 + q * (0.2 + q * (0.14285714 + q * 0.11111111))));
  return -2.0 * (k * 0.69314718 + log_m);
}

// cos and sin of 2π·word/2³²
fn unit_circle(word: u32) -> vec2f {
  let theta = (f32(bitcast<i32>(word & 0x3fffff80u)) + 64.0) * (1.57079633 * 0x1p-30);
  let q = theta * theta;
  let s = theta * (1.0 + q * (-0.16666667 + q * (8.3333333e-3 + q * (-1.9841270e-4 + q * (2.7557319e-6 + q * -2.5052108e-8)))));
  let c = 1.0 + q * (-0.5 + q * (4.1666667e-2 + q * (-1.3888889e-3 + q * (2.4801587e-5 + q * (-2.7557319e-7 + q * 2.0876757e-9)))));
  let swapped = select(vec2f(c, s), vec2f(-s, c), (word & 0x40000000u) != 0u);
  return select(swapped, -swapped, (word & 0x80000000u) != 0u);
}

fn normals(words: vec4u) -> vec4f {
  return vec4f(sqrt(minus_two_log(words.x)) * unit_circle(words.y), sqrt(minus_two_log(words.z)) * unit_circle(words.w));
}

fn random_uniform(i: u32, step: u32, key_low: u32, key_high: u32, stream: u32) -> f32 {
  return unit(philox(vec4u(i >> 2u, step, stream, 0u), vec2u(key_low, key_high))[i & 3u]);
}
// the elements of i's block: i, i + 1, i + 2, i + 3 where 4 divides i
fn random_uniforms(i: u32, step: u32, key_low: u32, key_high: u32, stream: u32) -> vec4f {
  let words = philox(vec4u(i >> 2u, step, stream, 0u), vec2u(key_low, key_high));
  return vec4f(unit(words.x), unit(words.y), unit(words.z), unit(words.w));
}
fn random_normals(i: u32, step: u32, key_low: u32, key_high: u32, stream: u32) -> vec4f {
  return normals(philox(vec4u(i >> 2u, step, stream, 0u), vec2u(key_low, key_high)));
}
fn random_normal(i: u32, step: u32, key_low: u32, key_high: u32, stream: u32) -> f32 {
  return random_normals(i, step, key_low, key_high, stream)[i & 3u];
}
// Element i of [rows, 2, latent]: both halves of a row share their draws. `pairs` gives those of four neighbours, and needs latent % 4 = 0.
fn pair_of(i: u32, latent: u32) -> u32 { return i / (2u * latent) * latent + i % latent; }
fn random_normal_pair(i: u32, latent: u32, step: u32, key_low: u32, key_high: u32, stream: u32) -> f32 {
  return random_normal(pair_of(i, latent), step, key_low, key_high, stream);
}
fn random_normal_pairs(i: u32, latent: u32, step: u32, key_low: u32, key_high: u32, stream: u32) -> vec4f {
  return random_normals(pair_of(i, latent), step, key_low, key_high, stream);
}
// the same draw for an element that is not the one at hand
fn random_normal_at(element: u32, step: u32, key_low: u32, key_high: u32, stream: u32) -> f32 {
  return random_normal(element, step, key_low, key_high, stream);
}
