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
// source     written by matmul.mjs

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

struct Tile {
  row: u32,
  column: u32,
  stack: u32,
  lane: u32,
  own_row: u32,    // the first that this invocation loads
  own_column: u32,
}
fn row_tiles() -> u32 { return (params.rows + 7u) / 8u; }
fn column_tiles() -> u32 { return (params.columns + 511u) / 512u; }
fn tile_of(number: u32, invocation: u32) -> Tile {
  let row = number % row_tiles() * 8u;
  let column = number / row_tiles() % column_tiles() * 512u;
  let lane = invocation;
  return Tile(row, column, number / row_tiles() / column_tiles(), lane, row, column + 8u * lane);
}
// Whether there is such a tile, and not all of it above the diagonal of a symmetric product.
fn is_wanted(number: u32) -> bool {
  if (number >= row_tiles() * column_tiles() * params.stacks) { return false; }
  let row = number % row_tiles() * 8u;
  let column = number / row_tiles() % column_tiles() * 512u;
  return SYMMETRIC == 0u || column < row + 8u;
}

// 4 × 4 elements of c each, one row after the other
struct Sums {
  s0: mat4x4f,
  s1: mat4x4f,
  s2: mat4x4f,
  s3: mat4x4f,
}

// One block along the inner axis: (u · v)[i] = Σ_k u[k] · v[i][k], a row of c.
fn accumulate(s: ptr<function, Sums>, a0: vec4u, a1: vec4u, b0: vec4u, b1: vec4u, step: u32) {
  let u0 = b_block(b0, step);
  let u1 = b_block(b1, step);
  let v0 = a_block(a0, step);
  (*s).s0 += u0 * v0;
  (*s).s1 += u1 * v0;
  let v1 = a_block(a1, step);
  (*s).s2 += u0 * v1;
  (*s).s3 += u1 * v1;
}

fn sums_of_both(s: Sums, t: Sums) -> Sums {
  return Sums(s.s0 + t.s0, s.s1 + t.s1, s.s2 + t.s2, s.s3 + t.s3);
}

fn multiply(tile: Tile) {
  let a_base = tile.stack * params.a_stack;
  let b_base = tile.stack * params.b_stack;
  let a0 = a_base + starts(tile.own_row, params.rows, TRANSPOSE_A == 0u);
  let a1 = a_base + starts(tile.own_row + 4u, params.rows, TRANSPOSE_A == 0u);
  let b0 = b_base + starts(tile.own_column, params.columns, TRANSPOSE_B == 1u);
  let b1 = b_base + starts(tile.own_column + 4u, params.columns, TRANSPOSE_B == 1u);
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

  var blocks = array<mat4x4f, 4>(s.s0, s.s1, s.s2, s.s3);
  for (var n = 0u; n < 4u; n++) {
    let row = tile.row + 4u * (n / 2u);
    let column = tile.own_column + 4u * (n % 2u);
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
    for (var j = 0u; j < min(4u, max(params.columns, column) - column); j++) { c[at + j] = epilogue(at + j, (*blocks)[n][i][j]); }
  }
}

// The sums of the invocation's own rows, one block after the other.
fn add_rows(tile: Tile) {
  for (var m = 0u; m < 2u; m++) {
    let row = tile.own_row + 4u * m;
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

@compute @workgroup_size(64)
fn product(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let number = group_number(id, groups);
  if (is_wanted(number)) { multiply(tile_of(number, invocation)); }
  // also where nothing is wanted: the sum that is kept is 0 there
  let done = finish(number * 64u + invocation);
}

@compute @workgroup_size(64)
fn product_and_sums(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) invocation: u32) {
  let number = group_number(id, groups);
  if (is_wanted(number)) {
    let tile = tile_of(number, invocation);
    multiply(tile);
    if (tile.column == 0u && tile.lane == 0u) { add_rows(tile); }
  }
}
