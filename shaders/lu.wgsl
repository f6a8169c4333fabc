// lu — triangular factors of a stack of square matrices, with rows exchanged for the largest pivot, in blocks of SIZE columns.
//
//   source[s][order[s][i], j] = Σ_k L[i,k] · U[k,j]       L below the diagonal of lu[s], ones on it; U on and above it
//
//   small          all of it, for matrices of few rows
//   start          lu[s] = source[s],  order[s] = 0, 1, 2 …,  failed[s] = −1
//   panel          the block's columns become those of L and U, rows exchanged whole; a column without a pivot puts its index into failed[s]
//   solve          the block's rows right of it:  U := L⁻¹ · lu[s]
//   update         what is left:  lu[s][i,j] −= Σ_k L[i,k] · U[k,j]  over the block's columns k
//   determinant    det[s] = |U|, the sign changed for every exchange; where LOG is 1 its logarithm: NaN below 0, −∞ at 0
//
// shapes     source, lu [stack, size, size] row-major f32;  order [stack, size] u32;  failed [stack] i32;  det [stack]
// grid       1-D, the first of these fastest (lib/grid.wgsl).  small, determinant: one invocation per matrix;  start: one per element;
//            panel: one workgroup of WIDE per matrix;  solve: (⌈columns right/LANES⌉, stack);  update: (tiles, tiles, stack)
// memory     panel: 2 · WIDE words of workgroup memory; update holds 4 × 4 sums an invocation, its rows come through the cache
// numerics   |P·source − L·U| ≤ γ_n · |L|·|U|, |L| ≤ 1. A column without a pivot (all zeros) leaves 0 in U, and NaN in the last element of
//            lu, so that every solution is NaN; where PERTURBED is 1, 2⁻²⁴ of the first pivot takes its place instead.
//            The running determinant is rescaled by powers of two, so it overflows only if the result does
// source     right-looking blocked factorisation: LAPACK's getrf; gradient at singular matrices: as PyTorch's

//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"

const SIZE = 32u;
const LANES = 64u;
const WIDE = 128u;
const PERTURBED = 0u;
const LOG = 0u;

