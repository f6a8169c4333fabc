// cumsum — running sums along one axis.
//
//   lines          y[o,r,k] = Σ_{s ≤ r} x[o,s,k]        (REVERSE: s ≥ r, which is ∂x)      one invocation walks a line
//   shared_lines   the same, one workgroup a line
//
// shapes     x, y [outer, extent, inner];  lines = outer·inner
// grid       lines: ⌈lines / LANES⌉ workgroups;  shared_lines: one workgroup of LANES per line
// memory     shared_lines: x is read twice; LANES partial sums
// numerics   lines: in three levels (lib/long.wgsl), |error| ≤ 3·γ_b · Σ|x|, b = block_of(extent).  shared_lines: each lane does so for
//            ⌈extent / LANES⌉ neighbours, those of the lanes before come in eights: b = block_of(⌈extent / LANES⌉), and 16 more.
//            Like-signed terms of any number keep 2e-6

//#include "lib/grid.wgsl"
//#include "lib/long.wgsl"

const LANES = 64u;
const REVERSE = 0u;

struct Params { lines: u32, extent: u32, inner: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

var<workgroup> partial: array<f32, LANES>;

// the place of element r of a line, counted from its other end where REVERSE
fn place(line: u32, r: u32) -> u32 {
  let step = select(r, params.extent - 1u - r, REVERSE == 1u);
  return ((line / params.inner) * params.extent + step) * params.inner + line % params.inner;
}

@compute @workgroup_size(LANES)
fn lines(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let line = group_number(id, groups) * LANES + lane;
  if (line >= params.lines) { return; }
  let total = walk(line, 0u, params.extent, 0.0, true);
}

// sums of the elements from first to past, after `before`: of whole groups of blocks, of whole blocks, and of the elements since
fn walk(line: u32, first: u32, past: u32, before: f32, writes: bool) -> f32 {
  let size = block_of(past - first);
  var groups = before;
  var blocks = 0.0;
  for (var start = first; start < past; start += size) {
    var total = 0.0;
    for (var r = start; r < min(start + size, past); r++) {
      total += x[place(line, r)];
      if (writes) { y[place(line, r)] = groups + (blocks + total); }
    }
    blocks += total;
    if (ends((start - first) / size + 1u, size)) {
      groups += blocks;
      blocks = 0.0;
    }
  }
  return groups + blocks;
}

@compute @workgroup_size(LANES)
fn shared_lines(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let line = group_number(id, groups);
  let part = (params.extent + LANES - 1u) / LANES;
  let first = min(lane * part, params.extent);
  var past = first;
  if (line < params.lines) { past = min(first + part, params.extent); }
  partial[lane] = walk(line, first, past, 0.0, false);
  workgroupBarrier();
  // of the lanes before, eight at a time
  var before = 0.0;
  for (var eight = 0u; eight < lane; eight += 8u) {
    var sum = 0.0;
    for (var k = eight; k < min(eight + 8u, lane); k++) { sum += partial[k]; }
    before += sum;
  }
  let total = walk(line, first, past, before, true);
}
