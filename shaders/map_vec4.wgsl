// map_vec4 — one element-wise expression, four neighbouring elements at once.
//
//   elements   y[4j … 4j + 3] = vec4_at(j)      for j in [0, vec4s)
//
// shapes     y any shape of 4 · vec4s elements; the hook's inputs have shapes and strides of their own
// grid       ⌈vec4s / LANES⌉ workgroups, folded; one invocation per four elements
// numerics   each function's own error (lib/map.wgsl); nothing is summed

//#include "lib/hooked.wgsl"

const LANES = 64u;
// 1 where every block is whole: then nothing is tested, and a software adapter goes through one side of no branch
const WHOLE = 0u;

struct Params { vec4s: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<vec4u>;

//#hook
fn vec4_at(j: u32) -> vec4u { return q0[j]; }

@compute @workgroup_size(LANES)
fn elements(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let j = group_number(id, groups) * LANES + lane;
  if (WHOLE == 1u || j < params.vec4s) { y[j] = vec4_at(j); }
}
