// argmax — where the largest (or smallest) element along one axis is, the first of equals.
//
//   lines          y[o,k] = min { r : x[o,r,k] = max_r x[o,r,k] }      one invocation walks a line
//   shared_lines   the same, one workgroup a line
//   TYPE           of x: 0 f32, 1 i32, 2 u32;  SMALLEST_FIRST 1 for argmin
//
// shapes     x [outer, extent, inner], y [outer, inner] u32;  lines = outer·inner
// grid       lines: ⌈lines / LANES⌉ workgroups;  shared_lines: one workgroup of LANES per line
// numerics   exact; the first element that is not a number wins, where there is one

//#include "lib/grid.wgsl"
//#include "lib/order.wgsl"

const LANES = 64u;
const TYPE = 0u;
const SMALLEST_FIRST = 0u;

struct Params { lines: u32, extent: u32, inner: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

var<workgroup> values: array<u32, LANES>;
var<workgroup> places: array<u32, LANES>;

// larger for what is wanted more; all that is not a number is wanted most
fn key(word: u32) -> u32 {
  var k = word;
  if (TYPE == 0u) { k = order_of(word); }
  if (TYPE == 1u) { k = word ^ 0x80000000u; }
  if (SMALLEST_FIRST == 1u && (TYPE != 0u || k != 0xffffffffu)) { k = ~k; }
  return k;
}

// the place of element 0 of a line
fn start(line: u32) -> u32 { return (line / params.inner) * params.extent * params.inner + line % params.inner; }

@compute @workgroup_size(LANES)
fn lines(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let line = group_number(id, groups) * LANES + lane;
  if (line >= params.lines) { return; }
  let first = start(line);
  var best = key(x[first]);
  var place = 0u;
  for (var r = 1u; r < params.extent; r++) {
    let value = key(x[first + r * params.inner]);
    if (value > best) { best = value; place = r; }
  }
  y[line] = place;
}

@compute @workgroup_size(LANES)
fn shared_lines(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let line = min(group_number(id, groups), params.lines - 1u);
  let first = start(line);
  // lanes beyond the extent repeat its last element, whose place only ties with itself
  var place = min(lane, params.extent - 1u);
  var best = key(x[first + place * params.inner]);
  for (var r = lane + LANES; r < params.extent; r += LANES) {
    let value = key(x[first + r * params.inner]);
    if (value > best) { best = value; place = r; }
  }
  values[lane] = best;
  places[lane] = place;
  workgroupBarrier();
  for (var stride = LANES / 2u; stride > 0u; stride /= 2u) {
    if (lane < stride) {
      let other = values[lane + stride];
      let further = places[lane + stride];
      if (other > values[lane] || (other == values[lane] && further < places[lane])) {
        values[lane] = other;
        places[lane] = further;
      }
    }
    workgroupBarrier();
  }
  if (lane == 0u && group_number(id, groups) < params.lines) { y[line] = places[0]; }
}
