// matmul_quadswap — products whose four invocations load four different blocks of a and pass them round (quadSwap).
//
// That multiplies what a load is worth by four, on devices where loads cost far more than arithmetic, such as a software adapter.

const SWAPS = 4;
const APART = 16;

//#include "lib/matmul_registers.wgsl"

fn swap1(m: mat4x4f) -> mat4x4f { return mat4x4f(quadSwapX(m[0]), quadSwapX(m[1]), quadSwapX(m[2]), quadSwapX(m[3])); }
fn swap2(m: mat4x4f) -> mat4x4f { return mat4x4f(quadSwapY(m[0]), quadSwapY(m[1]), quadSwapY(m[2]), quadSwapY(m[3])); }
fn swap3(m: mat4x4f) -> mat4x4f {
  return mat4x4f(quadSwapDiagonal(m[0]), quadSwapDiagonal(m[1]), quadSwapDiagonal(m[2]), quadSwapDiagonal(m[3]));
}

fn own_row(row: u32, lane: u32) -> u32 { return row + 4u * lane; }
fn own_column(column: u32, lane: u32) -> u32 { return column + 4u * lane; }
// Blocks come in order of the block of a that was loaded, of who loaded it, and of the block of b.
fn row_of(tile: Tile, n: u32) -> u32 {
  if (BLOCKS == 1) { return tile.row + 4u * (tile.lane ^ n); }
  return tile.row + 16u * (n >> 3u) + 4u * (tile.lane ^ ((n >> 1u) & 3u));
}
fn column_of(tile: Tile, n: u32) -> u32 {
  if (BLOCKS == 1) { return tile.own_column; }
  return tile.column + 16u * (n & 1u) + 4u * tile.lane;
}

@compute @workgroup_size(4)
fn product(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) invocation: u32) {
  let number = group_number(id, groups);
  if (is_wanted(number)) { multiply(tile_of(number, invocation & 3u)); }
  // also where nothing is wanted: the sum that is kept is 0 there
  let done = finish(number * 4u + invocation);
}

@compute @workgroup_size(4)
fn product_and_sums(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) invocation: u32) {
  let number = group_number(id, groups);
  if (is_wanted(number)) {
    let tile = tile_of(number, invocation & 3u);
    multiply(tile);
    if (tile.column == 0u) { add_rows(tile); }
  }
}
