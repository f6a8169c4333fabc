// conv2d_weight_tiles — a convolution's weight gradient in tiles of 16 × 16, for the kernels that say how gradients are loaded.
//
// Named registers: an indexed array would live in memory on some devices. A kernel gives
//
//   gradients    what one pixel has in four channels of g, area elements apart
//   channel_of   which of the four a component of them is

//#include "lib/grid.wgsl"
//#include "lib/conv2d_weight.wgsl"
//#include "lib/long.wgsl"

const LANES = 64u;
// Invocations that share a tile, each with its own pixels.
const WALKERS = LANES / 4u;

fn store(first: u32, row: u32, columns: u32, at: u32, value: f32) {
  if (row < params.rows) { part[(first + row) * columns + at] = value; }
}

@compute @workgroup_size(LANES)
fn partial(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let columns = columns_of_w() + SUMS;
  let own = work(group_number(id, groups), columns);
  if (own.k_slice >= params.k_slices) { return; }
  let area = params.height * params.width;
  let walker = lane / 4u;
  let k{j} = column(own.column + {j}u * 4u + lane % 4u); //#repeat j in 0..4
  var s{r}_{j} = vec4f(); //#repeat j in 0..4, r in 0..4
  var {level}{r}_{j} = vec4f(); //#repeat level in group total, j in 0..4, r in 0..4
  // an even number, as k_steps is
  let size = max(run_of(params.k_steps), 64u);

  let stride = place_of(WALKERS);
  let end = ends_of();
  var place = first_place(own.k_slice * params.k_steps * WALKERS + walker, own);
  for (var first_step = 0u; first_step < params.k_steps; first_step += size) {
    for (var k_step = first_step; k_step < min(first_step + size, params.k_steps); k_step += 2u) {
      //#repeat step in 0..2
      {
        let s = position(place);
        let v0 = value(s, k0);
        //#repeat r in 0..4
        let g{r} = gradients(s.gradient + {r}u * 4u * area, area, lane);
        s{r}_0 += g{r} * v0;
        //#end
        //#repeat j in 1..4
        let v{j} = value(s, k{j});
        s{r}_{j} += g{r} * v{j}; //#repeat r in 0..4
        //#end
        place = next(place, stride, end);
      }
      //#end
    }
    if (MANY_TERMS == 1u) {
      group{r}_{j} += s{r}_{j}; s{r}_{j} = vec4f(); //#repeat j in 0..4, r in 0..4
      if (ends(first_step / size + 1u, size)) {
        total{r}_{j} += group{r}_{j}; group{r}_{j} = vec4f(); //#repeat j in 0..4, r in 0..4
      }
    }
  }
  if (MANY_TERMS == 1u) {
    s{r}_{j} = (total{r}_{j} + group{r}_{j}) + s{r}_{j}; //#repeat j in 0..4, r in 0..4
  }

  var sums = array<vec4f, 16>(
    s{r}_{j}, //#repeat j in 0..4, r in 0..4
  );
  let first = ((own.k_slice * WALKERS + walker) * params.groups + own.group) * params.rows;
  for (var j = 0u; j < 4u; j++) {
    let at = own.column + 4u * j + lane % 4u;
    if (at < columns) {
      for (var r = 0u; r < 4u; r++) {
        let sum = sums[j * 4u + r];
        let row = own.row + 4u * r;
        store(first, row + channel_of({m}u, lane), columns, at, sum[{m}]); //#repeat m in 0..4
      }
    }
  }
}
