// clusters_quadswap — clusters in vec4 of columns, for devices where loads cost far more than swaps, such as a software adapter.
//
//   distances   q[i,k] = Σ_j (x[i,j] − μ[k,j])² · p[k,j]
//   sums        part[z,k,0,j] = Σ_{i in slice z} r[i,k] · (x[i,j] − μ[k,j]),   part[z,k,1,j] the same with the square
//
// shapes     x [rows, columns], μ, p [centres, columns], q, r [rows, centres], part [slices, centres, 2, columns];  row-major f32;
//            columns a multiple of 4
// grid       1-D, the first of these fastest (lib/grid.wgsl).  distances: (⌈rows/(LANES·4)⌉, ⌈centres/4⌉), 4 rows,
//            LANES apart, × 4 centres an invocation;
//            sums: (⌈columns/(LANES·4)⌉, ⌈centres/4⌉, slices), four columns × 4 centres an invocation
// memory     no workgroup memory. What a quad of invocations shares, each loads a quarter of, and hands round (quadBroadcast)
// numerics   as clusters: differences before squares, every term right to 4 u, sums of m terms to γ_m, u = 2⁻²⁴, in levels where long

enable subgroups;

//#include "lib/grid.wgsl"
//#include "lib/long.wgsl"

const LANES = 64u;

