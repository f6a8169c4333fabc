// matmul_quadswap_small — matmul_quadswap with a quarter of the elements an invocation.
//
//   product           c[s,i,j] = Σ_k a[s,i,k] · b[s,k,j]        a, b stored transposed where TRANSPOSE_A, TRANSPOSE_B are 1
//   product_and_sums  the same, and sums[s,i] = Σ_k a[s,i,k]    (the bias's gradient, a side output of the weight's)
//
// shapes     a [stacks, rows, inner], b [stacks, inner, columns], c [stacks, rows, columns], sums [stacks, rows];  row-major f32
//            inner and columns multiples of 4, so are rows where TRANSPOSE_A, and the strides of stacks
// grid       1-D: (stack, ⌈columns/16⌉, ⌈rows/16⌉) workgroups, the last one fastest
// memory     no workgroup memory; four invocations hold a tile of 16 × 16: a is read ⌈columns/16⌉ times, b ⌈rows/16⌉ times
// numerics   sums run in order of k, four at a time; more than 4096 terms go in three levels (lib/long.wgsl), so that
//            |error| ≤ γ_m · Σ|a·b| with m = min(k, 3·block_of(k/4) + 4), γ_m = m·u/(1 − m·u), u = 2⁻²⁴
//            rows and columns past the end repeat the last ones and are not stored
//            The invocations of a quad load four different blocks of a and pass them round (quadSwap), which multiplies what a load
//            is worth by four. For devices where loads cost far more than arithmetic, such as a software adapter
// source     written by matmul.mjs

enable subgroups;

//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/functions.wgsl"
//#include "lib/extras.wgsl"
//#include "lib/side_output.wgsl"
//#include "lib/symmetric.wgsl"
//#include "lib/long.wgsl"

const TRANSPOSE_A = 0u;
const TRANSPOSE_B = 0u;

struct Params { stacks: u32, rows: u32, columns: u32, inner: u32, a_stack: u32, b_stack: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> c: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }
//#include "lib/epilogue_vec4.wgsl"

// Where the four loads of a block begin: one for each of four rows, or for each of four inner positions.
fn starts(first: u32, count: u32, along_inner: bool) -> vec4u {
  if (along_inner) { return min(first + vec4u(0u, 1u, 2u, 3u), vec4u(count - 1u)) * (params.inner / 4u); }
  return min(first, count - 4u) / 4u + vec4u(0u, 1u, 2u, 3u) * (count / 4u);
}
// What a start advances by from one block to the next along the inner axis.
fn stride(count: u32, along_inner: bool) -> u32 { return select(count, 1u, along_inner); }

fn a_block(start: vec4u, step: u32) -> mat4x4f {
  let at = start + step * stride(params.rows, TRANSPOSE_A == 0u);
  let x = a[at.x];
  let y = a[at.y];
  let z = a[at.z];
  let w = a[at.w];
  let loaded = mat4x4f(x, y, z, w);
  if (TRANSPOSE_A == 1u) { return transpose(loaded); }
  return loaded;
}
fn b_block(start: vec4u, step: u32) -> mat4x4f {
  let at = start + step * stride(params.columns, TRANSPOSE_B == 1u);
  let x = b[at.x];
  let y = b[at.y];
  let z = b[at.z];
  let w = b[at.w];
  let loaded = mat4x4f(x, y, z, w);
  if (TRANSPOSE_B == 1u) { return transpose(loaded); }
  return loaded;
}

fn swap1(m: mat4x4f) -> mat4x4f { return mat4x4f(quadSwapX(m[0]), quadSwapX(m[1]), quadSwapX(m[2]), quadSwapX(m[3])); }
fn swap2(m: mat4x4f) -> mat4x4f { return mat4x4f(quadSwapY(m[0]), quadSwapY(m[1]), quadSwapY(m[2]), quadSwapY(m[3])); }
fn swap3(m: mat4x4f) -> mat4x4f { return mat4x4f(quadSwapDiagonal(m[0]), quadSwapDiagonal(m[1]), quadSwapDiagonal(m[2]), quadSwapDiagonal(m[3])); }

