// advance — ends a training step: notes its loss, and moves the train counters on.
//
//   count_step   loss_history[train_counters[0] mod length] ← loss
//          train_counters[0] ← train_counters[0] + 1,  train_counters[1] ← train_counters[1] + rows       unless loss is not a number: then train_counters[2] ← 1
//
// Once train_counters[2] is set nothing changes any more: train_counters[0] is the number of the step that failed.
//
// shapes     loss [1], train_counters [4] u32 (step, row of the data set's order, halted, unused), loss_history [length]
// grid       one invocation
// numerics   whole numbers; losses are copied

//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/functions.wgsl"

struct Params { rows: u32, length: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> loss: array<f32>;
@group(0) @binding(2) var<storage, read_write> train_counters: array<u32>;
@group(0) @binding(3) var<storage, read_write> loss_history: array<f32>;

@compute @workgroup_size(1)
fn count_step() {
  if (train_counters[2] != 0u) { return; }
  loss_history[train_counters[0] % params.length] = loss[0];
  if (finite(loss[0]) == 0.0) {
    train_counters[2] = 1u;
    return;
  }
  train_counters[0] += 1u;
  train_counters[1] += params.rows;
}
