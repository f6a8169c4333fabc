// matmul_tiled — product of two stacks of matrices, 64 × 64 elements a workgroup.
//
//   product           c[s,i,j] = Σ_k a[s,i,k] · b[s,k,j]        a, b stored transposed where TRANSPOSE_A, TRANSPOSE_B are 1
//   product_and_sums  the same, and sums[s,i] = Σ_k a[s,i,k]    (the bias's gradient beside the weight's)
//
// shapes     a [stacks, rows, inner], b [stacks, inner, columns], c [stacks, rows, columns], sums [stacks, rows];  row-major f32
//            of any size
// grid       1-D: (stack, ⌈rows/64⌉, ⌈columns/64⌉) workgroups, the last one fastest; an invocation holds 8 × 8 elements
// memory     two tiles of DEPTH × 64 f32, one vec4f of padding a row (8.5 KiB); a is read ⌈columns/64⌉ times,
//            b ⌈rows/64⌉ times
// numerics   sums run in order of k; |error| ≤ γ_k · Σ|a·b| with γ_k = k·u/(1 − k·u), u = 2⁻²⁴; edges load 0, exact
// source     written by matmul_tiled.mjs

//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/extras.wgsl"
//#include "lib/side.wgsl"

const TRANSPOSE_A = 0u;
const TRANSPOSE_B = 0u;
const DEPTH = 16u;
// vec4f across a tile, and with the padding that spreads its columns over the banks
const WIDE = 16u;
const ROW = 17u;

struct Params { stacks: u32, rows: u32, columns: u32, inner: u32, a_stack: u32, b_stack: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;

// [inner position][row or column / 4]
var<workgroup> tile_a: array<vec4f, 272>;
var<workgroup> tile_b: array<vec4f, 272>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

fn load_a(base: u32, first: u32, k: u32) -> vec4f {
  return vec4f(a_at(base, first, k), a_at(base, first + 1u, k), a_at(base, first + 2u, k), a_at(base, first + 3u, k));
}
fn a_at(base: u32, row: u32, k: u32) -> f32 {
  let at = select(row * params.inner + k, k * params.rows + row, TRANSPOSE_A == 1u);
  return select(0.0, a[base + at], row < params.rows && k < params.inner);
}

fn load_b(base: u32, first: u32, k: u32) -> vec4f {
  return vec4f(b_at(base, first, k), b_at(base, first + 1u, k), b_at(base, first + 2u, k), b_at(base, first + 3u, k));
}
fn b_at(base: u32, column: u32, k: u32) -> f32 {
  let at = select(column * params.inner + k, k * params.columns + column, TRANSPOSE_B == 0u);
  return select(0.0, b[base + at], column < params.columns && k < params.inner);
}

struct Tile { row: u32, column: u32, stack: u32 }
fn tile_of(number: u32) -> Tile {
  let row_tiles = (params.rows + 63u) / 64u;
  let column_tiles = (params.columns + 63u) / 64u;
  return Tile(number / column_tiles % row_tiles * 64u, number % column_tiles * 64u, number / column_tiles / row_tiles);
}

fn multiply(tile: Tile, lane: u32) {
  let a_base = tile.stack * params.a_stack;
  let b_base = tile.stack * params.b_stack;
  let x = lane % 8u;
  let y = lane / 8u;
  var s0_0 = vec4f(); var s0_1 = vec4f();
  var s1_0 = vec4f(); var s1_1 = vec4f();
  var s2_0 = vec4f(); var s2_1 = vec4f();
  var s3_0 = vec4f(); var s3_1 = vec4f();
  var s4_0 = vec4f(); var s4_1 = vec4f();
  var s5_0 = vec4f(); var s5_1 = vec4f();
  var s6_0 = vec4f(); var s6_1 = vec4f();
  var s7_0 = vec4f(); var s7_1 = vec4f();
  for (var k = 0u; k < params.inner; k += DEPTH) {
    // neighbours read what lies together: along the inner axis, or along the row or column
    for (var trip = 0u; trip < 4u; trip++) {
      let n = trip * 64u + lane;
      let a_depth = select(n % DEPTH, n / WIDE, TRANSPOSE_A == 1u);
      let a_part = select(n / DEPTH, n % WIDE, TRANSPOSE_A == 1u);
      let b_depth = select(n % DEPTH, n / WIDE, TRANSPOSE_B == 0u);
      let b_part = select(n / DEPTH, n % WIDE, TRANSPOSE_B == 0u);
      tile_a[a_depth * ROW + a_part] = load_a(a_base, tile.row + 4u * a_part, k + a_depth);
      tile_b[b_depth * ROW + b_part] = load_b(b_base, tile.column + 4u * b_part, k + b_depth);
    }
    workgroupBarrier();
    for (var depth = 0u; depth < DEPTH; depth++) {
      let a0 = tile_a[depth * ROW + y];
      let a1 = tile_a[depth * ROW + y + 8u];
      let b0 = tile_b[depth * ROW + x];
      let b1 = tile_b[depth * ROW + x + 8u];
      s0_0 += a0.x * b0; s0_1 += a0.x * b1;
      s1_0 += a0.y * b0; s1_1 += a0.y * b1;
      s2_0 += a0.z * b0; s2_1 += a0.z * b1;
      s3_0 += a0.w * b0; s3_1 += a0.w * b1;
      s4_0 += a1.x * b0; s4_1 += a1.x * b1;
      s5_0 += a1.y * b0; s5_1 += a1.y * b1;
      s6_0 += a1.z * b0; s6_1 += a1.z * b1;
      s7_0 += a1.w * b0; s7_1 += a1.w * b1;
    }
    // nobody loads the next tile before everybody has used this one
    workgroupBarrier();
  }

  var held = array<vec4f, 16>(s0_0, s0_1, s1_0, s1_1, s2_0, s2_1, s3_0, s3_1, s4_0, s4_1, s5_0, s5_1, s6_0, s6_1, s7_0, s7_1);
  for (var n = 0u; n < 16u; n++) {
    let row = tile.row + n / 8u * 32u + n / 2u % 4u + 4u * y;
    let column = tile.column + n % 2u * 32u + 4u * x;
    if (row < params.rows) {
      let at = (tile.stack * params.rows + row) * params.columns + column;
      for (var e = 0u; e < min(4u, max(params.columns, column) - column); e++) { c[at + e] = epilogue(at + e, held[n][e]); }
    }
  }
}

// One row an invocation.
fn add_row(tile: Tile, lane: u32) {
  let row = tile.row + lane;
  if (lane >= 64u || row >= params.rows) { return; }
  var total = 0.0;
  for (var k = 0u; k < params.inner; k++) { total += a_at(tile.stack * params.a_stack, row, k); }
  sums[tile.stack * params.rows + row] = total;
}

@compute @workgroup_size(8, 8)
fn product(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let number = group_number(id, groups);
  let tile = tile_of(number);
  if (tile.stack < params.stacks) {
    multiply(tile, lane);
    let done = finish(number * 64u + lane);
  }
}

@compute @workgroup_size(8, 8)
fn product_and_sums(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = tile_of(group_number(id, groups));
  if (tile.stack < params.stacks) {
    multiply(tile, lane);
    if (tile.column == 0u) { add_row(tile, lane); }
  }
}
