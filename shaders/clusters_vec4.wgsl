// clusters_vec4 — clusters in vec4 of columns.
//
//   distances   q[i,k] = Σ_j (x[i,j] − μ[k,j])² · p[k,j]
//   sums        part[z,k,0,j] = Σ_{i in slice z} r[i,k] · (x[i,j] − μ[k,j]),   part[z,k,1,j] the same with the square
//
// shapes     as clusters; columns a multiple of 4
// grid       as clusters; sums: (⌈columns/(LANES·4)⌉, ⌈centres/4⌉, slices), four columns × 4 centres an invocation
// registers  at most 96 an invocation on RDNA 2 and 3; bound by instructions beside multiply-adds
// numerics   as clusters: differences before squares, every term right to 4 u, sums of m terms to γ_m, u = 2⁻²⁴, in levels where long

//#include "lib/clusters_vec4.wgsl"

@group(0) @binding(2) var<storage, read> mu: array<vec4f>;
@group(0) @binding(3) var<storage, read> p: array<vec4f>;

fn starts_of(centres: vec4u, lane: u32) -> vec4u { return centres * (params.columns / 4u); }
fn mean_at(start: u32, j: u32) -> vec4f { return mu[start + j]; }
fn weight_at(start: u32, j: u32) -> vec4f { return p[start + j]; }
fn centre_at(centre: u32, column: u32) -> vec4f { return mu[centre * (params.columns / 4u) + column]; }
fn share_start(centre: u32, lane: u32) -> u32 { return centre; }
fn share_at(row: u32, start: u32) -> vec4f { return share(row, start); }
fn column_of(own: u32, vec4s: u32) -> u32 { return own; }
fn is_idle(column: u32, vec4s: u32) -> bool { return column >= vec4s; }
