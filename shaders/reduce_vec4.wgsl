// reduce_vec4 — sum, maximum or minimum over one extent, in a fixed tree, of elements that are loaded four at a time.
//
//   rows        y[o,s] = ⊕_r load(o·extent + r)     the reduced elements lie together; r in slice s
//   short_rows  the same, one invocation walking each slice
//   columns     y[s,o] = ⊕_r load(r·outputs + o)    the kept elements lie together; r in slice s
//
// shapes     load: [outputs, extent] or [extent, outputs], of which the hook vec4_at(j) gives elements 4j … 4j + 3: extent and slice
//            (columns: outputs) are multiples of 4;  y [outputs], or one partial a slice, which a second launch reduces
// grid       per output and slice: rows one workgroup of LANES, short_rows one invocation;  columns: one per four of them
// numerics   sum: of four running sums; an invocation adds m terms to each (rows: at most 64 a lane and slice, then a tree of
//            log₂ LANES; the others: at most 64 fours, or three levels by lib/long.wgsl where a slice is longer than 256 loads):
//            |error| ≤ γ_{m+10} · Σ|x| for each of two launches, u = 2⁻²⁴; like-signed terms of any number keep 2e-6.
//            max, min: exact, NaN where one is in it

//#include "lib/reduction.wgsl"

alias Term = vec4f;
const PER = 4;
// loads of a lane that are on their way at once: 1 or 4, which takes longer to compile
const IN_FLIGHT = 4u;

//#hook
fn vec4_at(j: u32) -> vec4u { return q0[j]; }

fn load(j: u32) -> vec4f { return bitcast<vec4f>(vec4_at(j)); }
fn combined(a: vec4f, b: vec4f) -> vec4f {
  if (OPERATION == 0u) { return a + b; }
  return vec4f(combine(a.x, b.x), combine(a.y, b.y), combine(a.z, b.z), combine(a.w, b.w));
}
fn folded(a: vec4f) -> f32 { return combine(combine(a.x, a.y), combine(a.z, a.w)); }

fn walk(row: u32, first: u32, past: u32, lane: u32) -> vec4f {
  var total = vec4f(identity());
  var j = ((row + first) >> 2u) + lane;
  let end = (row + past) >> 2u;
  if (IN_FLIGHT == 4u) {
    for (; j + 3u * LANES < end; j += 4u * LANES) {
      let x{k} = load(j + {k}u * LANES); //#repeat k in 0..4
      total = combined(total, x{k}); //#repeat k in 0..4
    }
  }
  for (; j < end; j += LANES) { total = combined(total, load(j)); }
  return total;
}

fn store_column(n: u32, total: vec4f) {
  for (var e = 0u; e < 4u; e++) { y[4u * n + e] = epilogue(4u * n + e, total[e]); }
}
