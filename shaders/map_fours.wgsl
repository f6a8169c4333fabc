// map_fours — one element-wise expression, four neighbouring elements at once.
//
//   elements   y[4j … 4j + 3] = four(j)      for j in [0, quads)
//
// shapes     y any shape of 4 · quads elements; the hook's inputs have shapes and strides of their own
// grid       ⌈quads / LANES⌉ workgroups, folded; one invocation per four elements
// numerics   each function's own error (lib/map.wgsl); nothing is summed

//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/functions.wgsl"
//#include "lib/extras.wgsl"

const LANES = 64u;
// 1 where every block is whole: then nothing is tested, and a software adapter goes through one side of no branch
const WHOLE = 0u;

struct Params { quads: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<vec4u>;

//#hook
fn four(j: u32) -> vec4u { return q0[j]; }

@compute @workgroup_size(LANES)
fn elements(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let j = group_number(id, groups) * LANES + lane;
  if (WHOLE == 1u || j < params.quads) { y[j] = four(j); }
}
