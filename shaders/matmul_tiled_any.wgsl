// matmul_tiled_any — product of two stacks of matrices of any size, tiles in workgroup memory.
//
//   product           c[s,i,j] = Σ_k a[s,i,k] · b[s,k,j]        a, b stored transposed where TRANSPOSE_A, TRANSPOSE_B are 1
//   product_and_sums  the same, and sums[s,i] = Σ_k a[s,i,k]    (the bias's gradient, a side output of the weight's)
//
// shapes     a [stacks, rows, inner], b [stacks, inner, columns], c [k_slices, stacks, rows, columns], sums [k_slices, stacks, rows];
//            row-major f32; of any size
// grid       1-D: (slice, stack, tile) workgroups, the last one fastest, tiles in bands of SWIZZLE_ROWS rows of tiles; a tile is
//            4·THREAD_M·THREADS_M × 4·THREAD_N·THREADS_N elements of c, 4·THREAD_M × 4·THREAD_N an invocation
// memory     BUFFERS · K_TEAMS tiles of TEAM_K × (rows + columns of the tile) f32, at most 16 KiB; a is read once for each column of
//            tiles, b once for each row of them; the next tile waits in registers while the present one is used, unless LATE is 1;
//            where MANY_TERMS is 1, earlier [workgroups, 4·THREAD_M·THREAD_N, LANES] vec4f holds the sums of runs that are done
// registers  at most 128 an invocation on RDNA 2 and 3; bound by multiply-adds
// numerics   sums run in order of k within a slice (K_TEAMS > 1: within a team, then over teams); of more than 1024 terms of a slice
//            512 run through, and these sums are added up in order: |error| ≤ γ_m · Σ|a·b| with m = min(k, 1024) up to 1024 terms of
//            a slice, else 512 + ⌈k/512⌉, and K_TEAMS + k_slices, γ_m = m·u/(1 − m·u), u = 2⁻²⁴
//            rows and columns past the end repeat the last ones and are not stored, inner positions past it count as 0
//            Tiles and sums are in lib/matmul_tiled.wgsl, entry points in lib/matmul_staging.wgsl

//#include "lib/hooked.wgsl"
//#include "lib/side_output.wgsl"
//#include "lib/matmul_staging.wgsl"

@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

fn starts_of(base: u32, line: u32, lines: u32, along_k: bool) -> vec4u {
  return base + min(line + vec4u(0u, 1u, 2u, 3u), vec4u(lines - 1u)) * select(1u, params.inner, along_k);
}
fn pairs_inside(k: u32) -> vec4<bool> { return vec4u(k, k + 1u, k, k + 1u) < vec4u(params.inner); }
//#repeat m in a b
fn {m}_at(at: vec4u) -> vec4f { return vec4f({m}[at.x], {m}[at.y], {m}[at.z], {m}[at.w]); }
fn {m}_pairs(starts: vec2u, k: u32) -> vec4f { return {m}_at(starts.xxyy + min(vec4u(k, k + 1u, k, k + 1u), vec4u(params.inner - 1u))); }
//#end
fn a_four(starts: vec4u, k: u32) -> vec4f { return a_at(starts + min(k, params.inner - 1u) * params.rows); }
fn b_four(starts: vec4u, k: u32) -> vec4f { return b_at(starts + min(k, params.inner - 1u) * params.columns); }

fn store(place: Tile, row: u32, column: u32, m: mat4x4f) {
  let base = (place.k_slice * params.stacks + place.stack) * params.rows * params.columns;
  for (var i = 0u; i < min(4u, max(params.rows, row) - row); i++) {
    let v = select(select(m[0], m[1], i == 1u), select(m[2], m[3], i == 3u), i > 1u);
    for (var j = 0u; j < min(4u, max(params.columns, column) - column); j++) {
      let at = base + (row + i) * params.columns + column + j;
      c[at] = epilogue(at, select(select(v.x, v.y, j == 1u), select(v.z, v.w, j == 3u), j > 1u));
    }
  }
}
