// total — sums of partial results that other kernels left, one slice after the other.
//
//   total      y[i] = Σ_z part[z,i]
//
// shapes     part [parts, size], y [size];  f32
// grid       one invocation per element of y
// numerics   the parts are added in order: |error| ≤ γ_parts · Σ|part|

//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/extras.wgsl"
//#include "lib/side.wgsl"

const LANES = 64u;

struct Params { parts: u32, size: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> part: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

@compute @workgroup_size(LANES)
fn total(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group_number(id, groups) * LANES + lane;
  if (i >= params.size) { return; }
  var sum = 0.0;
  for (var z = 0u; z < params.parts; z++) { sum += part[z * params.size + i]; }
  y[i] = epilogue(i, sum);
  let done = finish(i);
}
