// clusters — distances of rows from centres, and moments of rows around centres, each centre with a weight per column.
//
//   distances   q[i,k] = Σ_j (x[i,j] − μ[k,j])² · p[k,j]
//   sums        part[z,k,0,j] = Σ_{i in slice z} r[i,k] · (x[i,j] − μ[k,j]),   part[z,k,1,j] the same with the square
//
// shapes     x [rows, columns], μ, p [centres, columns], q, r [rows, centres], part [slices, centres, 2, columns];  row-major f32
// grid       1-D, the first of these fastest (lib/grid.wgsl).  distances: (⌈rows/(LANES·4)⌉, ⌈centres/4⌉), 4 rows,
//            LANES apart, × 4 centres an invocation;
//            sums: (⌈columns/LANES⌉, ⌈centres/4⌉, slices), one column × 4 centres an invocation
// memory     no workgroup memory; distances reads x ⌈centres/4⌉ times and μ, p ⌈rows/256⌉ times; sums reads x ⌈centres/4⌉ times
// numerics   differences are taken before they are squared, so a far centre costs no accuracy: every term is right to 4 u, and
//            sums of m terms to γ_m, u = 2⁻²⁴; more than 1024 columns go in three levels (lib/long.wgsl). Nothing is expanded to
//            x² − 2μx + μ²

//#include "lib/clusters.wgsl"

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> mu: array<f32>;
@group(0) @binding(3) var<storage, read> p: array<f32>;
@group(0) @binding(6) var<storage, read_write> part: array<f32>;

@compute @workgroup_size(LANES)
fn distances(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let place = place_of_group(group_number(id, groups), (params.rows + LANES * 4u - 1u) / (LANES * 4u), (params.centres + 3u) / 4u);
  let row = place.x * LANES * 4u + lane;
  let last = params.rows - 1u;
  let rows = min(vec4u(row, row + LANES, row + 2u * LANES, row + 3u * LANES), vec4u(last)) * params.columns;
  let centre = place.y * 4u;
  let centres = min(vec4u(centre, centre + 1u, centre + 2u, centre + 3u), vec4u(params.centres - 1u)) * params.columns;
  var q{k} = vec4f(); //#repeat k in x y z w
  var {level}{k} = vec4f(); //#repeat level in group total, k in x y z w
  let size = run_of(params.columns);
  for (var start = 0u; start < params.columns; start += size) {
    for (var j = start; j < min(start + size, params.columns); j++) {
      let v = vec4f(x[rows.x + j], x[rows.y + j], x[rows.z + j], x[rows.w + j]);
      let d{k} = v - mu[centres.{k} + j]; //#repeat k in x y z w
      q{k} += d{k} * d{k} * p[centres.{k} + j]; //#repeat k in x y z w
    }
    if (MANY_TERMS == 1u) {
      group{k} += q{k}; q{k} = vec4f(); //#repeat k in x y z w
      if (ends(start / size + 1u, size)) {
        total{k} += group{k}; group{k} = vec4f(); //#repeat k in x y z w
      }
    }
  }
  if (MANY_TERMS == 1u) {
    q{k} = (total{k} + group{k}) + q{k}; //#repeat k in x y z w
  }
  store(row, centre, qx.x, qy.x, qz.x, qw.x);
  store(row + LANES, centre, qx.y, qy.y, qz.y, qw.y);
  store(row + 2u * LANES, centre, qx.z, qy.z, qz.z, qw.z);
  store(row + 3u * LANES, centre, qx.w, qy.w, qz.w, qw.w);
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