struct Tile {
  row: u32,
  column: u32,
  stack: u32,
  lane: u32,
  own_row: u32,    // the first that this invocation loads
  own_column: u32,
}
fn row_tiles() -> u32 { return (params.rows + 15u) / 16u; }
fn column_tiles() -> u32 { return (params.columns + 15u) / 16u; }
fn tile_of(number: u32, invocation: u32) -> Tile {
  let row = number % row_tiles() * 16u;
  let column = number / row_tiles() % column_tiles() * 16u;
  let lane = invocation & 3u;
  return Tile(row, column, number / row_tiles() / column_tiles(), lane, row + 4u * lane, column + 4u * lane);
}
// Whether there is such a tile, and not all of it above the diagonal of a symmetric product.
fn is_wanted(number: u32) -> bool {
  if (number >= row_tiles() * column_tiles() * params.stacks) { return false; }
  let row = number % row_tiles() * 16u;
  let column = number / row_tiles() % column_tiles() * 16u;
  return SYMMETRIC == 0u || column < row + 16u;
}

// 4 × 4 elements of c each, one row after the other
struct Sums {
  s0: mat4x4f,
  s1: mat4x4f,
  s2: mat4x4f,
  s3: mat4x4f,
}

// One block along the inner axis: (u · v)[i] = Σ_k u[k] · v[i][k], a row of c.
fn accumulate(s: ptr<function, Sums>, a0: vec4u, b0: vec4u, step: u32) {
  let u0 = b_block(b0, step);
  let v0 = a_block(a0, step);
  (*s).s0 += u0 * v0;
  let v0_1 = swap1(v0);
  (*s).s1 += u0 * v0_1;
  let v0_2 = swap2(v0);
  (*s).s2 += u0 * v0_2;
  let v0_3 = swap3(v0);
  (*s).s3 += u0 * v0_3;
}

fn sums_of_both(s: Sums, t: Sums) -> Sums {
  return Sums(s.s0 + t.s0, s.s1 + t.s1, s.s2 + t.s2, s.s3 + t.s3);
}

fn multiply(tile: Tile) {
  let a_base = tile.stack * params.a_stack / 4u;
  let b_base = tile.stack * params.b_stack / 4u;
  let a0 = a_base + starts(tile.own_row, params.rows, TRANSPOSE_A == 0u);
  let b0 = b_base + starts(tile.own_column, params.columns, TRANSPOSE_B == 1u);
  let steps = (params.inner + 3u) / 4u;
  var s = Sums();
  var group = Sums();
  var total = Sums();
  let size = max(run_of(steps), 64u);
  for (var first = 0u; first < steps; first += size) {
    for (var step = first; step < min(first + size, steps); step++) { accumulate(&s, a0, b0, step); }
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

  var blocks = array<mat4x4f, 4>(s.s0, s.s1, s.s2, s.s3);
  for (var n = 0u; n < 4u; n++) {
    let row = tile.row + 4u * (tile.lane ^ n);
    let column = tile.own_column;
    if (SYMMETRIC == 1u && column > row) { continue; }
    if (SYMMETRIC == 1u && column == row) { blocks[n] = mirrored_block(blocks[n]); }
    store(&blocks, n, tile.stack, row, column);
    if (SYMMETRIC == 1u && column < row) {
      blocks[n] = transpose(blocks[n]);
      store(&blocks, n, tile.stack, column, row);
    }
  }
}

fn store(blocks: ptr<function, array<mat4x4f, 4>>, n: u32, stack: u32, row: u32, column: u32) {
  for (var i = 0u; i < min(4u, max(params.rows, row) - row); i++) {
    let at = (stack * params.rows + row + i) * params.columns + column;
    if (column < params.columns) { c[at >> 2u] = epilogue_vec4(at >> 2u, (*blocks)[n][i]); }
  }
}

// The sums of the invocation's own rows, one block after the other.
fn add_rows(tile: Tile) {
  for (var m = 0u; m < 1u; m++) {
    let row = tile.own_row + 16u * m;
    let at = tile.stack * params.a_stack / 4u + starts(row, params.rows, TRANSPOSE_A == 0u);
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

@compute @workgroup_size(4)
fn product(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) invocation: u32) {
  let number = group_number(id, groups);
  if (is_wanted(number)) { multiply(tile_of(number, invocation)); }
  // also where nothing is wanted: the sum that is kept is 0 there
  let done = finish(number * 4u + invocation);
}

@compute @workgroup_size(4)
fn product_and_sums(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(subgroup_invocation_id) invocation: u32) {
  let number = group_number(id, groups);
  if (is_wanted(number)) {
    let tile = tile_of(number, invocation);
    multiply(tile);
    if (tile.column == 0u) { add_rows(tile); }
  }
}
