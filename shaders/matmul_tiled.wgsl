// matmul_tiled — product of two stacks of matrices, tiles in workgroup memory, four elements a load.
//
//   product           c[s,i,j] = Σ_k a[s,i,k] · b[s,k,j]        a, b stored transposed where TRANSPOSE_A, TRANSPOSE_B are 1
//   product_and_sums  the same, and sums[s,i] = Σ_k a[s,i,k]    (the bias's gradient, a side output of the weight's)
//
// shapes     a [stacks, rows, inner], b [stacks, inner, columns], c [k_slices, stacks, rows, columns], sums [k_slices, stacks, rows];
//            row-major f32; what lies together is a multiple of 4 in a, b and c, and so are the strides of stacks
// grid       1-D: (slice, stack, tile) workgroups, the last one fastest, tiles in bands of SWIZZLE_ROWS rows of tiles; a tile is
//            4·THREAD_M·THREADS_M × 4·THREAD_N·THREADS_N elements of c, 4·THREAD_M × 4·THREAD_N an invocation
// memory     BUFFERS tiles of BLOCK_K × (rows + columns of the tile) f32, at most 16 KiB; a is read once for each column of tiles, b
//            once for each row of them; the blocks of the next tile wait in registers while the present one is used
// numerics   sums run in order of k within a slice (K_TEAMS > 1: within a team, then over parts); more than 1024 terms of a slice go
//            in three levels (lib/long.wgsl): |error| ≤ γ_m · Σ|a·b| with m = min(k, 3·max(block_of(k), BLOCK_K) + K_TEAMS + k_slices),
//            γ_m = m·u/(1 − m·u), u = 2⁻²⁴
//            rows and columns past the end repeat the last ones and are not stored, inner positions past it count as 0
//            Tiles, sums and entry points are in lib/matmul_tiled.wgsl

//#include "lib/hooked.wgsl"
//#include "lib/side_output.wgsl"
//#include "lib/matmul_tiled.wgsl"
//#include "lib/epilogue_vec4.wgsl"

@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> c: array<vec4f>;

// A block is one of inner positions: four rows of op(a), or four columns of b, at each of four of them.
fn a_starts(base: u32, first: u32) -> vec4u {
  if (TRANSPOSE_A == 0u) { return base / 4u + min(first + vec4u(0u, 1u, 2u, 3u), vec4u(params.rows - 1u)) * (params.inner / 4u); }
  return vec4u(base / 4u + min(first, params.rows - 4u) / 4u);
}
fn a_four(start: u32, k: u32) -> vec4f {
  if (k >= params.inner) { return vec4f(); }
  return a[start + k * (params.rows / 4u)];
}
fn a_block(starts: vec4u, k: u32) -> mat4x4f {
  if (TRANSPOSE_A == 0u) {
    if (k >= params.inner) { return mat4x4f(); }
    let at = starts + k / 4u;
    return transpose(mat4x4f(a[at.x], a[at.y], a[at.z], a[at.w]));
  }
  return mat4x4f(a_four(starts.x, k), a_four(starts.x, k + 1u), a_four(starts.x, k + 2u), a_four(starts.x, k + 3u));
}

fn b_starts(base: u32, first: u32) -> vec4u {
  if (TRANSPOSE_B == 1u) { return base / 4u + min(first + vec4u(0u, 1u, 2u, 3u), vec4u(params.columns - 1u)) * (params.inner / 4u); }
  return vec4u(base / 4u + min(first, params.columns - 4u) / 4u);
}
fn b_four(start: u32, k: u32) -> vec4f {
  if (k >= params.inner) { return vec4f(); }
  return b[start + k * (params.columns / 4u)];
}
fn b_block(starts: vec4u, k: u32) -> mat4x4f {
  if (TRANSPOSE_B == 1u) {
    if (k >= params.inner) { return mat4x4f(); }
    let at = starts + k / 4u;
    return transpose(mat4x4f(b[at.x], b[at.y], b[at.z], b[at.w]));
  }
  return mat4x4f(b_four(starts.x, k), b_four(starts.x, k + 1u), b_four(starts.x, k + 2u), b_four(starts.x, k + 3u));
}

fn store(base: u32, row: u32, column: u32, m: mat4x4f) {
  if (column >= params.columns) { return; }
  var lines = m;
  for (var i = 0u; i < min(4u, max(params.rows, row) - row); i++) {
    let at = base + (row + i) * params.columns + column;
    let v = lines[i];
    c[at / 4u] = epilogue_vec4(at / 4u, v);
  }
}
