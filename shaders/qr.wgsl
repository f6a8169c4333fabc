// qr — orthogonal times upper triangular factors of a stack of matrices, by Householder's reflections.
//
//   small     the reflections of matrices of few elements, one invocation each
//   factor    the reflections of any, a workgroup each:  for every column k
//               α = h[k,k],  x = h[k+1…, k],  β = −sign(α)·√(α² + |x|²),  tau[k] = (β − α)/β,  h[k,k] = β,  h[k+1…, k] = x/(α − β)
//               h[k…, j] −= tau[k]·v·(vᵀ·h[k…, j])  for j > k,  v = (1, h[k+1…, k])
//             where x is 0, tau is 0 and nothing changes
//   upper     r[s] = what is on and above the diagonal of h[s]
//   form      q[s] = H₀·H₁·… of the first columns of the identity,  H_k = I − tau[k]·v·vᵀ
//
// shapes     a, h [stack, rows, columns], tau [stack, rank], r [stack, rank, columns], q [stack, rows, rank];  rank = min(rows, columns)
// grid       1-D (lib/grid.wgsl).  small: one invocation per matrix;  factor: one workgroup of WIDE per matrix: its lanes reduce a
//            column's norm together, then update a column each;  upper: one invocation per element of r;  form: one per column of q
// memory     factor: WIDE f32 of workgroup memory
// numerics   |a − q·r| ≤ c·γ_{rows·columns} · |a|, qᵀ·q = I to as much; sums of rows in three levels (lib/long.wgsl). Elements between
//            10⁻¹⁹ and 10¹⁹ in size keep their squares finite
// source     Golub & Van Loan, Matrix Computations, 5.1, 5.2; signs as LAPACK's geqrf

//#include "lib/grid.wgsl"
//#include "lib/long.wgsl"

const LANES = 64u;
const WIDE = 128u;

struct Params { rows: u32, columns: u32, rank: u32, stack: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> h: array<f32>;
@group(0) @binding(3) var<storage, read_write> tau: array<f32>;
@group(0) @binding(4) var<storage, read_write> q: array<f32>;
@group(0) @binding(5) var<storage, read_write> r: array<f32>;

var<workgroup> squares: array<f32, 128>;

// Σ h[k,c]·h[k,d] of one matrix over its rows k from first on, `step` apart
fn dot_columns(base: u32, c: u32, d: u32, first: u32, step: u32) -> f32 {
  var some = 0.0;
  var group = 0.0;
  var all = 0.0;
  var count = 0u;
  let size = block_of(params.rows / step + 1u);
  for (var i = first; i < params.rows; i += step) {
    some += h[base + i * params.columns + c] * h[base + i * params.columns + d];
    count++;
    if (ends(count, size)) {
      group += some;
      some = 0.0;
      if (ends(count, size * size)) {
        all += group;
        group = 0.0;
      }
    }
  }
  return all + group + some;
}

// what a column becomes by the reflection k
fn reflect_column(base: u32, k: u32, j: u32, factor: f32) {
  let at = base + k * params.columns + j;
  let w = factor * (h[at] + dot_columns(base, k, j, k + 1u, 1u));
  h[at] -= w;
  for (var i = k + 1u; i < params.rows; i++) { h[base + i * params.columns + j] -= w * h[base + i * params.columns + k]; }
}

struct Reflection { beta: f32, tau: f32, scale: f32 }
fn reflection(alpha: f32, rest: f32) -> Reflection {
  if (rest == 0.0) { return Reflection(alpha, 0.0, 0.0); }
  let length = sqrt(alpha * alpha + rest);
  let beta = select(length, -length, alpha >= 0.0);
  return Reflection(beta, (beta - alpha) / beta, 1.0 / (alpha - beta));
}

@compute @workgroup_size(LANES)
fn small(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let matrix = group_number(id, groups) * LANES + lane;
  if (matrix >= params.stack) { return; }
  let base = matrix * params.rows * params.columns;
  for (var i = 0u; i < params.rows * params.columns; i++) { h[base + i] = a[base + i]; }
  for (var k = 0u; k < params.rank; k++) {
    let own = reflection(h[base + k * (params.columns + 1u)], dot_columns(base, k, k, k + 1u, 1u));
    tau[matrix * params.rank + k] = own.tau;
    h[base + k * (params.columns + 1u)] = own.beta;
    for (var i = k + 1u; i < params.rows; i++) { h[base + i * params.columns + k] *= own.scale; }
    for (var j = k + 1u; j < params.columns; j++) { reflect_column(base, k, j, own.tau); }
  }
}

@compute @workgroup_size(WIDE)
fn factor(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let matrix = group_number(id, groups);
  if (matrix >= params.stack) { return; }
  let base = matrix * params.rows * params.columns;
  for (var i = lane; i < params.rows * params.columns; i += WIDE) { h[base + i] = a[base + i]; }
  for (var k = 0u; k < params.rank; k++) {
    // the column is whole before it is read
    storageBarrier();
    workgroupBarrier();
    let alpha = h[base + k * (params.columns + 1u)];
    squares[lane] = dot_columns(base, k, k, k + 1u + lane, WIDE);
    for (var half = WIDE / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if (lane < half) { squares[lane] += squares[lane + half]; }
    }
    storageBarrier();
    workgroupBarrier();
    let own = reflection(alpha, squares[0]);
    for (var i = k + 1u + lane; i < params.rows; i += WIDE) { h[base + i * params.columns + k] *= own.scale; }
    if (lane == 0u) {
      tau[matrix * params.rank + k] = own.tau;
      h[base + k * (params.columns + 1u)] = own.beta;
    }
    storageBarrier();
    workgroupBarrier();
    for (var j = k + 1u + lane; j < params.columns; j += WIDE) { reflect_column(base, k, j, own.tau); }
  }
}

@compute @workgroup_size(LANES)
fn upper(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = group_number(id, groups) * LANES + lane;
  if (n >= params.stack * params.rank * params.columns) { return; }
  let i = n / params.columns % params.rank;
  let j = n % params.columns;
  let matrix = n / params.columns / params.rank;
  r[n] = select(0.0, h[(matrix * params.rows + i) * params.columns + j], j >= i);
}

@compute @workgroup_size(LANES)
fn form(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = group_number(id, groups) * LANES + lane;
  if (n >= params.stack * params.rank) { return; }
  let matrix = n / params.rank;
  let j = n % params.rank;
  let base = matrix * params.rows * params.columns;
  let own = matrix * params.rows * params.rank + j;
  for (var i = 0u; i < params.rows; i++) { q[own + i * params.rank] = select(0.0, 1.0, i == j); }
  let size = block_of(params.rows);
  // column j meets no reflection after its own but as zeros
  for (var back = 0u; back <= j; back++) {
    let k = j - back;
    var some = q[own + k * params.rank];
    var group = 0.0;
    var all = 0.0;
    for (var i = k + 1u; i < params.rows; i++) {
      some += h[base + i * params.columns + k] * q[own + i * params.rank];
      if (ends(i, size)) {
        group += some;
        some = 0.0;
        if (ends(i, size * size)) {
          all += group;
          group = 0.0;
        }
      }
    }
    let w = tau[matrix * params.rank + k] * (all + group + some);
    q[own + k * params.rank] -= w;
    for (var i = k + 1u; i < params.rows; i++) { q[own + i * params.rank] -= w * h[base + i * params.columns + k]; }
  }
}
