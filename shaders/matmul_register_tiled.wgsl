// matmul_register_tiled — product of two stacks of matrices of any size, without workgroup memory or subgroups.
//
//   product           c[s,i,j] = Σ_k a[s,i,k] · b[s,k,j]        a, b stored transposed where TRANSPOSE_A, TRANSPOSE_B are 1
//   product_and_sums  the same, and sums[s,i] = Σ_k a[s,i,k]    (the bias's gradient, a side output of the weight's)
//
// shapes     a [stacks, rows, inner], b [stacks, inner, columns], c [stacks, rows, columns], sums [stacks, rows];  row-major f32
//            of any size
// grid       1-D: (stack, ⌈columns/512⌉, ⌈rows/8⌉) workgroups, the last one fastest
// memory     no workgroup memory; an invocation holds 8 × 8 elements: a is read ⌈columns/8⌉ times, b ⌈rows/8⌉ times
// numerics   sums run in order of k, four at a time; more than 4096 terms go in three levels (lib/long.wgsl), so that
//            |error| ≤ γ_m · Σ|a·b| with m = min(k, 3·block_of(k/4) + 4), γ_m = m·u/(1 − m·u), u = 2⁻²⁴
//            rows and columns past the end repeat the last ones and are not stored, inner positions past the end count as 0

const BLOCKS = 2;
const SWAPS = 1;
const TILE_M = 8;
const TILE_N = 512;
const APART = 4;

//#include "lib/matmul_registers.wgsl"
//#include "lib/matmul_load_any.wgsl"

const LANES = 64u;

fn own_row(row: u32, lane: u32) -> u32 { return row; }
fn own_column(column: u32, lane: u32) -> u32 { return column + 8u * lane; }
fn row_of(tile: Tile, n: u32) -> u32 { return tile.row + 4u * (n / 2u); }
fn column_of(tile: Tile, n: u32) -> u32 { return tile.own_column + 4u * (n % 2u); }

@compute @workgroup_size(LANES)
fn product(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let number = group_number(id, groups);
  if (is_wanted(number)) { multiply(tile_of(number, lane)); }
  let done = finish(number * LANES + lane);
}

@compute @workgroup_size(LANES)
fn product_and_sums(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let number = group_number(id, groups);
  if (is_wanted(number)) {
    let tile = tile_of(number, lane);
    multiply(tile);
    if (tile.column == 0u && tile.lane == 0u) { add_rows(tile); }
  }
}
