// total — sums of partial results that other kernels left, one k_slice after the other.
//
//   total            y[i] = Σ_z part[z,i]
//   total_and_sums   y[o,j] = Σ_z part[z,o,j],   sums[o] = Σ_z part[z,o,columns]
//
// shapes     total: part [k_slices, size], y [size];  total_and_sums: part [k_slices, rows, columns + 1], y [rows, columns],
//            sums [rows], size = rows·(columns + 1);  f32
// grid       one invocation per element of a part
// registers  at most 24 an invocation on RDNA 2 and 3; bound by memory or waits, not multiply-adds
// numerics   the parts are added in order, 32 at a time, then these: |error| ≤ γ_m · Σ|part| with m = 32 + ⌈k_slices/32⌉

//#include "lib/hooked.wgsl"
//#include "lib/side_output.wgsl"

const LANES = 64u;

struct Params { k_slices: u32, size: u32, columns: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> part: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

// Loads eight parts at a time. Indices past the last part are clamped to it, and those values replaced by 0.
fn sum_of(i: u32) -> f32 {
  let last = (params.k_slices - 1u) * params.size + i;
  var sum = 0.0;
  for (var first = 0u; first < params.k_slices; first += 32u) {
    var block_sum = 0.0;
    for (var z = first; z < min(first + 32u, params.k_slices); z += 8u) {
      let at = z * params.size + i;
      let part{k} = part[min(at + {k}u * params.size, last)]; //#repeat k in 0..8
      block_sum += select(0.0, part{k}, z + {k}u < params.k_slices); //#repeat k in 0..8
    }
    sum += block_sum;
  }
  return sum;
}

@compute @workgroup_size(LANES)
fn total(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  if (i >= params.size) { return; }
  y[i] = epilogue(i, sum_of(i));
  let done = finish(i);
}

@compute @workgroup_size(LANES)
fn total_and_sums(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  if (i >= params.size) { return; }
  let row = i / (params.columns + 1u);
  let column = i % (params.columns + 1u);
  let at = row * params.columns + column;
  if (column == params.columns) { sums[row] = sum_of(i); } else { y[at] = epilogue(at, sum_of(i)); }
}