struct Params { rows: u32, columns: u32, centres: u32, slice: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> mu: array<f32>;
@group(0) @binding(3) var<storage, read> p: array<f32>;
@group(0) @binding(4) var<storage, read> r: array<f32>;
@group(0) @binding(5) var<storage, read_write> q: array<f32>;
@group(0) @binding(6) var<storage, read_write> part: array<vec4f>;

fn shared_by_quad(own: f32) -> vec4f {
  return vec4f(quadBroadcast(own, 0u), quadBroadcast(own, 1u), quadBroadcast(own, 2u), quadBroadcast(own, 3u));
}

fn store(row: u32, centre: u32, a: f32, b: f32, c: f32, d: f32) {
  if (row >= params.rows || centre >= params.centres) { return; }
  let at = row * params.centres + centre;
  q[at] = a;
  if (centre + 1u < params.centres) { q[at + 1u] = b; }
  if (centre + 2u < params.centres) { q[at + 2u] = c; }
  if (centre + 3u < params.centres) { q[at + 3u] = d; }
}

fn total(a: vec4f) -> f32 { return (a.x + a.y) + (a.z + a.w); }

@compute @workgroup_size(LANES)
fn distances(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let place = place_of_group(group_number(id, groups), (params.rows + LANES * 4u - 1u) / (LANES * 4u), (params.centres + 3u) / 4u);
  let row = place.x * LANES * 4u + lane;
  let last = params.rows - 1u;
  let vec4s = params.columns / 4u;
  let rows = min(vec4u(row, row + LANES, row + 2u * LANES, row + 3u * LANES), vec4u(last)) * vec4s;
  let centre = place.y * 4u;
  let centres = min(vec4u(centre, centre + 1u, centre + 2u, centre + 3u), vec4u(params.centres - 1u)) * params.columns + (lane & 3u);
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  var b0 = vec4f(); var b1 = vec4f(); var b2 = vec4f(); var b3 = vec4f();
  var c0 = vec4f(); var c1 = vec4f(); var c2 = vec4f(); var c3 = vec4f();
  var d0 = vec4f(); var d1 = vec4f(); var d2 = vec4f(); var d3 = vec4f();
  var group_a0 = vec4f(); var group_a1 = vec4f(); var group_a2 = vec4f(); var group_a3 = vec4f();
  var group_b0 = vec4f(); var group_b1 = vec4f(); var group_b2 = vec4f(); var group_b3 = vec4f();
  var group_c0 = vec4f(); var group_c1 = vec4f(); var group_c2 = vec4f(); var group_c3 = vec4f();
  var group_d0 = vec4f(); var group_d1 = vec4f(); var group_d2 = vec4f(); var group_d3 = vec4f();
  var total_a0 = vec4f(); var total_a1 = vec4f(); var total_a2 = vec4f(); var total_a3 = vec4f();
  var total_b0 = vec4f(); var total_b1 = vec4f(); var total_b2 = vec4f(); var total_b3 = vec4f();
  var total_c0 = vec4f(); var total_c1 = vec4f(); var total_c2 = vec4f(); var total_c3 = vec4f();
  var total_d0 = vec4f(); var total_d1 = vec4f(); var total_d2 = vec4f(); var total_d3 = vec4f();
  let size = run_of(vec4s);
  for (var start = 0u; start < vec4s; start += size) {
    for (var j = start; j < min(start + size, vec4s); j++) {
    let xa = x[rows.x + j];
    let xb = x[rows.y + j];
    let xc = x[rows.z + j];
    let xd = x[rows.w + j];
    let m0 = shared_by_quad(mu[centres.x + 4u * j]);
    let p0 = shared_by_quad(p[centres.x + 4u * j]);
    a0 += (xa - m0) * (xa - m0) * p0;
    b0 += (xb - m0) * (xb - m0) * p0;
    c0 += (xc - m0) * (xc - m0) * p0;
    d0 += (xd - m0) * (xd - m0) * p0;
    let m1 = shared_by_quad(mu[centres.y + 4u * j]);
    let p1 = shared_by_quad(p[centres.y + 4u * j]);
    a1 += (xa - m1) * (xa - m1) * p1;
    b1 += (xb - m1) * (xb - m1) * p1;
    c1 += (xc - m1) * (xc - m1) * p1;
    d1 += (xd - m1) * (xd - m1) * p1;
    let m2 = shared_by_quad(mu[centres.z + 4u * j]);
    let p2 = shared_by_quad(p[centres.z + 4u * j]);
    a2 += (xa - m2) * (xa - m2) * p2;
    b2 += (xb - m2) * (xb - m2) * p2;
    c2 += (xc - m2) * (xc - m2) * p2;
    d2 += (xd - m2) * (xd - m2) * p2;
    let m3 = shared_by_quad(mu[centres.w + 4u * j]);
    let p3 = shared_by_quad(p[centres.w + 4u * j]);
    a3 += (xa - m3) * (xa - m3) * p3;
    b3 += (xb - m3) * (xb - m3) * p3;
    c3 += (xc - m3) * (xc - m3) * p3;
    d3 += (xd - m3) * (xd - m3) * p3;
    }
    if (MANY_TERMS == 1u) {
      group_a0 += a0; a0 = vec4f();
      group_a1 += a1; a1 = vec4f();
      group_a2 += a2; a2 = vec4f();
      group_a3 += a3; a3 = vec4f();
      group_b0 += b0; b0 = vec4f();
      group_b1 += b1; b1 = vec4f();
      group_b2 += b2; b2 = vec4f();
      group_b3 += b3; b3 = vec4f();
      group_c0 += c0; c0 = vec4f();
      group_c1 += c1; c1 = vec4f();
      group_c2 += c2; c2 = vec4f();
      group_c3 += c3; c3 = vec4f();
      group_d0 += d0; d0 = vec4f();
      group_d1 += d1; d1 = vec4f();
      group_d2 += d2; d2 = vec4f();
      group_d3 += d3; d3 = vec4f();
      if (ends(start / size + 1u, size)) {
        total_a0 += group_a0; group_a0 = vec4f();
        total_a1 += group_a1; group_a1 = vec4f();
        total_a2 += group_a2; group_a2 = vec4f();
        total_a3 += group_a3; group_a3 = vec4f();
        total_b0 += group_b0; group_b0 = vec4f();
        total_b1 += group_b1; group_b1 = vec4f();
        total_b2 += group_b2; group_b2 = vec4f();
        total_b3 += group_b3; group_b3 = vec4f();
        total_c0 += group_c0; group_c0 = vec4f();
        total_c1 += group_c1; group_c1 = vec4f();
        total_c2 += group_c2; group_c2 = vec4f();
        total_c3 += group_c3; group_c3 = vec4f();
        total_d0 += group_d0; group_d0 = vec4f();
        total_d1 += group_d1; group_d1 = vec4f();
        total_d2 += group_d2; group_d2 = vec4f();
        total_d3 += group_d3; group_d3 = vec4f();
      }
    }
  }
  if (MANY_TERMS == 1u) {
    a0 = (total_a0 + group_a0) + a0;
    a1 = (total_a1 + group_a1) + a1;
    a2 = (total_a2 + group_a2) + a2;
    a3 = (total_a3 + group_a3) + a3;
    b0 = (total_b0 + group_b0) + b0;
    b1 = (total_b1 + group_b1) + b1;
    b2 = (total_b2 + group_b2) + b2;
    b3 = (total_b3 + group_b3) + b3;
    c0 = (total_c0 + group_c0) + c0;
    c1 = (total_c1 + group_c1) + c1;
    c2 = (total_c2 + group_c2) + c2;
    c3 = (total_c3 + group_c3) + c3;
    d0 = (total_d0 + group_d0) + d0;
    d1 = (total_d1 + group_d1) + d1;
    d2 = (total_d2 + group_d2) + d2;
    d3 = (total_d3 + group_d3) + d3;
  }
  store(row, centre, total(a0), total(a1), total(a2), total(a3));
  store(row + LANES, centre, total(b0), total(b1), total(b2), total(b3));
  store(row + 2u * LANES, centre, total(c0), total(c1), total(c2), total(c3));
  store(row + 3u * LANES, centre, total(d0), total(d1), total(d2), total(d3));
}

fn centre_at(at: u32) -> vec4f { return vec4f(mu[at], mu[at + 1u], mu[at + 2u], mu[at + 3u]); }

@compute @workgroup_size(LANES)
fn sums(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let vec4s = params.columns / 4u;
  // lanes past the end work on the last vec4: all of a quad must be there to hand round
  let place = place_of_group(group_number(id, groups), (vec4s + LANES - 1u) / LANES, (params.centres + 3u) / 4u);
  if (place.z * params.slice >= params.rows) { return; }
  let column = min(place.x * LANES + lane, vec4s - 1u);
  let centre = place.y * 4u;
  let centres = min(vec4u(centre, centre + 1u, centre + 2u, centre + 3u), vec4u(params.centres - 1u)) * params.columns + 4u * column;
  let m0 = centre_at(centres.x);
  let m1 = centre_at(centres.y);
  let m2 = centre_at(centres.z);
  let m3 = centre_at(centres.w);
  var first0 = vec4f(); var first1 = vec4f(); var first2 = vec4f(); var first3 = vec4f();
  var second0 = vec4f(); var second1 = vec4f(); var second2 = vec4f(); var second3 = vec4f();
  let start = place.z * params.slice;
  let end = min(start + params.slice, params.rows);
  let share_of = min(centre + (lane & 3u), params.centres - 1u);
  for (var i = start; i < end; i++) {
    let v = x[i * vec4s + column];
    let w = shared_by_quad(r[i * params.centres + share_of]);
    let w0 = w.x * (v - m0);
    first0 += w0;
    second0 += w0 * (v - m0);
    let w1 = w.y * (v - m1);
    first1 += w1;
    second1 += w1 * (v - m1);
    let w2 = w.z * (v - m2);
    first2 += w2;
    second2 += w2 * (v - m2);
    let w3 = w.w * (v - m3);
    first3 += w3;
    second3 += w3 * (v - m3);
  }
  put(place.z, centre, vec4s, column, first0, second0);
  put(place.z, centre + 1u, vec4s, column, first1, second1);
  put(place.z, centre + 2u, vec4s, column, first2, second2);
  put(place.z, centre + 3u, vec4s, column, first3, second3);
}

fn put(slice: u32, centre: u32, vec4s: u32, column: u32, first: vec4f, second: vec4f) {
  if (centre >= params.centres) { return; }
  let at = (slice * params.centres + centre) * 2u * vec4s + column;
  part[at] = first;
  part[at + vec4s] = second;
}
