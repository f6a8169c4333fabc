// softmax — exponentials of a row over their sum, its logarithm, and the gradient, each in one launch with the row in registers.
//
//   softmax     y[o,r] = e^{x[o,r] − m} / Σ_r e^{x[o,r] − m},  m = max_r x[o,r]
//               where LOG  (x[o,r] − m) − log Σ_r e^{x[o,r] − m}
//   logsumexp   y[o] = log Σ_r e^{x[o,r] − m} + m
//   gradient    dx[o,r] = y[o,r] · (g[o,r] − Σ_r y·g);  where LOG  g[o,r] − e^{y[o,r]} · Σ_r g
//   FINITE      1: 0 takes the place of an m that is infinite or NaN, as in log Σ e^x and its gradient: ∞ − ∞ is no number
//
// shapes     x, or y and g, come by the hooks load_a and load_b: [rows, extent];  results [rows, extent], of logsumexp [rows]
// grid       ROW_LANES lanes a row (lib/rows.wgsl), LANES / ROW_LANES rows a workgroup
// memory     one word of workgroup memory a lane; every element is loaded once
// registers  at most 24 an invocation on RDNA 2 and 3; bound by memory or waits, not multiply-adds
// numerics   the maximum comes out first, so nothing overflows. A lane adds PER_LANE terms, then a tree of log₂ ROW_LANES: |error| ≤
//            γ_{PER_LANE + log₂ ROW_LANES} · Σ|terms|, u = 2⁻²⁴, besides exp and log, a few ulps each (lib/map.wgsl)

//#include "lib/rows.wgsl"

const LOG = 0u;
const FINITE = 0u;

struct Params { rows: u32, extent: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

//#hook
fn load_b(i: u32) -> f32 { return bitcast<f32>(x1[i]); }

// Subtracts the maximum m from the row; returns m.
fn subtract_maximum(row: Row) -> f32 {
  var m = a[0];
  for (var k = 1u; k < PER_LANE; k++) { m = maximum(m, a[k]); }
  m = row_reduce(row, m, true);
  if (FINITE == 1u) { m = where_(finite(m), m, 0.0); }
  for (var k = 0u; k < PER_LANE; k++) { a[k] -= m; }
  return m;
}

// Σ_r e^a. The exponentials replace a, except where LOG.
fn sum_of_exponentials(row: Row) -> f32 {
  var total = 0.0;
  for (var k = 0u; k < PER_LANE; k++) {
    let e = exp_(a[k]);
    if (LOG == 0u) { a[k] = e; }
    total += select(0.0, e, in_row(row, k));
  }
  return row_sum(row, total);
}

@compute @workgroup_size(LANES)
fn softmax(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = row_of(group_number(id, groups), lane);
  load_row(row);
  let m = subtract_maximum(row);
  let total = sum_of_exponentials(row);
  if (LOG == 1u) {
    let level = log_(total);
    for (var k = 0u; k < PER_LANE; k++) { store(row, k, a[k] - level); }
  } else {
    for (var k = 0u; k < PER_LANE; k++) { store(row, k, a[k] / total); }
  }
}

@compute @workgroup_size(LANES)
fn logsumexp(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = row_of(group_number(id, groups), lane);
  load_row(row);
  let m = subtract_maximum(row);
  let total = sum_of_exponentials(row);
  if (row.row_lane == 0u && row.number < params.rows) { y[row.number] = epilogue(row.number, log_(total) + m); }
}

@compute @workgroup_size(LANES)
fn gradient(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = row_of(group_number(id, groups), lane);
  var g: array<f32, PER_LANE>;
  load_row(row);
  for (var k = 0u; k < PER_LANE; k++) { g[k] = load_b(index_of(row, k)); }
  var total = 0.0;
  for (var k = 0u; k < PER_LANE; k++) {
    total += select(0.0, select(g[k] * a[k], g[k], LOG == 1u), in_row(row, k));
  }
  total = row_sum(row, total);
  for (var k = 0u; k < PER_LANE; k++) {
    if (LOG == 1u) { store(row, k, g[k] - exp_(a[k]) * total); } else { store(row, k, a[k] * (g[k] - total)); }
  }
}
