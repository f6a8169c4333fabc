// advance — ends a training step: notes its loss, and moves the clock on.
//
//   tick   ring[clock[0] mod length] ← loss
//          clock[0] ← clock[0] + 1,  clock[1] ← clock[1] + rows       unless loss is not a number: then clock[2] ← 1
//
// Once clock[2] is set nothing changes any more: clock[0] is the number of the step that failed.
//
// shapes     loss [1], clock [4] u32 (step, row of the data set's order, halted, unused), ring [length]
// grid       one invocation
// numerics   whole numbers; losses are copied

//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/functions.wgsl"

struct Params { rows: u32, length: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> loss: array<f32>;
@group(0) @binding(2) var<storage, read_write> clock: array<u32>;
@group(0) @binding(3) var<storage, read_write> ring: array<f32>;

@compute @workgroup_size(1)
fn tick() {
  if (clock[2] != 0u) { return; }
  ring[clock[0] % params.length] = loss[0];
  if (finite(loss[0]) == 0.0) {
    clock[2] = 1u;
    return;
  }
  clock[0] += 1u;
  clock[1] += params.rows;
}
