// triangular — solutions of triangular systems, a stack of them, in blocks of SIZE rows.
//
//   start    x[s] = b[s]
//   ordered  x[s][i,j] = b[s][order[s][i], j]
//   placed   x[s][order[s][i], j] = b[s][i,j]
//   solve    the block's rows:  x[s][block] := T⁻¹ · x[s][block],  T = t[s][block, block]
//   solve_registers  the same in registers, for hardware; software adapters take long to compile it
//   update   the rows not yet solved:  x[s][i,j] −= Σ_c t[i,c] · x[s][c,j]  over the block's rows c
//
// with t[i,c] = l[s][i,c], or l[s][c,i] where TRANSPOSED; t is lower triangular, or upper where BACKWARD: then the last rows come
// first. Where UNIT its diagonal counts as ones.
//
// shapes     l [stack, size, size] of which that triangle is read;  b, x [stack, size, columns];  order [stack, size] u32;  row-major f32
// grid       1-D, the first of these fastest (lib/grid.wgsl).  start, ordered, placed: one invocation per element;  solve: (⌈columns/LANES⌉, stack);
//            update: (tiles of SIZE columns, tiles of SIZE rows, stack)
// memory     solve_registers: T (4 KiB of workgroup memory); solve and update use none (barriers are what a software adapter is slowest
//            at): update holds 4 × 4 sums an invocation, and neighbours share rows and columns through the cache
// numerics   backward stable: (l + δ)·x = b with |δ| ≤ γ_n · |l|. A zero on the diagonal divides: ±∞, or NaN
// source     blocked forward and back substitution

const TRANSPOSED = 0u;
const BACKWARD = 0u;
const UNIT = 0u;

//#include "lib/grid.wgsl"
//#include "lib/substitution.wgsl"

struct Params { size: u32, columns: u32, stack: u32, first: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> l: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> x: array<f32>;
@group(0) @binding(4) var<storage, read> order: array<u32>;

@compute @workgroup_size(LANES)
fn start(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  if (i < params.size * params.columns * params.stack) { x[i] = b[i]; }
}

// the element of the same column whose row is the one that the order names
fn named(i: u32) -> u32 {
  let row = i / params.columns;
  return (row / params.size * params.size + order[row]) * params.columns + i % params.columns;
}

@compute @workgroup_size(LANES)
fn ordered(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  if (i < params.size * params.columns * params.stack) { x[i] = b[named(i)]; }
}

@compute @workgroup_size(LANES)
fn placed(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  if (i < params.size * params.columns * params.stack) { x[named(i)] = b[i]; }
}

// each invocation owns a column, in place
@compute @workgroup_size(LANES)
fn solve(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let width = min(SIZE, params.size - params.first);
  let place = place_of_group(group_number(id, groups), (params.columns + LANES - 1u) / LANES, 1u);
  let column = place.x * LANES + lane;
  if (column >= params.columns || place.z >= params.stack) { return; }
  let corner = (place.z * params.size + params.first) * params.size + params.first;
  let own = (place.z * params.size + params.first) * params.columns + column;
  for (var step = 0u; step < width; step++) {
    let r = select(step, width - 1u - step, BACKWARD == 1u);
    var value = x[own + r * params.columns];
    for (var k = 0u; k < step; k++) {
      let c = select(k, width - 1u - k, BACKWARD == 1u);
      let at = select(r * params.size + c, c * params.size + r, TRANSPOSED == 1u);
      value -= l[corner + at] * x[own + c * params.columns];
    }
    if (UNIT == 0u) { value /= l[corner + r * params.size + r]; }
    x[own + r * params.columns] = value;
  }
}

fn coefficient(at: u32) -> f32 { return l[at]; }
fn divided(value: f32, pivot: f32) -> f32 {
  if (UNIT == 1u) { return value; }
  return value / pivot;
}
fn term(at: u32) -> f32 { return x[at]; }
fn keep(at: u32, value: f32) { x[at] = value; }

@compute @workgroup_size(LANES)
fn solve_registers(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let width = min(SIZE, params.size - params.first);
  let place = place_of_group(group_number(id, groups), (params.columns + LANES - 1u) / LANES, 1u);
  if (place.z >= params.stack) { return; }
  let column = place.x * LANES + lane;
  let row = place.z * params.size + params.first;
  // the block's rows and columns in the order in which they are solved: backwards with steps that wrap round
  let start = select(0u, width - 1u, BACKWARD == 1u);
  let forth = select(1u, 0xffffffffu, BACKWARD == 1u);
  let down = forth * select(params.size, 1u, TRANSPOSED == 1u);
  let across = forth * select(1u, params.size, TRANSPOSED == 1u);
  let corner = (row + start) * params.size + params.first + start;
  let own = (row + start) * params.columns + min(column, params.columns - 1u);
  substitute(lane, Triangle(corner, down, across, width), own, forth * params.columns, column < params.columns);
}

@compute @workgroup_size(LANES)
fn update(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let bottom = select(params.size, params.first, BACKWARD == 1u);
  let top = select(params.first + SIZE, 0u, BACKWARD == 1u);
  let place = place_of_group(group_number(id, groups), (params.columns + SIZE - 1u) / SIZE, (bottom - top + SIZE - 1u) / SIZE);
  let row = top + place.y * SIZE + lane / 8u * 4u;
  let column = place.x * SIZE + lane % 8u * 4u;
  if (row >= bottom || column >= params.columns || place.z >= params.stack) { return; }
  let width = min(SIZE, params.size - params.first);
  let base = place.z * params.size * params.columns;
  // rows and columns past the end read the last one, and are not stored
  let rows = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(bottom - 1u));
  let columns = min(vec4u(column, column + 1u, column + 2u, column + 3u), vec4u(params.columns - 1u));
  let step = select(1u, params.size, TRANSPOSED == 1u);
  let apart = select(params.size, 1u, TRANSPOSED == 1u);
  var down = place.z * params.size * params.size + params.first * step + rows * apart;
  var across = base + params.first * params.columns + columns;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var c = 0u; c < width; c++) {
    let known = vec4f(x[across.x], x[across.y], x[across.z], x[across.w]);
    sum0 += l[down.x] * known;
    sum1 += l[down.y] * known;
    sum2 += l[down.z] * known;
    sum3 += l[down.w] * known;
    down += vec4u(step);
    across += vec4u(params.columns);
  }
  store(base, row, column, bottom, sum0);
  store(base, row + 1u, column, bottom, sum1);
  store(base, row + 2u, column, bottom, sum2);
  store(base, row + 3u, column, bottom, sum3);
}

fn store(base: u32, row: u32, column: u32, bottom: u32, sums: vec4f) {
  if (row >= bottom) { return; }
  let at = base + row * params.columns + column;
  if (column < params.columns) { x[at] -= sums.x; }
  if (column + 1u < params.columns) { x[at + 1u] -= sums.y; }
  if (column + 2u < params.columns) { x[at + 2u] -= sums.z; }
  if (column + 3u < params.columns) { x[at + 3u] -= sums.w; }
}
