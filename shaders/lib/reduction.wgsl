// reduction — how two elements are combined, and how the lanes of a workgroup combine theirs.

const LANES = 64u;
// 0 sum, 1 maximum, 2 minimum
const OPERATION = 0u;

fn identity() -> f32 {
  if (OPERATION == 1u) { return -infinity(); }
  if (OPERATION == 2u) { return infinity(); }
  return 0.0;
}
fn combine(a: f32, b: f32) -> f32 {
  if (OPERATION == 1u) { return maximum(a, b); }
  if (OPERATION == 2u) { return minimum(a, b); }
  return a + b;
}

var<workgroup> partial: array<f32, LANES>;

// What all lanes have, in a tree of fixed order; every lane gets it.
fn tree(lane: u32, value: f32) -> f32 {
  partial[lane] = value;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) { partial[lane] = combine(partial[lane], partial[lane + stride]); }
    workgroupBarrier();
  }
  return partial[0];
}
