// clusters_vec4 — cluster distances and moments in vec4 of columns, for the kernels that say how centres are loaded.
//
// A vec4 is four neighbouring columns, and a row has params.columns / 4 of them. A kernel gives, for distances:
//
//   starts_of     of each of four centres, the index from which this invocation reads it
//   mean_at       vec4 number j of the centre that begins at such an index
//   weight_at     vec4 number j of that centre's weights
//
// and for sums:
//
//   column_of     the number of the vec4 that this invocation adds up
//   is_idle       whether a row has no vec4 of that number
//   centre_at     that vec4 of a centre
//   share_start   the index from which this invocation reads responsibilities of four centres
//   share_at      their responsibilities for a row; what it says of centres past the last is not used

//#include "lib/clusters.wgsl"

@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> part: array<vec4f>;

fn total(a: vec4f) -> f32 { return (a.x + a.y) + (a.z + a.w); }

@compute @workgroup_size(LANES)
fn distances(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let place = place_of_group(group_number(id, groups), (params.rows + LANES * 4u - 1u) / (LANES * 4u), (params.centres + 3u) / 4u);
  let row = place.x * LANES * 4u + lane;
  let last = params.rows - 1u;
  let vec4s = params.columns / 4u;
  let rows = min(vec4u(row, row + LANES, row + 2u * LANES, row + 3u * LANES), vec4u(last)) * vec4s;
  let centre = place.y * 4u;
  let centres = starts_of(min(vec4u(centre, centre + 1u, centre + 2u, centre + 3u), vec4u(params.centres - 1u)), lane);
  // s[row][centre]
  var s{i}{k} = vec4f(); //#repeat i in x y z w, k in x y z w
  var {level}{i}{k} = vec4f(); //#repeat level in group total, i in x y z w, k in x y z w
  let size = run_of(vec4s);
  for (var start = 0u; start < vec4s; start += size) {
    for (var j = start; j < min(start + size, vec4s); j++) {
      let x{i} = x[rows.{i} + j]; //#repeat i in x y z w
      //#repeat k in x y z w
      let m{k} = mean_at(centres.{k}, j);
      let p{k} = weight_at(centres.{k}, j);
      s{i}{k} += (x{i} - m{k}) * (x{i} - m{k}) * p{k}; //#repeat i in x y z w
      //#end
    }
    if (MANY_TERMS == 1u) {
      group{i}{k} += s{i}{k}; s{i}{k} = vec4f(); //#repeat i in x y z w, k in x y z w
      if (ends(start / size + 1u, size)) {
        total{i}{k} += group{i}{k}; group{i}{k} = vec4f(); //#repeat i in x y z w, k in x y z w
      }
    }
  }
  if (MANY_TERMS == 1u) {
    s{i}{k} = (total{i}{k} + group{i}{k}) + s{i}{k}; //#repeat i in x y z w, k in x y z w
  }
  store(row, centre, total(sxx), total(sxy), total(sxz), total(sxw));
  store(row + LANES, centre, total(syx), total(syy), total(syz), total(syw));
  store(row + 2u * LANES, centre, total(szx), total(szy), total(szz), total(szw));
  store(row + 3u * LANES, centre, total(swx), total(swy), total(swz), total(sww));
}

@compute @workgroup_size(LANES)
fn sums(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let vec4s = params.columns / 4u;
  let place = place_of_group(group_number(id, groups), (vec4s + LANES - 1u) / LANES, (params.centres + 3u) / 4u);
  let column = column_of(place.x * LANES + lane, vec4s);
  if (is_idle(column, vec4s) || place.z * params.slice >= params.rows) { return; }
  let centre = place.y * 4u;
  let centres = min(vec4u(centre, centre + 1u, centre + 2u, centre + 3u), vec4u(params.centres - 1u));
  let m{k} = centre_at(centres.{k}, column); //#repeat k in x y z w
  var first{k} = vec4f(); //#repeat k in x y z w
  var second{k} = vec4f(); //#repeat k in x y z w
  let start = place.z * params.slice;
  let end = min(start + params.slice, params.rows);
  let first_share = share_start(centre, lane);
  for (var i = start; i < end; i++) {
    let v = x[i * vec4s + column];
    let w = share_at(i, first_share);
    //#repeat k in x y z w
    let w{k} = w.{k} * (v - m{k});
    first{k} += w{k};
    second{k} += w{k} * (v - m{k});
    //#end
  }
  put(place.z, centre, vec4s, column, firstx, secondx);
  put(place.z, centre + 1u, vec4s, column, firsty, secondy);
  put(place.z, centre + 2u, vec4s, column, firstz, secondz);
  put(place.z, centre + 3u, vec4s, column, firstw, secondw);
}

fn put(slice: u32, centre: u32, vec4s: u32, column: u32, first: vec4f, second: vec4f) {
  if (centre >= params.centres) { return; }
  let at = (slice * params.centres + centre) * 2u * vec4s + column;
  part[at] = first;
  part[at + vec4s] = second;
}
