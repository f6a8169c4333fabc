// matmul_broadcast — product of two stacks of matrices, the invocations of a subgroup sharing what they load of a.
//
//   product   c[s,i,j] = Σ_k a[s,i,k] · b[s,k,j]        a, b stored transposed where TRANSPOSE_A, TRANSPOSE_B are 1
//
// shapes     a [stacks, rows, inner], b [stacks, inner, columns], c [stacks, rows, columns];  row-major f32
//            inner and columns multiples of 4, so are rows where TRANSPOSE_A, and the strides of stacks
// grid       1-D: (stack, tile) workgroups, the last one fastest, and perhaps some too many; a tile is 8·64/S × 8·S elements of c,
//            S = the subgroup's size, 4 to 64
// memory     no workgroup memory but a counter; an invocation holds 8 × 8 elements: a is read ⌈columns/8S⌉ times, b once for each row
//            of tiles, if the cache holds what the subgroups of a workgroup read of it one after the other
// numerics   sums run in order of k; more than 1024 terms go in three levels (lib/long.wgsl), so that |error| ≤ γ_m · Σ|a·b| with
//            m = min(k, 3·block_of(k/4) + 4), γ_m = m·u/(1 − m·u), u = 2⁻²⁴
//            rows and columns past the end repeat the last ones and are not stored
//            Invocation l of a subgroup loads the part l mod 4 of a block of a, which is right for every size from 4; subgroups are
//            numbered as they come, since WGSL does not say which invocations form one: which of them makes a row changes no bit

enable subgroups;

//#include "lib/hooked.wgsl"
//#include "lib/side_output.wgsl"
//#include "lib/long.wgsl"

const TRANSPOSE_A = 0u;
const TRANSPOSE_B = 0u;
const LANES = 64u;

struct Params { stacks: u32, rows: u32, columns: u32, inner: u32, a_stack: u32, b_stack: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> c: array<vec4f>;

var<workgroup> arrivals: atomic<u32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }
//#include "lib/epilogue_vec4.wgsl"

// Four rows of a at four inner positions, a row each, from what four invocations have loaded.
fn shared_rows(own: vec4f) -> mat4x4f {
  let m = mat4x4f(subgroupBroadcast(own, 0u), subgroupBroadcast(own, 1u), subgroupBroadcast(own, 2u), subgroupBroadcast(own, 3u));
  if (TRANSPOSE_A == 1u) { return transpose(m); }
  return m;
}
// Four columns of b at four inner positions, one of these after the other.
fn b_block(base: u32, column: u32, k: u32) -> mat4x4f {
  if (TRANSPOSE_B == 1u) {
    let at = base + column * (params.inner / 4u) + k / 4u;
    let step = params.inner / 4u;
    return transpose(mat4x4f(b[at], b[at + step], b[at + 2u * step], b[at + 3u * step]));
  }
  let at = base + (k * params.columns + column) / 4u;
  let step = params.columns / 4u;
  return mat4x4f(b[at], b[at + step], b[at + 2u * step], b[at + 3u * step]);
}
fn row_sum(sum: vec4f, m: mat4x4f, v: vec4f) -> vec4f { return sum + m[0] * v.x + m[1] * v.y + m[2] * v.z + m[3] * v.w; }
fn sums_of(s: mat4x4f, m: mat4x4f, rows: mat4x4f) -> mat4x4f {
  return mat4x4f(row_sum(s[0], m, rows[0]), row_sum(s[1], m, rows[1]), row_sum(s[2], m, rows[2]), row_sum(s[3], m, rows[3]));
}

struct Four { s00: mat4x4f, s01: mat4x4f, s10: mat4x4f, s11: mat4x4f }
fn four_sums(a: Four, b: Four) -> Four { return Four(a.s00 + b.s00, a.s01 + b.s01, a.s10 + b.s10, a.s11 + b.s11); }

fn store(base: u32, row: u32, column: u32, m: mat4x4f) {
  if (column >= params.columns) { return; }
  var lines = m;
  for (var i = 0u; i < min(4u, max(params.rows, row) - row); i++) {
    let at = base + (row + i) * params.columns + column;
    let v = lines[i];
    c[at / 4u] = epilogue_vec4(at / 4u, v);
  }
}

@compute @workgroup_size(LANES)
fn product(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_size) size: u32,
  @builtin(subgroup_invocation_id) own: u32,
) {
  let number = group_number(id, groups);
  let down = (params.rows + 8u * LANES / size - 1u) / (8u * LANES / size);
  let across = (params.columns + 8u * size - 1u) / (8u * size);
  let stack = number / down / across;
  // SwiftShader clears workgroup memory for each subgroup that begins: none counts before all have begun
  workgroupBarrier();
  var rank = 0u;
  if (own == 0u) { rank = atomicAdd(&arrivals, 1u); }
  rank = subgroupBroadcastFirst(rank);
  if (stack < params.stacks) {
    let row = number % down * (8u * LANES / size) + 8u * rank;
    let column = number / down % across * 8u * size + 4u * own;
    let a_base = stack * params.a_stack / 4u;
    let b_base = stack * params.b_stack / 4u;
    let part = own % 4u;
    // along rows: two blocks of four, at inner positions `part` later; along the inner axis: a row of each block
    let last = params.rows - 1u;
    let along = a_base + min(vec2u(row, row + 4u) + part, vec2u(last)) * (params.inner / 4u);
    let adjacent = a_base + (min(vec2u(row, row + 4u), vec2u(max(last, 3u) - 3u)) + part * params.rows) / 4u;
    let starts = select(along, adjacent, TRANSPOSE_A == 1u);
    let step = select(1u, params.rows, TRANSPOSE_A == 1u);
    let near = min(column, params.columns - 4u);
    let far = min(column + 4u * size, params.columns - 4u);
    var s00 = mat4x4f();
    var s01 = mat4x4f();
    var s10 = mat4x4f();
    var s11 = mat4x4f();
    var group = Four();
    var total = Four();
    let k4s = params.inner / 4u;
    let run = max(run_of(k4s), 64u);
    for (var first = 0u; first < k4s; first += run) {
    for (var k4 = first; k4 < min(first + run, k4s); k4++) {
      let a0 = shared_rows(a[starts.x + k4 * step]);
      let a1 = shared_rows(a[starts.y + k4 * step]);
      let b0 = b_block(b_base, near, 4u * k4);
      let b1 = b_block(b_base, far, 4u * k4);
      s00 = sums_of(s00, b0, a0);
      s01 = sums_of(s01, b1, a0);
      s10 = sums_of(s10, b0, a1);
      s11 = sums_of(s11, b1, a1);
    }
      if (MANY_TERMS == 1u) {
        group = four_sums(group, Four(s00, s01, s10, s11));
        s00 = mat4x4f();
        s01 = mat4x4f();
        s10 = mat4x4f();
        s11 = mat4x4f();
        if (ends(first / run + 1u, run)) {
          total = four_sums(total, group);
          group = Four();
        }
      }
    }
    if (MANY_TERMS == 1u) {
      let all = four_sums(four_sums(total, group), Four(s00, s01, s10, s11));
      s00 = all.s00;
      s01 = all.s01;
      s10 = all.s10;
      s11 = all.s11;
    }
    let base = stack * params.rows * params.columns;
    store(base, row, column, s00);
    store(base, row, column + 4u * size, s01);
    store(base, row + 4u, column, s10);
    store(base, row + 4u, column + 4u * size, s11);
  }
  let done = finish(number * LANES + lane);
}
