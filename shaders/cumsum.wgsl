// cumsum — running sums along one axis.
//
//   lines          y[o,r,k] = Σ_{s ≤ r} x[o,s,k]        (REVERSE: s ≥ r, which is ∂x)      one invocation walks a line
//   shared_lines   the same, one workgroup a line
//
// shapes     x, y [outer, extent, inner];  lines = outer·inner
// grid       lines: ⌈lines / LANES⌉ workgroups;  shared_lines: one workgroup of LANES per line
// memory     shared_lines: x is read twice; LANES partial sums
// numerics   lines: in order, |error| ≤ γ_r · Σ|x|.  shared_lines: each lane sums ⌈extent / LANES⌉ neighbours, the
//            sums of the lanes are added in order, then the lane's own again: γ of ⌈extent / LANES⌉ + LANES

//#include "lib/grid.wgsl"

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
  var total = 0.0;
  for (var r = 0u; r < params.extent; r++) {
    total += x[place(line, r)];
    y[place(line, r)] = total;
  }
}

@compute @workgroup_size(LANES)
fn shared_lines(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let line = group_number(id, groups);
  let part = (params.extent + LANES - 1u) / LANES;
  let first = min(lane * part, params.extent);
  let past = select(first, min(first + part, params.extent), line < params.lines);
  var total = 0.0;
  for (var r = first; r < past; r++) { total += x[place(line, r)]; }
  partial[lane] = total;
  workgroupBarrier();
  var before = 0.0;
  for (var k = 0u; k < lane; k++) { before += partial[k]; }
  var own = 0.0;
  for (var r = first; r < past; r++) {
    own += x[place(line, r)];
    y[place(line, r)] = before + own;
  }
}
