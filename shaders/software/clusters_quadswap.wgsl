// clusters_quadswap — clusters_vec4 for devices where loads cost far more than swaps, such as a software adapter.
//
//   distances   q[i,k] = Σ_j (x[i,j] − μ[k,j])² · p[k,j]
//   sums        part[z,k,0,j] = Σ_{i in slice z} r[i,k] · (x[i,j] − μ[k,j]),   part[z,k,1,j] the same with the square
//
// shapes     as clusters; columns a multiple of 4
// grid       as clusters; sums: (⌈columns/(LANES·4)⌉, ⌈centres/4⌉, slices), four columns × 4 centres an invocation
// memory     no workgroup memory. What a quad of invocations shares, each loads a quarter of, and hands round (quadBroadcast)
// numerics   as clusters: differences before squares, every term right to 4 u, sums of m terms to γ_m, u = 2⁻²⁴, in levels where long

enable subgroups;

//#include "lib/clusters_vec4.wgsl"

@group(0) @binding(2) var<storage, read> mu: array<f32>;
@group(0) @binding(3) var<storage, read> p: array<f32>;

fn shared_by_quad(own: f32) -> vec4f {
  return vec4f(quadBroadcast(own, 0u), quadBroadcast(own, 1u), quadBroadcast(own, 2u), quadBroadcast(own, 3u));
}

fn starts_of(centres: vec4u, lane: u32) -> vec4u { return centres * params.columns + (lane & 3u); }
fn mean_at(start: u32, j: u32) -> vec4f { return shared_by_quad(mu[start + 4u * j]); }
fn weight_at(start: u32, j: u32) -> vec4f { return shared_by_quad(p[start + 4u * j]); }
fn centre_at(centre: u32, column: u32) -> vec4f {
  let at = centre * params.columns + 4u * column;
  return vec4f(mu[at], mu[at + 1u], mu[at + 2u], mu[at + 3u]);
}
fn share_start(centre: u32, lane: u32) -> u32 { return min(centre + (lane & 3u), params.centres - 1u); }
fn share_at(row: u32, start: u32) -> vec4f { return shared_by_quad(r[row * params.centres + start]); }
// lanes past the end work on the last vec4: all of a quad must be there to hand round
fn column_of(own: u32, vec4s: u32) -> u32 { return min(own, vec4s - 1u); }
fn is_idle(column: u32, vec4s: u32) -> bool { return false; }
