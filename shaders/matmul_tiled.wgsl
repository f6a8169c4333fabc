// matmul_tiled — product of two stacks of matrices, tiles in workgroup memory, four elements a load.
//
//   product           c[s,i,j] = Σ_k a[s,i,k] · b[s,k,j]        a, b stored transposed where TRANSPOSE_A, TRANSPOSE_B are 1
//   product_and_sums  the same, and sums[s,i] = Σ_k a[s,i,k]    (the bias's gradient, a side output of the weight's)
//
// shapes     a [stacks, rows, inner], b [stacks, inner, columns], c [k_slices, stacks, rows, columns], sums [k_slices, stacks, rows];
//            row-major f32; what lies together is a multiple of 4 in a, b and c, and so are the strides of stacks
// grid       1-D: (slice, stack, tile) workgroups, the last one fastest, tiles in bands of SWIZZLE_ROWS rows of tiles; a tile is
//            4·THREAD_M·THREADS_M × 4·THREAD_N·THREADS_N elements of c, 4·THREAD_M × 4·THREAD_N an invocation
// memory     BUFFERS · K_TEAMS tiles of TEAM_K × (rows + columns of the tile) f32, at most 16 KiB; a is read once for each column of
//            tiles, b once for each row of them; the next tile waits in registers while the present one is used, unless LATE is 1;
//            where MANY_TERMS is 1, earlier [workgroups, 4·THREAD_M·THREAD_N, LANES] vec4f holds the sums of runs that are done
// registers  at most 132 an invocation on RDNA 2 and 3; bound by multiply-adds
// numerics   sums run in order of k within a slice (K_TEAMS > 1: within a team, then over teams); of more than 1024 terms of a slice
//            512 run through, and these sums are added up in order: |error| ≤ γ_m · Σ|a·b| with m = min(k, 1024) up to 1024 terms of
//            a slice, else 512 + ⌈k/512⌉, and K_TEAMS + k_slices, γ_m = m·u/(1 − m·u), u = 2⁻²⁴
//            rows and columns past the end repeat the last ones and are not stored, inner positions past it count as 0
//            Tiles and sums are in lib/matmul_tiled.wgsl, entry points in lib/matmul_staging.wgsl

//#include "lib/hooked.wgsl"
//#include "lib/side_output.wgsl"
//#include "lib/matmul_staging.wgsl"
//#include "lib/epilogue_vec4.wgsl"

@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> c: array<vec4f>;

fn starts_of(base: u32, line: u32, lines: u32, along_k: bool) -> vec4u {
  if (along_k) { return base / 4u + min(line + vec4u(0u, 1u, 2u, 3u), vec4u(lines - 1u)) * (params.inner / 4u); }
  return vec4u((base + min(line, lines - 4u)) / 4u);
}
fn pairs_inside(k: u32) -> vec4<bool> { return vec4<bool>(k < params.inner); }
//#repeat m in a b
fn {m}_pairs(starts: vec2u, k: u32) -> vec4f {
  let j = min(k, params.inner - 2u);
  let at = starts + j / 4u;
  let part = j & 2u;
  return vec4f({m}[at.x][part], {m}[at.x][part + 1u], {m}[at.y][part], {m}[at.y][part + 1u]);
}
//#end
fn a_four(starts: vec4u, k: u32) -> vec4f { return a[starts.x + min(k, params.inner - 1u) * (params.rows / 4u)]; }
fn b_four(starts: vec4u, k: u32) -> vec4f { return b[starts.x + min(k, params.inner - 1u) * (params.columns / 4u)]; }

fn store(place: Tile, row: u32, column: u32, m: mat4x4f) {
  let base = (place.k_slice * params.stacks + place.stack) * params.rows * params.columns;
  if (column >= params.columns) { return; }
  for (var i = 0u; i < min(4u, max(params.rows, row) - row); i++) {
    let at = base + (row + i) * params.columns + column;
    let v = select(select(m[0], m[1], i == 1u), select(m[2], m[3], i == 3u), i > 1u);
    c[at / 4u] = epilogue_vec4(at / 4u, v);
  }
}
