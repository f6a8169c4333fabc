// reduce — sum, maximum or minimum over one extent, in a fixed tree.
//
//   rows        y[o,s] = ⊕_r load(o·extent + r)     the reduced elements lie together; r in slice s
//   short_rows  the same, one invocation walking each slice
//   columns     y[s,o] = ⊕_r load(r·outputs + o)    the kept elements lie together; r in slice s
//
// shapes     load: [outputs, extent] or [extent, outputs], whatever the hook reads;  y [outputs], or one partial a slice,
//            which a second launch reduces
// grid       per output and slice: rows one workgroup of LANES, short_rows and columns one invocation
// numerics   sum: fours of terms, of which an invocation adds m one after the other (rows: at most 64 a lane and slice, then a tree
//            of log₂ LANES; the others: at most 64, or three levels by lib/long.wgsl where a slice is longer than 256):
//            |error| ≤ γ_{m+10} · Σ|x| for each of two launches, u = 2⁻²⁴; like-signed terms of any number keep 2e-6.
//            max, min: exact, NaN where one is in it

//#include "lib/reduction.wgsl"

alias Term = f32;
const PER = 1;

//#hook
fn load(i: u32) -> f32 { return bitcast<f32>(x0[i]); }

fn combined(a: f32, b: f32) -> f32 { return combine(a, b); }
fn folded(a: f32) -> f32 { return a; }

// Every LANES-th element, four at a time while all lanes have four.
fn walk(row: u32, first: u32, past: u32, lane: u32) -> f32 {
  var total = identity();
  let iterations = (past - first) / (4u * LANES);
  for (var iteration = 0u; iteration < iterations; iteration++) {
    let i = row + first + iteration * (4u * LANES) + lane;
    total = combine(total, combine(combine(load(i), load(i + LANES)), combine(load(i + 2u * LANES), load(i + 3u * LANES))));
  }
  for (var r = first + iterations * (4u * LANES) + lane; r < past; r += LANES) { total = combine(total, load(row + r)); }
  return total;
}

fn store_column(n: u32, total: f32) { y[n] = epilogue(n, total); }