struct Params { size: u32, stack: u32, first: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> lu: array<f32>;
@group(0) @binding(3) var<storage, read_write> order: array<u32>;
@group(0) @binding(4) var<storage, read_write> failed: array<i32>;
@group(0) @binding(5) var<storage, read> factors: array<f32>;
@group(0) @binding(6) var<storage, read> places: array<u32>;
@group(0) @binding(7) var<storage, read_write> det: array<f32>;
@group(0) @binding(8) var<storage, read> without: array<i32>;

var<workgroup> best: array<u32, 128>;
var<workgroup> row_of: array<u32, 128>;

// sizes in order as words: NaN above all, so that it is met
fn size_bits(value: f32) -> u32 { return bitcast<u32>(value) & 0x7fffffffu; }

// the pivot that takes the place of none
fn replaced(base: u32, pivot: f32) -> f32 {
  if (PERTURBED == 0u || size_bits(pivot) != 0u) { return pivot; }
  return select(abs(lu[base]), 1.0, size_bits(lu[base]) == 0u) * 5.9604645e-8;
}

@compute @workgroup_size(LANES)
fn small(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let matrix = group_number(id, groups) * LANES + lane;
  if (matrix >= params.stack) { return; }
  let n = params.size;
  let base = matrix * n * n;
  for (var i = 0u; i < n * n; i++) { lu[base + i] = source[base + i]; }
  for (var i = 0u; i < n; i++) { order[matrix * n + i] = i; }
  var bad = -1;
  for (var c = 0u; c < n; c++) {
    var p = c;
    for (var i = c + 1u; i < n; i++) {
      if (size_bits(lu[base + i * n + c]) > size_bits(lu[base + p * n + c])) { p = i; }
    }
    for (var j = 0u; j < n; j++) {
      let above = lu[base + c * n + j];
      lu[base + c * n + j] = lu[base + p * n + j];
      lu[base + p * n + j] = above;
    }
    let place = order[matrix * n + c];
    order[matrix * n + c] = order[matrix * n + p];
    order[matrix * n + p] = place;
    let found = lu[base + c * n + c];
    if (size_bits(found) == 0u && bad < 0) { bad = i32(c); }
    let pivot = replaced(base, found);
    lu[base + c * n + c] = pivot;
    for (var i = c + 1u; i < n; i++) {
      let row = base + i * n;
      let factor = select(lu[row + c] / pivot, 0.0, size_bits(pivot) == 0u);
      lu[row + c] = factor;
      for (var j = c + 1u; j < n; j++) { lu[row + j] -= factor * lu[base + c * n + j]; }
    }
  }
  failed[matrix] = bad;
  if (bad >= 0 && PERTURBED == 0u) { lu[base + n * n - 1u] = not_a_number(); }
}

@compute @workgroup_size(LANES)
fn start(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  let area = params.size * params.size;
  if (i >= area * params.stack) { return; }
  lu[i] = source[i];
  let at = i % area;
  if (at < params.size) { order[i / area * params.size + at] = at; }
  if (at == 0u) { failed[i / area] = -1; }
}

@compute @workgroup_size(WIDE)
fn panel(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let matrix = group_number(id, groups);
  if (matrix >= params.stack) { return; }
  let n = params.size;
  let base = matrix * n * n;
  let end = min(params.first + SIZE, n);
  for (var c = params.first; c < end; c++) {
    var most = 0u;
    var p = n;
    for (var i = c + lane; i < n; i += WIDE) {
      let value = size_bits(lu[base + i * n + c]);
      if (p == n || value > most) { most = value; p = i; }
    }
    best[lane] = most;
    row_of[lane] = p;
    for (var half = WIDE / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if (lane < half) {
        let other = lane + half;
        if (best[other] > best[lane] || (best[other] == best[lane] && row_of[other] < row_of[lane])) {
          best[lane] = best[other];
          row_of[lane] = row_of[other];
        }
      }
    }
    workgroupBarrier();
    p = row_of[0];
    for (var j = lane; j < n && p != c; j += WIDE) {
      let above = lu[base + c * n + j];
      lu[base + c * n + j] = lu[base + p * n + j];
      lu[base + p * n + j] = above;
    }
    storageBarrier();
    workgroupBarrier();
    let found = lu[base + c * n + c];
    let pivot = replaced(base, found);
    // every lane has read the pivot before it is replaced
    storageBarrier();
    workgroupBarrier();
    if (lane == 0u) {
      let place = order[matrix * n + c];
      order[matrix * n + c] = order[matrix * n + p];
      order[matrix * n + p] = place;
      lu[base + c * n + c] = pivot;
      if (size_bits(found) == 0u && failed[matrix] < 0) { failed[matrix] = i32(c); }
    }
    for (var i = c + 1u + lane; i < n; i += WIDE) {
      let row = base + i * n;
      let factor = select(lu[row + c] / pivot, 0.0, size_bits(pivot) == 0u);
      lu[row + c] = factor;
      for (var j = c + 1u; j < end; j++) { lu[row + j] -= factor * lu[base + c * n + j]; }
    }
    // the next column is looked through, and best and row_of written, when all is done
    storageBarrier();
    workgroupBarrier();
  }
  if (lane == 0u && end == n && failed[matrix] >= 0 && PERTURBED == 0u) { lu[base + n * n - 1u] = not_a_number(); }
}

// each invocation owns a column right of the block
@compute @workgroup_size(LANES)
fn solve(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = params.size;
  let place = place_of_group(group_number(id, groups), (n - params.first - SIZE + LANES - 1u) / LANES, 1u);
  let column = params.first + SIZE + place.x * LANES + lane;
  if (column >= n || place.z >= params.stack) { return; }
  let top = place.z * n * n + params.first * n;
  for (var r = 1u; r < SIZE; r++) {
    var value = lu[top + r * n + column];
    for (var k = 0u; k < r; k++) { value -= lu[top + r * n + params.first + k] * lu[top + k * n + column]; }
    lu[top + r * n + column] = value;
  }
}

@compute @workgroup_size(LANES)
fn update(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = params.size;
  let tiles = (n - params.first - 1u) / SIZE;
  let place = place_of_group(group_number(id, groups), tiles, tiles);
  let row = params.first + SIZE + place.y * SIZE + lane / 8u * 4u;
  let column = params.first + SIZE + place.x * SIZE + lane % 8u * 4u;
  if (row >= n || column >= n || place.z >= params.stack) { return; }
  let base = place.z * n * n;
  // rows and columns past the end read the last one, and are not stored
  let last = vec4u(n - 1u);
  let down = base + min(vec4u(row, row + 1u, row + 2u, row + 3u), last) * n + params.first;
  var across = base + params.first * n + min(vec4u(column, column + 1u, column + 2u, column + 3u), last);
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var c = 0u; c < SIZE; c++) {
    let right = vec4f(lu[across.x], lu[across.y], lu[across.z], lu[across.w]);
    sum0 += lu[down.x + c] * right;
    sum1 += lu[down.y + c] * right;
    sum2 += lu[down.z + c] * right;
    sum3 += lu[down.w + c] * right;
    across += vec4u(n);
  }
  store(base, row, column, sum0);
  store(base, row + 1u, column, sum1);
  store(base, row + 2u, column, sum2);
  store(base, row + 3u, column, sum3);
}

