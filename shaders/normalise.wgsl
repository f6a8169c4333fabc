// normalise — rows with mean 0 and variance 1, and the gradient, each in one launch with the row in registers.
//
//   normalise   y[o,r] = r[o] · (x[o,r] − μ[o]),  r = 1 / √(σ² + eps),  σ² = mean_r (x − μ)²
//   gradient    dx[o,r] = r[o] · (g[o,r] − mean_r g − y[o,r] · mean_r(g·y))
//   CENTRED     0: μ is 0, and the mean of g is left out: the root mean square takes the place of the deviation
//
// shapes     x, and g, come by the hooks load_a and load_b: [rows, extent];  results [rows, extent]
// grid       ROW_LANES lanes a row (lib/rows.wgsl), LANES / ROW_LANES rows a workgroup
// memory     one word of workgroup memory a lane; every element is loaded once. gradient computes y again rather than load it
// numerics   the mean is taken twice: what is left of it after the first is small, so a mean 10⁶ times the deviations costs no digit. A
//            lane adds n = PER_LANE terms, then a tree: |error| ≤ γ_{n + log₂ ROW_LANES} · Σ|terms| for each sum, u = 2⁻²⁴

//#include "lib/rows.wgsl"

const CENTRED = 1u;

struct Params { rows: u32, extent: u32, eps: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

//#hook
fn load_b(i: u32) -> f32 { return bitcast<f32>(x1[i]); }

fn row_mean(row: Row, total: f32) -> f32 { return row_sum(row, total) / f32(params.extent); }

fn subtract_mean(row: Row) {
  var total = 0.0;
  for (var k = 0u; k < PER_LANE; k++) { total += select(0.0, a[k], in_row(row, k)); }
  let mean = row_mean(row, total);
  for (var k = 0u; k < PER_LANE; k++) { a[k] -= mean; }
}

// Loads a row, and makes its elements those of y; returns r.
fn normalised(row: Row) -> f32 {
  load_row(row);
  if (CENTRED == 1u) {
    subtract_mean(row);
    subtract_mean(row);
  }
  var total = 0.0;
  for (var k = 0u; k < PER_LANE; k++) { total += select(0.0, a[k] * a[k], in_row(row, k)); }
  let r = rsqrt(row_mean(row, total) + params.eps);
  for (var k = 0u; k < PER_LANE; k++) { a[k] *= r; }
  return r;
}

@compute @workgroup_size(LANES)
fn normalise(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = row_of(group_number(id, groups), lane);
  let r = normalised(row);
  for (var k = 0u; k < PER_LANE; k++) { store(row, k, a[k]); }
}

@compute @workgroup_size(LANES)
fn gradient(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = row_of(group_number(id, groups), lane);
  var g: array<f32, PER_LANE>;
  for (var k = 0u; k < PER_LANE; k++) { g[k] = load_b(index_of(row, k)); }
  let r = normalised(row);
  var along = 0.0;
  var total = 0.0;
  for (var k = 0u; k < PER_LANE; k++) {
    total += select(0.0, g[k], in_row(row, k));
    along += select(0.0, g[k] * a[k], in_row(row, k));
  }
  along = row_mean(row, along);
  var mean = 0.0;
  if (CENTRED == 1u) { mean = row_mean(row, total); }
  for (var k = 0u; k < PER_LANE; k++) { store(row, k, r * (g[k] - mean - a[k] * along)); }
}
