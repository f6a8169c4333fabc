// reduction — sum, maximum or minimum over one extent, for the kernels that say how elements are loaded.
//
// A kernel gives
//
//   Term, PER         what one load brings, f32 or vec4f, and how many elements that are
//   load, combined    a load, and two of them combined
//   folded            one value out of a Term
//   walk              what one lane takes of a row, from element first to past
//   store_column      what becomes of a column's Term

//#include "lib/hooked.wgsl"
//#include "lib/side_output.wgsl"
//#include "lib/long.wgsl"

const LANES = 64u;
// 0 sum, 1 maximum, 2 minimum
const OPERATION = 0u;
// 1 where four loads at a time leave none over: a software adapter would go once through the loop for what is left
const WHOLE = 0u;

struct Params { outputs: u32, extent: u32, slices: u32, slice: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

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

// `count` loads from first, `step` apart, four at a time.
fn run(first: u32, count: u32, step: u32) -> Term {
  var total = Term(identity());
  var group = Term(identity());
  var all = Term(identity());
  let iterations = count / 4u;
  let size = max(run_of(iterations), 32u);
  for (var start = 0u; start < iterations; start += size) {
    for (var iteration = start; iteration < min(start + size, iterations); iteration++) {
      let j = first + iteration * 4u * step;
      total = combined(total, combined(combined(load(j), load(j + step)), combined(load(j + 2u * step), load(j + 3u * step))));
    }
    if (MANY_TERMS == 1u) {
      group = combined(group, total);
      total = Term(identity());
      if (ends(start / size + 1u, size)) {
        all = combined(all, group);
        group = Term(identity());
      }
    }
  }
  if (MANY_TERMS == 1u) { total = combined(combined(all, group), total); }
  if (WHOLE == 0u) {
    for (var r = iterations * 4u; r < count; r++) { total = combined(total, load(first + r * step)); }
  }
  return total;
}

@compute @workgroup_size(LANES)
fn rows(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = group_number(id, groups);
  let first = (n % params.slices) * params.slice;
  let past = min(first + params.slice, params.extent);
  let inside = n < params.outputs * params.slices;
  var total = Term(identity());
  if (inside) { total = walk((n / params.slices) * params.extent, first, past, lane); }
  let result = tree(lane, folded(total));
  if (lane == 0u && inside) { y[n] = epilogue(n, result); }
}

@compute @workgroup_size(LANES)
fn short_rows(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = group_number(id, groups) * LANES + lane;
  if (n >= params.outputs * params.slices) { return; }
  let first = (n % params.slices) * params.slice;
  let past = min(first + params.slice, params.extent);
  y[n] = epilogue(n, folded(run(((n / params.slices) * params.extent + first) / PER, (max(past, first) - first) / PER, 1u)));
}

@compute @workgroup_size(LANES)
fn columns(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let across = params.outputs / PER;
  let n = group_number(id, groups) * LANES + lane;
  if (n >= across * params.slices) { return; }
  let first = (n / across) * params.slice;
  let past = min(first + params.slice, params.extent);
  store_column(n, run(first * across + n % across, max(past, first) - first, across));
}
