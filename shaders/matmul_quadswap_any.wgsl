// matmul_quadswap_any — matmul_quadswap for sizes that are not multiples of 4.
//
//   product           c[s,i,j] = Σ_k a[s,i,k] · b[s,k,j]        a, b stored transposed where TRANSPOSE_A, TRANSPOSE_B are 1
//   product_and_sums  the same, and sums[s,i] = Σ_k a[s,i,k]    (the bias's gradient, a side output of the weight's)
//
// shapes     a [stacks, rows, inner], b [stacks, inner, columns], c [stacks, rows, columns], sums [stacks, rows];  row-major f32
//            of any size
// grid       1-D: (stack, ⌈columns/32⌉, ⌈rows/32⌉) workgroups, the last one fastest
// memory     no workgroup memory; four invocations hold a tile of 32 × 32 as 2 × 2 blocks of 16 × 16: a is read ⌈columns/32⌉
//            times, b ⌈rows/32⌉ times
// numerics   sums run in order of k, four at a time; more than 4096 terms go in three levels (lib/long.wgsl), so that
//            |error| ≤ γ_m · Σ|a·b| with m = min(k, 3·block_of(k/4) + 4), γ_m = m·u/(1 − m·u), u = 2⁻²⁴
//            rows and columns past the end repeat the last ones and are not stored, inner positions past the end count as 0
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
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

// Where four rows (or columns) begin.
fn starts(first: u32, count: u32, along_inner: bool) -> vec4u {
  return min(first + vec4u(0u, 1u, 2u, 3u), vec4u(count - 1u)) * select(1u, params.inner, along_inner);
}
fn a_at(start: u32, k: u32) -> f32 {
  let last = min(k, params.inner - 1u);
  return select(0.0, a[start + select(last, last * params.rows, TRANSPOSE_A == 1u)], k < params.inner);
}
fn b_at(start: u32, k: u32) -> f32 {
  let last = min(k, params.inner - 1u);
  return select(0.0, b[start + select(last * params.columns, last, TRANSPOSE_B == 1u)], k < params.inner);
}
fn a_run(start: u32, k: u32) -> vec4f { return vec4f(a_at(start, k), a_at(start, k + 1u), a_at(start, k + 2u), a_at(start, k + 3u)); }
fn b_run(start: u32, k: u32) -> vec4f { return vec4f(b_at(start, k), b_at(start, k + 1u), b_at(start, k + 2u), b_at(start, k + 3u)); }

