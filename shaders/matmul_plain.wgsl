// matmul_plain — product of two stacks of matrices, one element per invocation.
//
//   product   c[s,i,j] = Σ_k a[s,i,k] · b[s,k,j]         a, b read transposed where TRANSPOSE_A, TRANSPOSE_B are 1
//   row_sums  sums[i]  = Σ_k a[0,i,k]
//
// shapes     a [stacks, rows, inner], b [stacks, inner, columns], c [stacks, rows, columns];  row-major f32
// grid       (⌈columns/8⌉, ⌈rows/8⌉, stacks) workgroups of 8 × 8;  row_sums: one invocation per row
// numerics   sums run in order of k; |error| ≤ γ_k · Σ|a·b|

//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/extras.wgsl"

const TRANSPOSE_A = 0u;
const TRANSPOSE_B = 0u;
const TILE = 8u;

struct Params { rows: u32, columns: u32, inner: u32, a_stack: u32, b_stack: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

fn a_at(s: u32, i: u32, k: u32) -> f32 {
  return a[s * params.a_stack + select(i * params.inner + k, k * params.rows + i, TRANSPOSE_A == 1u)];
}
fn b_at(s: u32, k: u32, j: u32) -> f32 {
  return b[s * params.b_stack + select(k * params.columns + j, j * params.inner + k, TRANSPOSE_B == 1u)];
}

@compute @workgroup_size(TILE, TILE)
fn product(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x;
  let i = id.y;
  if (i >= params.rows || j >= params.columns) { return; }
  var total = 0.0;
  for (var k = 0u; k < params.inner; k++) { total += a_at(id.z, i, k) * b_at(id.z, k, j); }
  let at = (id.z * params.rows + i) * params.columns + j;
  c[at] = epilogue(at, total);
}

@compute @workgroup_size(64)
fn row_sums(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.rows) { return; }
  var total = 0.0;
  for (var k = 0u; k < params.inner; k++) { total += a_at(0u, id.x, k); }
  sums[id.x] = total;
}
