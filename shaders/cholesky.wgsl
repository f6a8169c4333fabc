// cholesky — lower triangular factors of a stack of symmetric positive definite matrices, in blocks of SIZE columns.
//
//   small      all of it, for matrices of few rows
//   start      l[s] = lower triangle of a[s], zeros above;  failed[s] = −1
//   diagonal   the block D = l[s][first…, first…] becomes its own factor; the first bad pivot's index goes to failed[s]
//   panel      the rows below it:  l[s][i, block] := l[s][i, block] · D⁻ᵀ
//   diagonal_registers, panel_registers  the same in registers, for hardware; software adapters take long to compile them
//   update     what is left:  l[s][i,k] −= Σ_c l[s][i,c] · l[s][k,c]  over the block's columns c,  k ≤ i
//   update_shared  the same, its rows shared through workgroup memory: for devices whose lanes load together
//
// shapes     a, l [stack, size, size] row-major f32, of a only the lower triangle is read;  failed [stack] i32
// grid       1-D, the first of these fastest (lib/grid.wgsl).  small: one invocation per matrix;  start: one per element;  diagonal: one
//            workgroup per matrix;
//            panel: (⌈rows below/LANES⌉, stack);  updates: (tiles across, tiles down, stack) workgroups of one SIZE × SIZE tile; those
//            above the diagonal return at once
// memory     diagonal: SIZE × (SIZE + 1) f32 (4 KiB) of workgroup memory; diagonal_registers: two columns, one barrier a column;
//            panel_registers: D (4 KiB); panel and update use none, since barriers are what a software adapter is slowest at: updates hold
//            4 × 4 sums an invocation, and neighbours share rows through the cache.
//            update_shared: two tiles [column][row / 4] of vec4f with one of padding a row (9 KiB), each loaded once
// registers  at most 64 an invocation on RDNA 2 and 3; bound by reads of workgroup memory
// numerics   |a − l·lᵀ| ≤ γ_{n+8} · |l|·|lᵀ|. A pivot below tolerance · a[i,i] or 2⁻¹²⁶, infinite or NaN counts as bad: its
//            row and column become those of the identity, so that all that follows stays finite. Until the next block's turn its pivot
//            is −1, which tells panel to skip the column
// source     right-looking blocked factorisation; tolerance: see kernels/cholesky.ts

//#include "lib/grid.wgsl"
//#include "lib/substitution.wgsl"

const PITCH = 33u;

