// semidefinite — factors of a stack of symmetric positive semidefinite matrices: Cholesky with diagonal pivoting, SIZE rows at a time.
//
//   start     w[s] = a[s],  l[s] = 0,  rest[s][i] = a[s][i,i],  rank[s] = 0
//   rows      for k = first … first + SIZE − 1, p = argmax rest[s] over those i that have rest[s][i] > least[s][i], while there is one:
//               l[s][k,i] = (w[s][p,i] − Σ_c l[s][c,i] · l[s][c,p]) / √rest[s][p]  over the block's rows c < k, 0 for i taken before
//               rest[s][i] −= l[s][k,i]²,  rest[s][p] = TAKEN,  rank[s] = k + 1
//   update    w[s][i,j] −= Σ_c l[s][c,i] · l[s][c,j]  over the block's rows c
//
// So a = lᵀ·l + what is left over, whose diagonal stays in rest. Once a matrix has no such p, its later launches
// change nothing.
//
// shapes     a, w, l [stack, size, size] row-major f32, both triangles of a are read;  rest, least [stack, size];  rank [stack] i32
// grid       1-D.  start: one invocation per element;  rows: one workgroup of WIDE per matrix, lane r owns i = r, r + WIDE, …;
//            update: (tiles, tiles, stack), the first fastest, workgroups of one TILE × TILE tile, 4 × 4 elements an invocation
// memory     rows: 2 WIDE + SIZE words of workgroup memory; update holds its sums in registers, its rows come through the cache
// registers  at most 48 an invocation on RDNA 2 and 3; bound by instructions beside multiply-adds
// numerics   |a − lᵀ·l| ≤ γ_{rank+1} · |lᵀ|·|l| + what is left over; of equal pivots the lowest index is taken
// source     Higham, Analysis of the Cholesky decomposition of a semi-definite matrix, 1990; blocks as in LAPACK's pstrf

//#include "lib/grid.wgsl"

const SIZE = 32u;
const TILE = 32u;
const LANES = 64u;
const WIDE = 256u;
const TAKEN = -3.0e38;

struct Params { size: u32, stack: u32, first: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> least: array<f32>;
@group(0) @binding(3) var<storage, read_write> w: array<f32>;
@group(0) @binding(4) var<storage, read_write> l: array<f32>;
@group(0) @binding(5) var<storage, read_write> rest: array<f32>;
@group(0) @binding(6) var<storage, read_write> rank: array<i32>;

var<workgroup> best: array<f32, 256>;
var<workgroup> place: array<u32, 256>;
var<workgroup> at_pivot: array<f32, 32>;
var<workgroup> finished: u32;

@compute @workgroup_size(LANES)
fn start(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  let area = params.size * params.size;
  if (i >= area * params.stack) { return; }
  w[i] = a[i];
  l[i] = 0.0;
  let at = i % area;
  if (at % (params.size + 1u) == 0u) { rest[i / area * params.size + at / (params.size + 1u)] = a[i]; }
  if (at == 0u) { rank[i / area] = 0; }
}

/// The largest of every lane's `value` in best[0], and its index in place[0]; of equal ones the lowest index.
fn choose(lane: u32, value: f32, index: u32) {
  best[lane] = value;
  place[lane] = index;
  for (var half = WIDE / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      let other = lane + half;
      if (best[other] > best[lane] || (best[other] == best[lane] && place[other] < place[lane])) {
        best[lane] = best[other];
        place[lane] = place[other];
      }
    }
  }
  workgroupBarrier();
}

@compute @workgroup_size(WIDE)
fn rows(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let matrix = group_number(id, groups);
  if (matrix >= params.stack) { return; }
  let base = matrix * params.size * params.size;
  let diagonal = matrix * params.size;
  let width = min(SIZE, params.size - params.first);
  for (var c = 0u; c < width; c++) {
    var value = TAKEN;
    var index = params.size;
    for (var i = lane; i < params.size; i += WIDE) {
      let own = rest[diagonal + i];
      if (own > value && own > least[diagonal + i]) {
        value = own;
        index = i;
      }
    }
    choose(lane, value, index);
    // an infinity is no pivot: what follows stays finite
    if (lane == 0u) { finished = select(1u, 0u, best[0] > 0.0 && best[0] < 3.0e38); }
    if (workgroupUniformLoad(&finished) == 1u) { return; }
    let pivot = place[0];
    let root = sqrt(best[0]);
    if (lane < c) { at_pivot[lane] = l[base + (params.first + lane) * params.size + pivot]; }
    workgroupBarrier();
    let row = base + (params.first + c) * params.size;
    for (var i = lane; i < params.size; i += WIDE) {
      let left = rest[diagonal + i];
      if (left == TAKEN) { continue; }
      var x = w[base + pivot * params.size + i];
      let column = base + params.first * params.size + i;
      for (var k = 0u; k < c; k += 8u) {
        // rows from c on are still zero, so reading them changes nothing; indices are clamped to the block's last row
        let l{e} = l[column + min(k + {e}u, width - 1u) * params.size]; //#repeat e in 0..8
        x -= l{e} * at_pivot[k + {e}u]; //#repeat e in 0..8
      }
      x = select(x / root, root, i == pivot);
      l[row + i] = x;
      rest[diagonal + i] = select(left - x * x, TAKEN, i == pivot);
    }
    if (lane == 0u) { rank[matrix] = i32(params.first + c) + 1; }
    // the next pivot's lanes read this row, and choose() writes best and place again
    storageBarrier();
    workgroupBarrier();
  }
}

@compute @workgroup_size(LANES)
fn update(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tiles = (params.size + TILE - 1u) / TILE;
  let tile = place_of_group(group_number(id, groups), tiles, tiles);
  // the block was cut short: there is no next one
  if (tile.z >= params.stack || rank[tile.z] < i32(params.first + SIZE)) { return; }
  let base = tile.z * params.size * params.size;
  let row = tile.y * TILE + lane / 8u * 4u;
  let column = tile.x * TILE + lane % 8u * 4u;
  if (row >= params.size || column >= params.size) { return; }
  // rows and columns past the end read the last one, and are not stored
  let last = vec4u(params.size - 1u);
  var down = base + params.first * params.size + min(vec4u(row, row + 1u, row + 2u, row + 3u), last);
  var across = base + params.first * params.size + min(vec4u(column, column + 1u, column + 2u, column + 3u), last);
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var c = 0u; c < SIZE; c++) {
    let columns = vec4f(l[across.x], l[across.y], l[across.z], l[across.w]);
    sum0 += l[down.x] * columns;
    sum1 += l[down.y] * columns;
    sum2 += l[down.z] * columns;
    sum3 += l[down.w] * columns;
    down += vec4u(params.size);
    across += vec4u(params.size);
  }
  store(base, row, column, sum0);
  store(base, row + 1u, column, sum1);
  store(base, row + 2u, column, sum2);
  store(base, row + 3u, column, sum3);
}

fn store(base: u32, row: u32, column: u32, sums: vec4f) {
  if (row >= params.size) { return; }
  let at = base + row * params.size + column;
  w[at] -= sums.x;
  if (column + 1u < params.size) { w[at + 1u] -= sums.y; }
  if (column + 2u < params.size) { w[at + 2u] -= sums.z; }
  if (column + 3u < params.size) { w[at + 3u] -= sums.w; }
}
