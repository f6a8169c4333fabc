// matmul_slim — product of two stacks of matrices, one of them at most 8 wide: a long matrix times a few vectors.
//
//   product   c[s,i,j] = Σ_k a[s,i,k] · b[s,k,j]        a, b stored transposed where TRANSPOSE_A, TRANSPOSE_B are 1
//
// shapes     a [stacks, rows, inner], b [stacks, inner, columns], c [stacks, rows, columns];  row-major f32 of any size
//            LONG_B = 0: a is the long one, columns = FEW;  LONG_B = 1: b is, rows = FEW;  FEW ≤ 8
// grid       1-D: (stack, ⌈long/(ACROSS·RUN)⌉) workgroups, the last one fastest, of ACROSS × 256/ACROSS: so many rows (or columns) of
//            the long matrix at once, RUN times, and so many of their inner positions; neighbours read what lies together
// memory     the long matrix is read once; 8 KiB of workgroup memory for the partial sums
// numerics   sums run in order of k in steps of S = 256/ACROSS, then in a tree of halves; more than 1024 terms go in three levels
//            (lib/long.wgsl): |error| ≤ γ_m · Σ|a·b| with m = min(k/S, 3·block_of(k/S)) + log₂ S, γ_m = m·u/(1 − m·u), u = 2⁻²⁴

//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/functions.wgsl"
//#include "lib/extras.wgsl"
//#include "lib/side_output.wgsl"
//#include "lib/long.wgsl"

const TRANSPOSE_A = 0u;
const TRANSPOSE_B = 0u;
const LONG_B = 0u;
const FEW = 8u;
const ACROSS = 32u;
// 1 or 4
const RUN = 4u;

const LANES = 256u;
const SLICES = LANES / ACROSS;
// whether inner positions of the long matrix lie together
const ALONG = select(TRANSPOSE_A == 0u, TRANSPOSE_B == 1u, LONG_B == 1u);

struct Params { stacks: u32, rows: u32, columns: u32, inner: u32, a_stack: u32, b_stack: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

// [vectors 0 … 3 and 4 … 7][invocation]
var<workgroup> kept: array<vec4f, 512>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

fn a_at(stack: u32, row: u32, k: u32) -> f32 {
  return a[stack * params.a_stack + select(row * params.inner + k, k * params.rows + row, TRANSPOSE_A == 1u)];
}
fn b_at(stack: u32, k: u32, column: u32) -> f32 {
  return b[stack * params.b_stack + select(k * params.columns + column, column * params.inner + k, TRANSPOSE_B == 1u)];
}
fn long_at(stack: u32, i: u32, k: u32) -> f32 {
  if (LONG_B == 1u) { return b_at(stack, k, i); }
  return a_at(stack, i, k);
}
// Vectors past the last repeat it, and are not stored.
fn few_at(stack: u32, vector: u32, k: u32) -> f32 {
  let j = min(vector, FEW - 1u);
  if (LONG_B == 1u) { return a_at(stack, j, k); }
  return b_at(stack, k, j);
}
fn four_at(stack: u32, j: u32, k: u32) -> vec4f {
  return vec4f(few_at(stack, j, k), few_at(stack, j + 1u, k), few_at(stack, j + 2u, k), few_at(stack, j + 3u, k));
}

@compute @workgroup_size(LANES)
fn product(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let number = group_number(id, groups);
  let count = select(params.rows, params.columns, LONG_B == 1u);
  let strips = (count + ACROSS * RUN - 1u) / (ACROSS * RUN);
  let stack = number / strips;
  if (stack >= params.stacks) { return; }
  let slice = select(lane / ACROSS, lane % SLICES, ALONG);
  let apart = select(ACROSS, 1u, ALONG);
  let first = number % strips * ACROSS * RUN + select(lane % ACROSS, lane / SLICES, ALONG);
  let at = min(first + ACROSS * vec4u(0u, 1u, 2u, 3u), vec4u(count - 1u));

  var low = mat4x4f();
  var high = mat4x4f();
  var low_group = mat4x4f();
  var high_group = mat4x4f();
  var low_total = mat4x4f();
  var high_total = mat4x4f();
  let trips = (params.inner + SLICES - 1u) / SLICES;
  let size = run_of(trips);
  for (var start = 0u; start < trips; start += size) {
  for (var trip = start; trip < min(start + size, trips); trip++) {
    let k = trip * SLICES + slice;
    if (k < params.inner) {
      let m0 = long_at(stack, at.x, k);
      var m1 = 0.0;
      var m2 = 0.0;
      var m3 = 0.0;
      if (RUN == 4u) {
        m1 = long_at(stack, at.y, k);
        m2 = long_at(stack, at.z, k);
        m3 = long_at(stack, at.w, k);
      }
      let v = four_at(stack, 0u, k);
      low[0] += m0 * v;
      if (RUN == 4u) {
        low[1] += m1 * v;
        low[2] += m2 * v;
        low[3] += m3 * v;
      }
      if (FEW > 4u) {
        let w = four_at(stack, 4u, k);
        high[0] += m0 * w;
        if (RUN == 4u) {
          high[1] += m1 * w;
          high[2] += m2 * w;
          high[3] += m3 * w;
        }
      }
    }
  }
    if (MANY_TERMS == 1u) {
      low_group += low;
      high_group += high;
      low = mat4x4f();
      high = mat4x4f();
      if (ends(start / size + 1u, size)) {
        low_total += low_group;
        high_total += high_group;
        low_group = mat4x4f();
        high_group = mat4x4f();
      }
    }
  }
  if (MANY_TERMS == 1u) {
    low = low_total + low_group + low;
    high = high_total + high_group + high;
  }

  for (var r = 0u; r < RUN; r++) {
    kept[lane] = low[r];
    kept[LANES + lane] = high[r];
    workgroupBarrier();
    for (var half = SLICES / 2u; half > 0u; half /= 2u) {
      if (slice < half) {
        kept[lane] += kept[lane + half * apart];
        kept[LANES + lane] += kept[LANES + lane + half * apart];
      }
      workgroupBarrier();
    }
    let i = first + r * ACROSS;
    if (slice == 0u && i < count) {
      for (var j = 0u; j < FEW; j++) {
        let place = select((stack * params.rows + i) * params.columns + j, (stack * params.rows + j) * params.columns + i, LONG_B == 1u);
        c[place] = epilogue(place, kept[j / 4u * LANES + lane][j % 4u]);
      }
    }
    // nobody keeps the next row's sums before these are stored
    workgroupBarrier();
  }
  let done = finish(number * LANES + lane);
}
