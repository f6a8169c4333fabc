// long — sums of many terms in three levels, so that rounding grows with the cube root of their number.
//
// `block_of(terms)` terms are added one after the other, so many of these sums to a group, then the groups: for 4 million terms no
// running sum is longer than 256. Where MANY_TERMS is 0 a sum is short, and runs through.
//
//   numerics   n terms:  |error| ≤ 3·γ_b · Σ|terms|, b = block_of(n) ≤ 2·∛n, γ_b = b·u/(1 − b·u), u = 2⁻²⁴

const MANY_TERMS = 0u;

// A power of two from the cube root of `terms` to twice that, or 2.
fn block_of(terms: u32) -> u32 { return 1u << ((34u - countLeadingZeros(max(terms, 1u))) / 3u); }
// The terms, or rounds of a loop, that go on without a stop: all of them where they are few. Stops stand outside of the innermost
// loop, since a software adapter goes through both sides of a branch.
fn run_of(terms: u32) -> u32 { return select(max(terms, 1u), block_of(terms), MANY_TERMS == 1u); }
// Whether `count` terms make whole blocks of `size`, a power of two.
fn ends(count: u32, size: u32) -> bool { return (count & (size - 1u)) == 0u; }