struct Params { size: u32, stack: u32, first: u32, tolerance: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> l: array<f32>;
@group(0) @binding(3) var<storage, read_write> failed: array<i32>;

var<workgroup> tile: array<f32, SIZE * PITCH>;
var<workgroup> bad: u32;
// two buffers that columns alternate between; a column starts at the vec4 that holds its pivot
var<workgroup> column: array<array<vec4f, 8>, 2>;
// the least that each pivot may be
var<workgroup> least: array<vec4u, 8>;
var<workgroup> tile_down: array<vec4f, 288>;
var<workgroup> tile_across: array<vec4f, 288>;

// The bits of the least good pivot where a's diagonal has `own`: none where that is infinite or NaN. Bits of positive numbers are in the
// order of the numbers; those of infinity, NaN and negative numbers come after.
fn least_pivot(own: f32) -> u32 { return min(bitcast<u32>(max(params.tolerance * own, 1.17549435e-38)), 0x7f800000u); }
fn is_good(pivot: f32, least: u32) -> bool { return bitcast<u32>(pivot) - least < 0x7f800000u - least; }

@compute @workgroup_size(LANES)
fn small(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let matrix = group_number(id, groups) * LANES + lane;
  if (matrix >= params.stack) { return; }
  let base = matrix * params.size * params.size;
  var first_bad = -1;
  for (var c = 0u; c < params.size; c++) {
    let own = base + c * params.size;
    var root = 1.0;
    var good = true;
    for (var i = c; i < params.size; i++) {
      let row = base + i * params.size;
      var x = a[row + c];
      for (var k = 0u; k < c; k++) { x -= l[row + k] * l[own + k]; }
      if (i == c) {
        good = is_good(x, least_pivot(a[own + c]));
        root = select(1.0, sqrt(max(x, 1.17549435e-38)), good);
      }
      l[row + c] = select(select(0.0, x / root, good), root, i == c);
    }
    for (var k = 0u; k < params.size; k++) {
      if (k > c || (k < c && !good)) { l[own + k] = 0.0; }
    }
    if (!good && first_bad < 0) { first_bad = i32(c); }
  }
  failed[matrix] = first_bad;
}

@compute @workgroup_size(LANES)
fn start(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  let area = params.size * params.size;
  if (i >= area * params.stack) { return; }
  let at = i % area;
  l[i] = select(0.0, a[i], at % params.size <= at / params.size);
  if (at == 0u) { failed[i / area] = -1; }
}

@compute @workgroup_size(SIZE)
fn diagonal(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let matrix = group_number(id, groups);
  if (matrix >= params.stack) { return; }
  let base = matrix * params.size * params.size;
  let width = min(SIZE, params.size - params.first);
  let row = params.first + lane;
  for (var c = 0u; c < SIZE; c++) {
    tile[c * PITCH + lane] = 0.0;
    if (c < width && lane < width) { tile[c * PITCH + lane] = l[base + (params.first + c) * params.size + row]; }
  }
  if (lane == 0u) { bad = 0xffffffffu; }
  if (params.first > 0u) {
    let before = base + (row - SIZE) * (params.size + 1u);
    l[before] = abs(l[before]);
  }
  workgroupBarrier();
  for (var c = 0u; c < width; c++) {
    let at = params.first + c;
    let pivot = tile[c * PITCH + c];
    let good = is_good(pivot, least_pivot(a[base + at * params.size + at]));
    let root = select(1.0, sqrt(max(pivot, 1.17549435e-38)), good);
    workgroupBarrier(); // every lane has read the pivot before its owner replaces it
    if (!good) {
      if (lane < c) { tile[c * PITCH + lane] = 0.0; }
      for (var k = lane; k < params.first; k += SIZE) { l[base + at * params.size + k] = 0.0; }
    }
    if (lane == c) {
      tile[c * PITCH + c] = select(select(1.0, -1.0, params.first + SIZE < params.size), root, good);
      if (!good) { bad = min(bad, at); }
    } else if (lane > c) {
      tile[lane * PITCH + c] = select(0.0, tile[lane * PITCH + c] / root, good);
    }
    workgroupBarrier();
    if (lane > c) {
      let own = tile[lane * PITCH + c];
      for (var k = c + 1u; k <= lane; k++) { tile[lane * PITCH + k] -= own * tile[k * PITCH + c]; }
    }
    workgroupBarrier();
  }
  for (var c = 0u; c < width; c++) {
    if (lane <= c) { l[base + (params.first + c) * params.size + row] = tile[c * PITCH + lane]; }
  }
  if (lane == 0u && bad != 0xffffffffu && failed[matrix] < 0) { failed[matrix] = i32(bad); }
}

// each invocation owns a row: x · Dᵀ = row, solved from the left, in place
@compute @workgroup_size(LANES)
fn panel(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let place = place_of_group(group_number(id, groups), (params.size - params.first - SIZE + LANES - 1u) / LANES, 1u);
  if (place.z >= params.stack) { return; }
  let base = place.z * params.size * params.size;
  let row = params.first + SIZE + place.x * LANES + lane;
  if (row >= params.size) { return; }
  let own = base + row * params.size + params.first;
  for (var c = 0u; c < SIZE; c++) {
    let factor = base + (params.first + c) * params.size + params.first;
    var x = l[own + c];
    for (var k = 0u; k < c; k++) { x -= l[own + k] * l[factor + k]; }
    let pivot = l[factor + c];
    l[own + c] = select(x / pivot, 0.0, pivot < 0.0);
  }
}

// Each lane holds one row in registers. Column c is shared undivided: row i subtracts x[i,c] / pivot times that column. After every four
// columns the registers shift by one vec4. Two or four vec4 of a column are loaded together before the
// first is used, so that one wait does for all: eight at once do not fit beside the row on Intel.
@compute @workgroup_size(SIZE)
fn diagonal_registers(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let matrix = group_number(id, groups);
  if (matrix >= params.stack) { return; }
  let base = matrix * params.size * params.size;
  let width = min(SIZE, params.size - params.first);
  // lanes past the end have the last row again, and store nothing
  let row = params.first + min(lane, width - 1u);
  let own = base + row * params.size + params.first;
  var x{k} = four_terms(own, 1u, {k}u * 4u, width - 1u); //#repeat k in 0..8
  least[lane / 4u][lane % 4u] = least_pivot(a[base + row * (params.size + 1u)]);
  if (params.first > 0u) {
    let before = base + (params.first + lane - SIZE) * (params.size + 1u);
    l[before] = abs(l[before]);
  }
  let marker = select(1.0, -1.0, params.first + SIZE < params.size);
  var bad = 0u;
  for (var first = 0u; first < SIZE; first += 4u) {
    let to = (lane - first) % SIZE / 4u;
    var values = vec4f();
    var pivots = vec4f(1.0);
    //#repeat j in 0..4
    {
      column[{j} % 2][to][lane % 4u] = x0[{j}];
      workgroupBarrier();
      let limits = least[first / 4u];
      let c{k} = column[{j} % 2][{k}]; //#repeat k in 0..2
      if (is_good(c0[{j}], limits[{j}])) {
        values[{j}] = x0[{j}];
        pivots[{j}] = c0[{j}];
        let part = x0[{j}] / c0[{j}];
        let c{k} = column[{j} % 2][{k}]; //#repeat k in 2..4
        x{k} -= part * c{k}; //#repeat k in 0..4
        if (first < SIZE / 2u) {
          let c{k} = column[{j} % 2][{k}]; //#repeat k in 4..8
          x{k} -= part * c{k}; //#repeat k in 4..8
        }
      } else {
        values[{j}] = select(0.0, marker, lane == first + {j}u);
        bad |= 1u << (first + {j}u);
      }
    }
    //#end
    // a pivot over its root is the root
    let factors = values / sqrt(pivots);
    if (lane < width) {
      if (first + {j}u <= lane) { l[own + first + {j}u] = factors[{j}]; } //#repeat j in 0..4
    }
    x0 = x1; x1 = x2; x2 = x3; x3 = x4; x4 = x5; x5 = x6; x6 = x7;
  }
  bad &= 0xffffffffu >> (SIZE - width);
  if (lane < width && (bad >> lane) % 2u == 1u) {
    for (var k = 0u; k < params.first + lane; k++) { l[own - params.first + k] = 0.0; }
  }
  if (lane == 0u && bad != 0u && failed[matrix] < 0) { failed[matrix] = i32(params.first + firstTrailingBit(bad)); }
}

fn coefficient(at: u32) -> f32 { return l[at]; }
fn divided(x: f32, pivot: f32) -> f32 { return select(x / pivot, 0.0, pivot < 0.0); }
fn term(at: u32) -> f32 { return l[at]; }
fn keep(at: u32, x: f32) { l[at] = x; }

// each invocation owns a row: D · x = rowᵀ, in place
@compute @workgroup_size(LANES)
fn panel_registers(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let place = place_of_group(group_number(id, groups), (params.size - params.first - SIZE + LANES - 1u) / LANES, 1u);
  if (place.z >= params.stack) { return; }
  let corner = (place.z * params.size + params.first) * params.size + params.first;
  let row = SIZE + place.x * LANES + lane;
  let last = params.size - params.first - 1u;
  substitute(lane, Triangle(corner, params.size, 1u, SIZE), corner + min(row, last) * params.size, 1u, row <= last);
}

fn tile_place(number: u32) -> vec3u {
  let tiles = (params.size - params.first - 1u) / SIZE;
  return place_of_group(number, tiles, tiles);
}

@compute @workgroup_size(LANES)
fn update(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let place = tile_place(group_number(id, groups));
  if (place.x > place.y || place.z >= params.stack) { return; }
  let base = place.z * params.size * params.size;
  let rest = params.first + SIZE;
  let row = rest + place.y * SIZE + lane / 8u * 4u;
  let column = rest + place.x * SIZE + lane % 8u * 4u;
  if (row >= params.size || column > row + 3u) { return; }
  // rows past the end read the last one, and are not stored
  let last = vec4u(params.size - 1u);
  let down = base + min(vec4u(row, row + 1u, row + 2u, row + 3u), last) * params.size + params.first;
  let across = base + min(vec4u(column, column + 1u, column + 2u, column + 3u), last) * params.size + params.first;
  var sum{r} = vec4f(); //#repeat r in 0..4
  for (var c = 0u; c < SIZE; c++) {
    let columns = vec4f(l[across.x + c], l[across.y + c], l[across.z + c], l[across.w + c]);
    sum0 += l[down.x + c] * columns;
    sum1 += l[down.y + c] * columns;
    sum2 += l[down.z + c] * columns;
    sum3 += l[down.w + c] * columns;
  }
  store(base, row + {r}u, column, sum{r}); //#repeat r in 0..4
}

@compute @workgroup_size(LANES)
fn update_shared(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let place = tile_place(group_number(id, groups));
  if (place.x > place.y || place.z >= params.stack) { return; }
  let base = place.z * params.size * params.size;
  let rest = params.first + SIZE;
  for (var trip = 0u; trip < 4u; trip++) {
    let n = trip * LANES + lane;
    let c = n % SIZE;
    let part = n / SIZE;
    tile_down[c * 9u + part] = four_rows(base, rest + place.y * SIZE + part * 4u, params.first + c);
    tile_across[c * 9u + part] = four_rows(base, rest + place.x * SIZE + part * 4u, params.first + c);
  }
  workgroupBarrier();
  var sum{r} = vec4f(); //#repeat r in 0..4
  for (var c = 0u; c < SIZE; c++) {
    let rows = tile_down[c * 9u + lane / 8u];
    let columns = tile_across[c * 9u + lane % 8u];
    sum0 += rows.x * columns;
    sum1 += rows.y * columns;
    sum2 += rows.z * columns;
    sum3 += rows.w * columns;
  }
  let row = rest + place.y * SIZE + lane / 8u * 4u;
  let column = rest + place.x * SIZE + lane % 8u * 4u;
  store(base, row + {r}u, column, sum{r}); //#repeat r in 0..4
}

// rows past the end read the last one, and are not stored
fn four_rows(base: u32, row: u32, column: u32) -> vec4f {
  let rows = base + min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(params.size - 1u)) * params.size + column;
  return vec4f(l[rows.x], l[rows.y], l[rows.z], l[rows.w]);
}

fn store(base: u32, row: u32, column: u32, sums: vec4f) {
  if (row >= params.size) { return; }
  let at = base + row * params.size + column;
  if (column <= row) { l[at] -= sums.x; }
  if (column + 1u <= row) { l[at + 1u] -= sums.y; }
  if (column + 2u <= row) { l[at + 2u] -= sums.z; }
  if (column + 3u <= row) { l[at + 3u] -= sums.w; }
}
