// clusters — what the kernels of cluster distances and moments share.

//#include "lib/grid.wgsl"
//#include "lib/long.wgsl"

const LANES = 64u;

struct Params { rows: u32, columns: u32, centres: u32, slice: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read> r: array<f32>;
@group(0) @binding(5) var<storage, read_write> q: array<f32>;

fn store(row: u32, centre: u32, a: f32, b: f32, c: f32, d: f32) {
  if (row >= params.rows || centre >= params.centres) { return; }
  let at = row * params.centres + centre;
  q[at] = a;
  if (centre + 1u < params.centres) { q[at + 1u] = b; }
  if (centre + 2u < params.centres) { q[at + 2u] = c; }
  if (centre + 3u < params.centres) { q[at + 3u] = d; }
}

// r of four centres, 0 past the last
fn share(row: u32, centre: u32) -> vec4f {
  let at = row * params.centres + centre;
  return vec4f(
    r[at],
    select(0.0, r[at + 1u], centre + 1u < params.centres),
    select(0.0, r[at + 2u], centre + 2u < params.centres),
    select(0.0, r[at + 3u], centre + 3u < params.centres),
  );
}
