// advance — ends a training step: keeps its terms, and moves the train train_counters on.
//
//   count_step   history[(train_counters[0] mod length) · TERMS + k] ← term k;   term 0 is the loss
//          train_counters[0] ← train_counters[0] + 1,  train_counters[1] ← train_counters[1] + rows       unless loss is not a number: then train_counters[2] ← 1
//   note   history[(at[0] mod length) · TERMS + k] ← term k                       further terms, before the count_step of their step
//
// Once train_counters[2] is set nothing changes any more: train_counters[0] is the number of the step that failed.
//
// shapes     term0 (the loss) to term5 [1], train_counters and at [4] u32 (step, row of the data set's order, halted, unused), history [length · TERMS]
// grid       one invocation
// registers  at most 12 an invocation on RDNA 2 and 3; bound by memory or waits, not multiply-adds
// numerics   whole numbers; terms are copied

//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/functions.wgsl"

const TERMS = 1u;

struct Params { rows: u32, length: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> term0: array<f32>;
@group(0) @binding(2) var<storage, read> term1: array<f32>;
@group(0) @binding(3) var<storage, read> term2: array<f32>;
@group(0) @binding(4) var<storage, read> term3: array<f32>;
@group(0) @binding(5) var<storage, read> term4: array<f32>;
@group(0) @binding(6) var<storage, read> term5: array<f32>;
@group(0) @binding(7) var<storage, read> at: array<u32>;
@group(0) @binding(8) var<storage, read_write> train_counters: array<u32>;
@group(0) @binding(9) var<storage, read_write> history: array<f32>;

fn keep(step: u32) {
  let first = (step % params.length) * TERMS;
  history[first] = term0[0];
  if (TERMS > 1u) { history[first + 1u] = term1[0]; }
  if (TERMS > 2u) { history[first + 2u] = term2[0]; }
  if (TERMS > 3u) { history[first + 3u] = term3[0]; }
  if (TERMS > 4u) { history[first + 4u] = term4[0]; }
  if (TERMS > 5u) { history[first + 5u] = term5[0]; }
}

@compute @workgroup_size(1)
fn count_step() {
  if (train_counters[2] != 0u) { return; }
  keep(train_counters[0]);
  if (finite(term0[0]) == 0.0) {
    train_counters[2] = 1u;
    return;
  }
  train_counters[0] += 1u;
  train_counters[1] += params.rows;
}

@compute @workgroup_size(1)
fn note() {
  if (at[2] == 0u) { keep(at[0]); }
}