fn a_block(at: vec4u, step: u32) -> mat4x4f {
  let k = step * 4u;
  return mat4x4f(a_run(at.x, k), a_run(at.y, k), a_run(at.z, k), a_run(at.w, k));
}
fn b_block(at: vec4u, step: u32) -> mat4x4f {
  let k = step * 4u;
  return transpose(mat4x4f(b_run(at.x, k), b_run(at.y, k), b_run(at.z, k), b_run(at.w, k)));
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
fn row_tiles() -> u32 { return (params.rows + 31u) / 32u; }
fn column_tiles() -> u32 { return (params.columns + 31u) / 32u; }
fn tile_of(number: u32, invocation: u32) -> Tile {
  let row = number % row_tiles() * 32u;
  let column = number / row_tiles() % column_tiles() * 32u;
  let lane = invocation & 3u;
  return Tile(row, column, number / row_tiles() / column_tiles(), lane, row + 4u * lane, column + 4u * lane);
}
// Whether there is such a tile, and not all of it above the diagonal of a symmetric product.
fn is_wanted(number: u32) -> bool {
  if (number >= row_tiles() * column_tiles() * params.stacks) { return false; }
  let row = number % row_tiles() * 32u;
  let column = number / row_tiles() % column_tiles() * 32u;
  return SYMMETRIC == 0u || column < row + 32u;
}

// 4 × 4 elements of c each, one row after the other
struct Sums {
  s0: mat4x4f,
  s1: mat4x4f,
  s2: mat4x4f,
  s3: mat4x4f,
  s4: mat4x4f,
  s5: mat4x4f,
  s6: mat4x4f,
  s7: mat4x4f,
  s8: mat4x4f,
  s9: mat4x4f,
  s10: mat4x4f,
  s11: mat4x4f,
  s12: mat4x4f,
  s13: mat4x4f,
  s14: mat4x4f,
  s15: mat4x4f,
}

// One block along the inner axis: (u · v)[i] = Σ_k u[k] · v[i][k], a row of c.
fn accumulate(s: ptr<function, Sums>, a0: vec4u, a1: vec4u, b0: vec4u, b1: vec4u, step: u32) {
  let u0 = b_block(b0, step);
  let u1 = b_block(b1, step);
  let v0 = a_block(a0, step);
  (*s).s0 += u0 * v0;
  (*s).s1 += u1 * v0;
  let v0_1 = swap1(v0);
  (*s).s2 += u0 * v0_1;
  (*s).s3 += u1 * v0_1;
  let v0_2 = swap2(v0);
  (*s).s4 += u0 * v0_2;
  (*s).s5 += u1 * v0_2;
  let v0_3 = swap3(v0);
  (*s).s6 += u0 * v0_3;
  (*s).s7 += u1 * v0_3;
  let v1 = a_block(a1, step);
  (*s).s8 += u0 * v1;
  (*s).s9 += u1 * v1;
  let v1_1 = swap1(v1);
  (*s).s10 += u0 * v1_1;
  (*s).s11 += u1 * v1_1;
  let v1_2 = swap2(v1);
  (*s).s12 += u0 * v1_2;
  (*s).s13 += u1 * v1_2;
  let v1_3 = swap3(v1);
  (*s).s14 += u0 * v1_3;
  (*s).s15 += u1 * v1_3;
}

fn sums_of_both(s: Sums, t: Sums) -> Sums {
  return Sums(s.s0 + t.s0, s.s1 + t.s1, s.s2 + t.s2, s.s3 + t.s3, s.s4 + t.s4, s.s5 + t.s5, s.s6 + t.s6, s.s7 + t.s7, s.s8 + t.s8, s.s9 + t.s9, s.s10 + t.s10, s.s11 + t.s11, s.s12 + t.s12, s.s13 + t.s13, s.s14 + t.s14, s.s15 + t.s15);
}

fn multiply(tile: Tile) {
  let a_base = tile.stack * params.a_stack;
  let b_base = tile.stack * params.b_stack;
  let a0 = a_base + starts(tile.own_row, params.rows, TRANSPOSE_A == 0u);
  let a1 = a_base + starts(tile.own_row + 16u, params.rows, TRANSPOSE_A == 0u);
  let b0 = b_base + starts(tile.own_column, params.columns, TRANSPOSE_B == 1u);
  let b1 = b_base + starts(tile.own_column + 16u, params.columns, TRANSPOSE_B == 1u);
  let steps = (params.inner + 3u) / 4u;
  var s = Sums();
  var group = Sums();
  var total = Sums();
  let size = max(run_of(steps), 64u);
  for (var first = 0u; first < steps; first += size) {
    for (var step = first; step < min(first + size, steps); step++) { accumulate(&s, a0, a1, b0, b1, step); }
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

  var blocks = array<mat4x4f, 16>(s.s0, s.s1, s.s2, s.s3, s.s4, s.s5, s.s6, s.s7, s.s8, s.s9, s.s10, s.s11, s.s12, s.s13, s.s14, s.s15);
  for (var n = 0u; n < 16u; n++) {
    let row = tile.row + 16u * (n >> 3u) + 4u * (tile.lane ^ ((n >> 1u) & 3u));
    let column = tile.column + 16u * (n & 1u) + 4u * tile.lane;
    if (SYMMETRIC == 1u && column > row) { continue; }
    if (SYMMETRIC == 1u && column == row) { blocks[n] = mirrored_block(blocks[n]); }
    store(&blocks, n, tile.stack, row, column);
    if (SYMMETRIC == 1u && column < row) {
      blocks[n] = transpose(blocks[n]);
      store(&blocks, n, tile.stack, column, row);
    }
  }
}

fn store(blocks: ptr<function, array<mat4x4f, 16>>, n: u32, stack: u32, row: u32, column: u32) {
  for (var i = 0u; i < min(4u, max(params.rows, row) - row); i++) {
    let at = (stack * params.rows + row + i) * params.columns + column;
    for (var j = 0u; j < min(4u, max(params.columns, column) - column); j++) { c[at + j] = epilogue(at + j, (*blocks)[n][i][j]); }
  }
}

// The sums of the invocation's own rows, one block after the other.
fn add_rows(tile: Tile) {
  for (var m = 0u; m < 2u; m++) {
    let row = tile.own_row + 16u * m;
    let at = tile.stack * params.a_stack + starts(row, params.rows, TRANSPOSE_A == 0u);
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
