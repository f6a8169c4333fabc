// clusters — distances of rows from centres, and moments of rows around centres, each centre with a weight per column.
//
//   distances         q[i,k] = Σ_j (x[i,j] − μ[k,j])² · p[k,j]
//   distances_vec4   the same in vec4 of columns
//   sums              part[z,k,0,j] = Σ_{i in slice z} r[i,k] · (x[i,j] − μ[k,j]),   part[z,k,1,j] the same with the square
//   sums_vec4        the same in vec4 of columns
//
// shapes     x [rows, columns], μ, p [centres, columns], q, r [rows, centres], part [slices, centres, 2, columns];  row-major f32;
//            vec4s: columns a multiple of 4
// grid       1-D, the first of these fastest (lib/grid.wgsl).  distances: (⌈rows/(LANES·4)⌉, ⌈centres/4⌉), 4 rows,
//            LANES apart, × 4 centres an invocation;
//            sums: (⌈columns/LANES⌉ or ⌈columns/(LANES·4)⌉, ⌈centres/4⌉, slices), one column or vec4 × 4 centres an invocation
// memory     no workgroup memory; distances reads x ⌈centres/4⌉ times and μ, p ⌈rows/256⌉ times; sums reads x ⌈centres/4⌉ times
// numerics   differences are taken before they are squared, so a far centre costs no accuracy: every term is right to 4 u, and
//            sums of m terms to γ_m, u = 2⁻²⁴; more than 1024 columns (or vec4 of them) go in three levels (lib/long.wgsl). Nothing is
//            expanded to x² − 2μx + μ²

//#include "lib/grid.wgsl"
//#include "lib/long.wgsl"

const LANES = 64u;

