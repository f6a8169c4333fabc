// matmul_tall_skinny — product of two stacks of matrices, one of them at most 8 wide: a tall matrix times a few vectors.
//
//   product   c[s,i,j] = Σ_k a[s,i,k] · b[s,k,j]        a, b stored transposed where TRANSPOSE_A, TRANSPOSE_B are 1
//
// shapes     a [stacks, rows, inner], b [stacks, inner, columns], c [stacks, rows, columns];  row-major f32 of any size
//            TALL_B = 0: a is the tall one, columns = SKINNY;  TALL_B = 1: b is, rows = SKINNY;  SKINNY ≤ 8
// grid       1-D: (stack, ⌈tall/(THREADS_M·ROWS_PER_THREAD)⌉) workgroups, the last one fastest, of THREADS_M × 256/THREADS_M: so many rows (or columns) of
//            the tall matrix at once, ROWS_PER_THREAD times, and so many of their inner positions; neighbours read what lies together
// memory     the tall matrix is read once; 8 KiB of workgroup memory for the partial sums
// numerics   sums run in order of k in steps of S = 256/THREADS_M, then in a tree of halves; more than 1024 terms go in three levels
//            (lib/long.wgsl): |error| ≤ γ_m · Σ|a·b| with m = min(k/S, 3·block_of(k/S)) + log₂ S, γ_m = m·u/(1 − m·u), u = 2⁻²⁴

//#include "lib/hooked.wgsl"
//#include "lib/side_output.wgsl"
//#include "lib/long.wgsl"

const TRANSPOSE_A = 0u;
const TRANSPOSE_B = 0u;
const TALL_B = 0u;
const SKINNY = 8u;
const THREADS_M = 32u;
// 1 or 4
const ROWS_PER_THREAD = 4u;

const LANES = 256u;
const K_SLICES = LANES / THREADS_M;
// whether inner positions of the tall matrix lie together
const K_CONTIGUOUS = select(TRANSPOSE_A == 0u, TRANSPOSE_B == 1u, TALL_B == 1u);

struct Params { stacks: u32, rows: u32, columns: u32, inner: u32, a_stack: u32, b_stack: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

// [vectors 0 … 3 and 4 … 7][invocation]
var<workgroup> partial_sums: array<vec4f, 512>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

fn a_at(stack: u32, row: u32, k: u32) -> f32 {
  return a[stack * params.a_stack + select(row * params.inner + k, k * params.rows + row, TRANSPOSE_A == 1u)];
}
fn b_at(stack: u32, k: u32, column: u32) -> f32 {
  return b[stack * params.b_stack + select(k * params.columns + column, column * params.inner + k, TRANSPOSE_B == 1u)];
}
fn tall_at(stack: u32, i: u32, k: u32) -> f32 {
  if (TALL_B == 1u) { return b_at(stack, k, i); }
  return a_at(stack, i, k);
}
// Vectors past the last repeat it, and are not stored.
fn skinny_at(stack: u32, vector: u32, k: u32) -> f32 {
  let j = min(vector, SKINNY - 1u);
  if (TALL_B == 1u) { return a_at(stack, j, k); }
  return b_at(stack, k, j);
}
fn skinny_vec4(stack: u32, j: u32, k: u32) -> vec4f {
  return vec4f(skinny_at(stack, j, k), skinny_at(stack, j + 1u, k), skinny_at(stack, j + 2u, k), skinny_at(stack, j + 3u, k));
}

@compute @workgroup_size(LANES)
fn product(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let number = group_number(id, groups);
  let count = select(params.rows, params.columns, TALL_B == 1u);
  let strips = (count + THREADS_M * ROWS_PER_THREAD - 1u) / (THREADS_M * ROWS_PER_THREAD);
  let stack = number / strips;
  if (stack >= params.stacks) { return; }
  let k_slice = select(lane / THREADS_M, lane % K_SLICES, K_CONTIGUOUS);
  let apart = select(THREADS_M, 1u, K_CONTIGUOUS);
  let first = number % strips * THREADS_M * ROWS_PER_THREAD + select(lane % THREADS_M, lane / K_SLICES, K_CONTIGUOUS);
  let at = min(first + THREADS_M * vec4u(0u, 1u, 2u, 3u), vec4u(count - 1u));

  var low = mat4x4f();
  var high = mat4x4f();
  var low_group = mat4x4f();
  var high_group = mat4x4f();
  var low_total = mat4x4f();
  var high_total = mat4x4f();
  let k_tiles = (params.inner + K_SLICES - 1u) / K_SLICES;
  let size = run_of(k_tiles);
  for (var start = 0u; start < k_tiles; start += size) {
  for (var k_tile = start; k_tile < min(start + size, k_tiles); k_tile++) {
    let k = k_tile * K_SLICES + k_slice;
    if (k < params.inner) {
      let m0 = tall_at(stack, at.x, k);
      var m1 = 0.0;
      var m2 = 0.0;
      var m3 = 0.0;
      if (ROWS_PER_THREAD == 4u) {
        m1 = tall_at(stack, at.y, k);
        m2 = tall_at(stack, at.z, k);
        m3 = tall_at(stack, at.w, k);
      }
      let v = skinny_vec4(stack, 0u, k);
      low[0] += m0 * v;
      if (ROWS_PER_THREAD == 4u) {
        low[1] += m1 * v;
        low[2] += m2 * v;
        low[3] += m3 * v;
      }
      if (SKINNY > 4u) {
        let w = skinny_vec4(stack, 4u, k);
        high[0] += m0 * w;
        if (ROWS_PER_THREAD == 4u) {
          high[1] += m1 * w;
          high[2] += m2 * w;
          high[3] += m3 * w;
        }
      }
    }
  }
    if (MANY_TERMS == 1u) {
      low_group += low;
      high_group += high;
      low = mat4x4f();
      high = mat4x4f();
      if (ends(start / size + 1u, size)) {
        low_total += low_group;
        high_total += high_group;
        low_group = mat4x4f();
        high_group = mat4x4f();
      }
    }
  }
  if (MANY_TERMS == 1u) {
    low = low_total + low_group + low;
    high = high_total + high_group + high;
  }

  for (var r = 0u; r < ROWS_PER_THREAD; r++) {
    partial_sums[lane] = low[r];
    partial_sums[LANES + lane] = high[r];
    workgroupBarrier();
    for (var half = K_SLICES / 2u; half > 0u; half /= 2u) {
      if (k_slice < half) {
        partial_sums[lane] += partial_sums[lane + half * apart];
        partial_sums[LANES + lane] += partial_sums[LANES + lane + half * apart];
      }
      workgroupBarrier();
    }
    let i = first + r * THREADS_M;
    if (k_slice == 0u && i < count) {
      for (var j = 0u; j < SKINNY; j++) {
        let place = select((stack * params.rows + i) * params.columns + j, (stack * params.rows + j) * params.columns + i, TALL_B == 1u);
        c[place] = epilogue(place, partial_sums[j / 4u * LANES + lane][j % 4u]);
      }
    }
    // nobody keeps the next row's sums before these are stored
    workgroupBarrier();
  }
  let done = finish(number * LANES + lane);
}
