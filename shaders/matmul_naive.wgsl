// matmul_naive — product of two stacks of small matrices, one element per invocation.
//
//   product   c[s,i,j]  = Σ_k a[s,i,k] · b[s,k,j]        a, b stored transposed where TRANSPOSE_A, TRANSPOSE_B are 1
//   row_sums  sums[s,i] = Σ_k a[s,i,k]
//
// shapes     a [stacks, rows, inner], b [stacks, inner, columns], c [stacks, rows, columns], sums [stacks, rows];  row-major f32
//            of any size
// grid       1-D: one invocation per element of c;  row_sums: one per row
// numerics   sums run in order of k; more than 1024 terms go in three levels (lib/long.wgsl), so that |error| ≤ γ_m · Σ|a·b| with
//            m = min(k, 3·block_of(k)), γ_m = m·u/(1 − m·u), u = 2⁻²⁴

//#include "lib/hooked.wgsl"
//#include "lib/symmetric.wgsl"
//#include "lib/long.wgsl"

const TRANSPOSE_A = 0u;
const TRANSPOSE_B = 0u;
const LANES = 64u;

struct Params { stacks: u32, rows: u32, columns: u32, inner: u32, a_stack: u32, b_stack: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

fn a_at(stack: u32, row: u32, k: u32) -> f32 {
  return a[stack * params.a_stack + select(row * params.inner + k, k * params.rows + row, TRANSPOSE_A == 1u)];
}
fn b_at(stack: u32, k: u32, column: u32) -> f32 {
  return b[stack * params.b_stack + select(k * params.columns + column, column * params.inner + k, TRANSPOSE_B == 1u)];
}

@compute @workgroup_size(LANES)
fn product(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = group_number(id, groups) * LANES + lane;
  let row = at / params.columns;
  let stack = row / params.rows;
  if (stack >= params.stacks) { return; }
  let i = row % params.rows;
  let j = at % params.columns;
  let below = select(i, max(i, j), SYMMETRIC == 1u);
  let across = select(j, min(i, j), SYMMETRIC == 1u);
  var group = 0.0;
  var total = 0.0;
  let size = run_of(params.inner);
  for (var first = 0u; first < params.inner; first += size) {
    var some = 0.0;
    for (var k = first; k < min(first + size, params.inner); k++) { some += a_at(stack, below, k) * b_at(stack, k, across); }
    group += some;
    if (ends(first / size + 1u, size)) {
      total += group;
      group = 0.0;
    }
  }
  total += group;
  c[at] = epilogue(at, total);
}

@compute @workgroup_size(LANES)
fn row_sums(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = group_number(id, groups) * LANES + lane;
  let stack = at / params.rows;
  if (stack >= params.stacks) { return; }
  var group = 0.0;
  var total = 0.0;
  let size = run_of(params.inner);
  for (var first = 0u; first < params.inner; first += size) {
    var some = 0.0;
    for (var k = first; k < min(first + size, params.inner); k++) { some += a_at(stack, at % params.rows, k); }
    group += some;
    if (ends(first / size + 1u, size)) {
      total += group;
      group = 0.0;
    }
  }
  total += group;
  sums[at] = total;
}