struct Params { rows: u32, columns: u32, centres: u32, slice: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> mu: array<f32>;
@group(0) @binding(3) var<storage, read> p: array<f32>;
@group(0) @binding(4) var<storage, read> r: array<f32>;
@group(0) @binding(5) var<storage, read_write> q: array<f32>;
@group(0) @binding(6) var<storage, read_write> part: array<f32>;
@group(0) @binding(7) var<storage, read> x_vec4: array<vec4f>;
@group(0) @binding(8) var<storage, read> mu_vec4: array<vec4f>;
@group(0) @binding(9) var<storage, read> p_vec4: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> part_vec4: array<vec4f>;

@compute @workgroup_size(LANES)
fn distances(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let place = place_of_group(group_number(id, groups), (params.rows + LANES * 4u - 1u) / (LANES * 4u), (params.centres + 3u) / 4u);
  let row = place.x * LANES * 4u + lane;
  let last = params.rows - 1u;
  let rows = min(vec4u(row, row + LANES, row + 2u * LANES, row + 3u * LANES), vec4u(last)) * params.columns;
  let centre = place.y * 4u;
  let centres = min(vec4u(centre, centre + 1u, centre + 2u, centre + 3u), vec4u(params.centres - 1u)) * params.columns;
  var q0 = vec4f();
  var q1 = vec4f();
  var q2 = vec4f();
  var q3 = vec4f();
  var group_q0 = vec4f(); var group_q1 = vec4f(); var group_q2 = vec4f(); var group_q3 = vec4f();
  var total_q0 = vec4f(); var total_q1 = vec4f(); var total_q2 = vec4f(); var total_q3 = vec4f();
  let size = run_of(params.columns);
  for (var start = 0u; start < params.columns; start += size) {
    for (var j = start; j < min(start + size, params.columns); j++) {
    let v = vec4f(x[rows.x + j], x[rows.y + j], x[rows.z + j], x[rows.w + j]);
    let d0 = v - mu[centres.x + j];
    let d1 = v - mu[centres.y + j];
    let d2 = v - mu[centres.z + j];
    let d3 = v - mu[centres.w + j];
    q0 += d0 * d0 * p[centres.x + j];
    q1 += d1 * d1 * p[centres.y + j];
    q2 += d2 * d2 * p[centres.z + j];
    q3 += d3 * d3 * p[centres.w + j];
    }
    if (MANY_TERMS == 1u) {
      group_q0 += q0; q0 = vec4f();
      group_q1 += q1; q1 = vec4f();
      group_q2 += q2; q2 = vec4f();
      group_q3 += q3; q3 = vec4f();
      if (ends(start / size + 1u, size)) {
        total_q0 += group_q0; group_q0 = vec4f();
        total_q1 += group_q1; group_q1 = vec4f();
        total_q2 += group_q2; group_q2 = vec4f();
        total_q3 += group_q3; group_q3 = vec4f();
      }
    }
  }
  if (MANY_TERMS == 1u) {
    q0 = (total_q0 + group_q0) + q0;
    q1 = (total_q1 + group_q1) + q1;
    q2 = (total_q2 + group_q2) + q2;
    q3 = (total_q3 + group_q3) + q3;
  }
  store(row, centre, q0.x, q1.x, q2.x, q3.x);
  store(row + LANES, centre, q0.y, q1.y, q2.y, q3.y);
  store(row + 2u * LANES, centre, q0.z, q1.z, q2.z, q3.z);
  store(row + 3u * LANES, centre, q0.w, q1.w, q2.w, q3.w);
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
fn distances_vec4(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let place = place_of_group(group_number(id, groups), (params.rows + LANES * 4u - 1u) / (LANES * 4u), (params.centres + 3u) / 4u);
  let row = place.x * LANES * 4u + lane;
  let last = params.rows - 1u;
  let vec4s = params.columns / 4u;
  let rows = min(vec4u(row, row + LANES, row + 2u * LANES, row + 3u * LANES), vec4u(last)) * vec4s;
  let centre = place.y * 4u;
  let centres = min(vec4u(centre, centre + 1u, centre + 2u, centre + 3u), vec4u(params.centres - 1u)) * vec4s;
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
    let xa = x_vec4[rows.x + j];
    let xb = x_vec4[rows.y + j];
    let xc = x_vec4[rows.z + j];
    let xd = x_vec4[rows.w + j];
    let m0 = mu_vec4[centres.x + j];
    let p0 = p_vec4[centres.x + j];
    a0 += (xa - m0) * (xa - m0) * p0;
    b0 += (xb - m0) * (xb - m0) * p0;
    c0 += (xc - m0) * (xc - m0) * p0;
    d0 += (xd - m0) * (xd - m0) * p0;
    let m1 = mu_vec4[centres.y + j];
    let p1 = p_vec4[centres.y + j];
    a1 += (xa - m1) * (xa - m1) * p1;
    b1 += (xb - m1) * (xb - m1) * p1;
    c1 += (xc - m1) * (xc - m1) * p1;
    d1 += (xd - m1) * (xd - m1) * p1;
    let m2 = mu_vec4[centres.z + j];
    let p2 = p_vec4[centres.z + j];
    a2 += (xa - m2) * (xa - m2) * p2;
    b2 += (xb - m2) * (xb - m2) * p2;
    c2 += (xc - m2) * (xc - m2) * p2;
    d2 += (xd - m2) * (xd - m2) * p2;
    let m3 = mu_vec4[centres.w + j];
    let p3 = p_vec4[centres.w + j];
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

@compute @workgroup_size(LANES)
fn sums(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let place = place_of_group(group_number(id, groups), (params.columns + LANES - 1u) / LANES, (params.centres + 3u) / 4u);
  let column = place.x * LANES + lane;
  if (column >= params.columns || place.z * params.slice >= params.rows) { return; }
  let centre = place.y * 4u;
  let centres = min(vec4u(centre, centre + 1u, centre + 2u, centre + 3u), vec4u(params.centres - 1u)) * params.columns + column;
  let m = vec4f(mu[centres.x], mu[centres.y], mu[centres.z], mu[centres.w]);
  var first = vec4f();
  var second = vec4f();
  let start = place.z * params.slice;
  let end = min(start + params.slice, params.rows);
  for (var i = start; i < end; i++) {
    let d = x[i * params.columns + column] - m;
    let weighted = share(i, centre) * d;
    first += weighted;
    second += weighted * d;
  }
  for (var k = 0u; k < min(4u, params.centres - centre); k++) {
    let at = ((place.z * params.centres + centre + k) * 2u) * params.columns + column;
    part[at] = first[k];
    part[at + params.columns] = second[k];
  }
}

@compute @workgroup_size(LANES)
fn sums_vec4(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let vec4s = params.columns / 4u;
  let place = place_of_group(group_number(id, groups), (vec4s + LANES - 1u) / LANES, (params.centres + 3u) / 4u);
  let column = place.x * LANES + lane;
  if (column >= vec4s || place.z * params.slice >= params.rows) { return; }
  let centre = place.y * 4u;
  let centres = min(vec4u(centre, centre + 1u, centre + 2u, centre + 3u), vec4u(params.centres - 1u)) * vec4s + column;
  let m0 = mu_vec4[centres.x];
  let m1 = mu_vec4[centres.y];
  let m2 = mu_vec4[centres.z];
  let m3 = mu_vec4[centres.w];
  var first0 = vec4f(); var first1 = vec4f(); var first2 = vec4f(); var first3 = vec4f();
  var second0 = vec4f(); var second1 = vec4f(); var second2 = vec4f(); var second3 = vec4f();
  let start = place.z * params.slice;
  let end = min(start + params.slice, params.rows);
  for (var i = start; i < end; i++) {
    let v = x_vec4[i * vec4s + column];
    let w = share(i, centre);
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
  part_vec4[at] = first;
  part_vec4[at + vec4s] = second;
}