fn store(base: u32, row: u32, column: u32, sums: vec4f) {
  if (row >= params.size) { return; }
  let at = base + row * params.size + column;
  lu[at] -= sums.x;
  if (column + 1u < params.size) { lu[at + 1u] -= sums.y; }
  if (column + 2u < params.size) { lu[at + 2u] -= sums.z; }
  if (column + 3u < params.size) { lu[at + 3u] -= sums.w; }
}

// whether an even number of exchanges makes the order: one of its cycles for each place that no earlier one of its cycle is in
fn is_even(first: u32) -> bool {
  var is_even = true;
  for (var i = 0u; i < params.size; i++) {
    var at = places[first + i];
    while (at > i) { at = places[first + at]; }
    // a cycle is counted at its lowest place; of length m it is m − 1 exchanges
    if (at == i) {
      at = places[first + i];
      while (at != i) {
        at = places[first + at];
        is_even = !is_even;
      }
    }
  }
  return is_even;
}

@compute @workgroup_size(LANES)
fn determinant(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let matrix = group_number(id, groups) * LANES + lane;
  if (matrix >= params.stack) { return; }
  let n = params.size;
  var product = select(-1.0, 1.0, is_even(matrix * n));
  var exponent = 0;
  var zero = false;
  for (var i = 0u; i < n; i++) {
    var pivot = factors[matrix * n * n + i * (n + 1u)];
    zero = zero || size_bits(pivot) == 0u;
    // what is neither subnormal nor infinite nor NaN gives its power of two to the exponent
    let power = i32(size_bits(pivot) >> 23u);
    if (power > 0 && power < 255) {
      exponent += power - 127;
      pivot = bitcast<f32>((bitcast<u32>(pivot) & 0x807fffffu) | 0x3f800000u);
    }
    product *= pivot;
    let own = i32(size_bits(product) >> 23u);
    if (own > 0 && own < 255) {
      exponent += own - 127;
      product = bitcast<f32>((bitcast<u32>(product) & 0x807fffffu) | 0x3f800000u);
    }
  }
  // the last element of a singular matrix's factors is NaN, so `without`, which is failed, says more than the product
  let singular = without[matrix] >= 0 || zero;
  if (LOG == 1u) {
    let value = f32(exponent) * 0.69314718 + log_(abs(product));
    det[matrix] = select(select(value, not_a_number(), product < 0.0), -infinity(), singular);
    return;
  }
  let half = clamp(exponent / 2, -126, 127);
  let rest = clamp(exponent - half, -252, 254);
  let third = clamp(rest / 2, -126, 127);
  let scaled = product * power_of_two(half) * power_of_two(third) * power_of_two(rest - third);
  det[matrix] = select(scaled, 0.0, singular && PERTURBED == 0u);
}

// of −126 … 127
fn power_of_two(n: i32) -> f32 { return bitcast<f32>(u32(clamp(n, -126, 127) + 127) << 23u); }
