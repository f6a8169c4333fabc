// matmul_registers — products of 4 × 4 blocks that an invocation holds in registers, for the kernels that say how blocks are loaded.
//
// Named registers: an indexed array would live in memory on some devices. A kernel gives
//
//   BLOCKS           blocks of a, and of b, that an invocation loads for an inner position of four
//   SWAPS, swap1 …   invocations among which a's blocks go round, and how
//   TILE_M, TILE_N   elements of c that a workgroup takes, down and across; row_of and column_of say where block n of it is
//   APART, own_row   elements from a block that an invocation loads to the next, and where the first is; own_column
//   starts, a_block, b_block, vec4s, store_row   from lib/matmul_load_vec4.wgsl or lib/matmul_load_any.wgsl

//#include "lib/hooked.wgsl"
//#include "lib/side_output.wgsl"
//#include "lib/symmetric.wgsl"
//#include "lib/long.wgsl"

const TRANSPOSE_A = 0u;
const TRANSPOSE_B = 0u;

struct Params { stacks: u32, rows: u32, columns: u32, inner: u32, a_stack: u32, b_stack: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

struct Tile {
  row: u32,
  column: u32,
  stack: u32,
  lane: u32,
  own_row: u32,    // the first that this invocation loads
  own_column: u32,
}
fn row_tiles() -> u32 { return (params.rows + (TILE_M - 1u)) / TILE_M; }
fn column_tiles() -> u32 { return (params.columns + (TILE_N - 1u)) / TILE_N; }
fn tile_of(number: u32, lane: u32) -> Tile {
  let row = number % row_tiles() * TILE_M;
  let column = number / row_tiles() % column_tiles() * TILE_N;
  return Tile(row, column, number / row_tiles() / column_tiles(), lane, own_row(row, lane), own_column(column, lane));
}
// Whether there is such a tile, and not all of it above the diagonal of a symmetric product.
fn is_wanted(number: u32) -> bool {
  if (number >= row_tiles() * column_tiles() * params.stacks) { return false; }
  let row = number % row_tiles() * TILE_M;
  let column = number / row_tiles() % column_tiles() * TILE_N;
  return SYMMETRIC == 0u || column < row + TILE_M;
}

// 4 × 4 elements of c each, one row after the other
const COUNT = BLOCKS * SWAPS * BLOCKS;
struct Sums {
  s{i}_{x}_{j}: mat4x4f, //#repeat i in 0..BLOCKS, x in 0..SWAPS, j in 0..BLOCKS
}

// One block along the inner axis: (u · v)[i] = Σ_k u[k] · v[i][k], a row of c.
fn accumulate(
  s: ptr<function, Sums>,
  {m}{i}: vec4u, //#repeat m in a b, i in 0..BLOCKS
  step: u32,
) {
  let u{j} = b_block(b{j}, step); //#repeat j in 0..BLOCKS
  //#repeat i in 0..BLOCKS
  let v{i}_0 = a_block(a{i}, step);
  (*s).s{i}_0_{j} += u{j} * v{i}_0; //#repeat j in 0..BLOCKS
  //#repeat x in 1..SWAPS
  let v{i}_{x} = swap{x}(v{i}_0);
  (*s).s{i}_{x}_{j} += u{j} * v{i}_{x}; //#repeat j in 0..BLOCKS
  //#end
  //#end
}

fn sums_of_both(s: Sums, t: Sums) -> Sums {
  return Sums(
    s.s{i}_{x}_{j} + t.s{i}_{x}_{j}, //#repeat i in 0..BLOCKS, x in 0..SWAPS, j in 0..BLOCKS
  );
}

fn multiply(tile: Tile) {
  let a_base = vec4s(tile.stack * params.a_stack);
  let b_base = vec4s(tile.stack * params.b_stack);
  let a{i} = a_base + starts(tile.own_row + {i}u * APART, params.rows, TRANSPOSE_A == 0u); //#repeat i in 0..BLOCKS
  let b{i} = b_base + starts(tile.own_column + {i}u * APART, params.columns, TRANSPOSE_B == 1u); //#repeat i in 0..BLOCKS
  let steps = (params.inner + 3u) / 4u;
  var s = Sums();
  var group = Sums();
  var total = Sums();
  let size = max(run_of(steps), 64u);
  for (var first = 0u; first < steps; first += size) {
    for (var step = first; step < min(first + size, steps); step++) {
      accumulate(
        &s,
        {m}{i}, //#repeat m in a b, i in 0..BLOCKS
        step,
      );
    }
    if (MANY_TERMS == 1u) {
      group = sums_of_both(group, s);
      s = Sums();
      if (ends(first / size + 1u, size)) {
        total = sums_of_both(total, group);
        group = Sums();
      }
    }
  }
  if (MANY_TERMS == 1u) { s = sums_of_both(sums_of_both(total, group), s); }

  var blocks = array<mat4x4f, COUNT>(
    s.s{i}_{x}_{j}, //#repeat i in 0..BLOCKS, x in 0..SWAPS, j in 0..BLOCKS
  );
  for (var n = 0u; n < COUNT; n++) {
    let row = row_of(tile, n);
    let column = column_of(tile, n);
    if (SYMMETRIC == 1u && column > row) { continue; }
    if (SYMMETRIC == 1u && column == row) { blocks[n] = mirrored_block(blocks[n]); }
    store(&blocks, n, tile.stack, row, column);
    if (SYMMETRIC == 1u && column < row) {
      blocks[n] = transpose(blocks[n]);
      store(&blocks, n, tile.stack, column, row);
    }
  }
}

fn store(blocks: ptr<function, array<mat4x4f, COUNT>>, n: u32, stack: u32, row: u32, column: u32) {
  for (var i = 0u; i < min(4u, max(params.rows, row) - row); i++) {
    store_row((stack * params.rows + row + i) * params.columns + column, column, (*blocks)[n][i]);
  }
}

// The sums of the invocation's own rows, one block after the other.
fn add_rows(tile: Tile) {
  for (var m = 0u; m < BLOCKS; m++) {
    let row = tile.own_row + APART * m;
    let at = vec4s(tile.stack * params.a_stack) + starts(row, params.rows, TRANSPOSE_A == 0u);
    let steps = (params.inner + 3u) / 4u;
    let size = run_of(steps);
    var group = vec4f();
    var total = vec4f();
    for (var first = 0u; first < steps; first += size) {
      var some = vec4f();
      for (var step = first; step < min(first + size, steps); step++) { some += vec4f(1.0) * a_block(at, step); }
      group += some;
      if (ends(first / size + 1u, size)) {
        total += group;
        group = vec4f();
      }
    }
    total += group;
    for (var i = 0u; i < min(4u, max(params.rows, row) - row); i++) { sums[tile.stack * params.rows + row + i] = total[i]; }
  }
}
