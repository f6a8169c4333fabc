// conv2d_weight_quadswap — gradient of a convolution by its weights: an implicit product over all pixels, split among invocations.
//
//   partial    part[z,o,c,p,q] = Σ_{(n,i,j) in k_slice z} g[n,o,i,j] · x[n, c, i·s + p·d − pad, j·s + q·d − pad]
//              (total adds the k_slices); where SUMS is 1 also Σ g[n,o,i,j], as a last column
//
// shapes     source x [batch, channels, source_height, source_width], gradient g [batch, rows, height, width], both in `groups`
//            blocks of channels;  w [groups·rows, columns], columns = channels of a group · taps, and
//            one more where SUMS is 1;  part [k_slices·WALKERS, …w];  row-major f32
// grid       1-D (k_slice, group, tile of 16 rows, tile of 16 columns), the last one fastest; an invocation takes 16 rows
//            and 4 columns at every WALKERS-th pixel of the k_slice
// memory     no workgroup memory; 64 registers of sums an invocation. x is read ⌈rows/16⌉ times a tap, g ⌈columns/16⌉ times
// numerics   an invocation adds `k_steps` terms in order, more than 1024 in three levels (lib/long.wgsl): |error| ≤ γ_m · Σ|g·x| with
//            m = min(k_steps, 3·block_of(k_steps)), then total's, u = 2⁻²⁴; what lies outside of x counts as 0
//            Four neighbouring invocations load four different channels and pass them round (quadSwap): component m
//            of a register belongs to channel lane mod 4 XOR m. For devices where loads cost far more than swaps,
//            such as a software adapter
// source     written by conv2d.mjs

enable subgroups;

//#include "lib/grid.wgsl"
//#include "lib/conv2d_weight.wgsl"
//#include "lib/long.wgsl"

const LANES = 64u;
// Invocations that share a tile, each with its own pixels.
const WALKERS = LANES / 4u;

fn gradients(at: u32, area: u32, lane: u32) -> vec4f {
  let own = gradient[at + (lane & 3u) * area];
  return vec4f(own, quadSwapX(own), quadSwapY(own), quadSwapDiagonal(own));
}

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
  let k0 = column(own.column + 0u + lane % 4u);
  let k1 = column(own.column + 4u + lane % 4u);
  let k2 = column(own.column + 8u + lane % 4u);
  let k3 = column(own.column + 12u + lane % 4u);
  var a0 = vec4f(); var b0 = vec4f(); var c0 = vec4f(); var d0 = vec4f();
  var a1 = vec4f(); var b1 = vec4f(); var c1 = vec4f(); var d1 = vec4f();
  var a2 = vec4f(); var b2 = vec4f(); var c2 = vec4f(); var d2 = vec4f();
  var a3 = vec4f(); var b3 = vec4f(); var c3 = vec4f(); var d3 = vec4f();
  var group_a0 = vec4f(); var group_b0 = vec4f(); var group_c0 = vec4f(); var group_d0 = vec4f(); var group_a1 = vec4f(); var group_b1 = vec4f(); var group_c1 = vec4f(); var group_d1 = vec4f(); var group_a2 = vec4f(); var group_b2 = vec4f(); var group_c2 = vec4f(); var group_d2 = vec4f(); var group_a3 = vec4f(); var group_b3 = vec4f(); var group_c3 = vec4f(); var group_d3 = vec4f();
  var total_a0 = vec4f(); var total_b0 = vec4f(); var total_c0 = vec4f(); var total_d0 = vec4f(); var total_a1 = vec4f(); var total_b1 = vec4f(); var total_c1 = vec4f(); var total_d1 = vec4f(); var total_a2 = vec4f(); var total_b2 = vec4f(); var total_c2 = vec4f(); var total_d2 = vec4f(); var total_a3 = vec4f(); var total_b3 = vec4f(); var total_c3 = vec4f(); var total_d3 = vec4f();
  // an even number, as k_steps is
  let size = max(run_of(params.k_steps), 64u);

  let stride = place_of(WALKERS);
  var place = place_of(own.k_slice * params.k_steps * WALKERS + walker);
  for (var first_step = 0u; first_step < params.k_steps; first_step += size) {
  for (var k_step = first_step; k_step < min(first_step + size, params.k_steps); k_step += 2u) {
    {
      let s = position(place, own);
      let v0 = value(s, k0);
      let g0 = gradients(s.gradient, area, lane);
      a0 += g0 * v0;
      let g1 = gradients(s.gradient + 4u * area, area, lane);
      b0 += g1 * v0;
      let g2 = gradients(s.gradient + 8u * area, area, lane);
      c0 += g2 * v0;
      let g3 = gradients(s.gradient + 12u * area, area, lane);
      d0 += g3 * v0;
      let v1 = value(s, k1);
      a1 += g0 * v1;
      b1 += g1 * v1;
      c1 += g2 * v1;
      d1 += g3 * v1;
      let v2 = value(s, k2);
      a2 += g0 * v2;
      b2 += g1 * v2;
      c2 += g2 * v2;
      d2 += g3 * v2;
      let v3 = value(s, k3);
      a3 += g0 * v3;
      b3 += g1 * v3;
      c3 += g2 * v3;
      d3 += g3 * v3;
      place = next(place, stride);
    }
    {
      let s = position(place, own);
      let v0 = value(s, k0);
      let g0 = gradients(s.gradient, area, lane);
      a0 += g0 * v0;
      let g1 = gradients(s.gradient + 4u * area, area, lane);
      b0 += g1 * v0;
      let g2 = gradients(s.gradient + 8u * area, area, lane);
      c0 += g2 * v0;
      let g3 = gradients(s.gradient + 12u * area, area, lane);
      d0 += g3 * v0;
      let v1 = value(s, k1);
      a1 += g0 * v1;
      b1 += g1 * v1;
      c1 += g2 * v1;
      d1 += g3 * v1;
      let v2 = value(s, k2);
      a2 += g0 * v2;
      b2 += g1 * v2;
      c2 += g2 * v2;
      d2 += g3 * v2;
      let v3 = value(s, k3);
      a3 += g0 * v3;
      b3 += g1 * v3;
      c3 += g2 * v3;
      d3 += g3 * v3;
      place = next(place, stride);
    }
  }
    if (MANY_TERMS == 1u) {
      group_a0 += a0; a0 = vec4f();
      group_b0 += b0; b0 = vec4f();
      group_c0 += c0; c0 = vec4f();
      group_d0 += d0; d0 = vec4f();
      group_a1 += a1; a1 = vec4f();
      group_b1 += b1; b1 = vec4f();
      group_c1 += c1; c1 = vec4f();
      group_d1 += d1; d1 = vec4f();
      group_a2 += a2; a2 = vec4f();
      group_b2 += b2; b2 = vec4f();
      group_c2 += c2; c2 = vec4f();
      group_d2 += d2; d2 = vec4f();
      group_a3 += a3; a3 = vec4f();
      group_b3 += b3; b3 = vec4f();
      group_c3 += c3; c3 = vec4f();
      group_d3 += d3; d3 = vec4f();
      if (ends(first_step / size + 1u, size)) {
        total_a0 += group_a0; group_a0 = vec4f();
        total_b0 += group_b0; group_b0 = vec4f();
        total_c0 += group_c0; group_c0 = vec4f();
        total_d0 += group_d0; group_d0 = vec4f();
        total_a1 += group_a1; group_a1 = vec4f();
        total_b1 += group_b1; group_b1 = vec4f();
        total_c1 += group_c1; group_c1 = vec4f();
        total_d1 += group_d1; group_d1 = vec4f();
        total_a2 += group_a2; group_a2 = vec4f();
        total_b2 += group_b2; group_b2 = vec4f();
        total_c2 += group_c2; group_c2 = vec4f();
        total_d2 += group_d2; group_d2 = vec4f();
        total_a3 += group_a3; group_a3 = vec4f();
        total_b3 += group_b3; group_b3 = vec4f();
        total_c3 += group_c3; group_c3 = vec4f();
        total_d3 += group_d3; group_d3 = vec4f();
      }
    }
  }
  if (MANY_TERMS == 1u) {
    a0 = (total_a0 + group_a0) + a0;
    b0 = (total_b0 + group_b0) + b0;
    c0 = (total_c0 + group_c0) + c0;
    d0 = (total_d0 + group_d0) + d0;
    a1 = (total_a1 + group_a1) + a1;
    b1 = (total_b1 + group_b1) + b1;
    c1 = (total_c1 + group_c1) + c1;
    d1 = (total_d1 + group_d1) + d1;
    a2 = (total_a2 + group_a2) + a2;
    b2 = (total_b2 + group_b2) + b2;
    c2 = (total_c2 + group_c2) + c2;
    d2 = (total_d2 + group_d2) + d2;
    a3 = (total_a3 + group_a3) + a3;
    b3 = (total_b3 + group_b3) + b3;
    c3 = (total_c3 + group_c3) + c3;
    d3 = (total_d3 + group_d3) + d3;
  }

  var sums = array<vec4f, 16>(a0, b0, c0, d0, a1, b1, c1, d1, a2, b2, c2, d2, a3, b3, c3, d3);
  let first = ((own.k_slice * WALKERS + walker) * params.groups + own.group) * params.rows;
  for (var j = 0u; j < 4u; j++) {
    let at = own.column + 4u * j + lane % 4u;
    if (at < columns) {
      for (var r = 0u; r < 4u; r++) {
        let sum = sums[j * 4u + r];
        let row = own.row + 4u * r;
        store(first, row + (0 ^ (lane & 3u)), columns, at, sum[0]);
        store(first, row + (1 ^ (lane & 3u)), columns, at, sum[1]);
        store(first, row + (2 ^ (lane & 3u)), columns, at, sum[2]);
        store(first, row + (3 ^ (lane & 3u)), columns, at, sum[3]);
      }
    }
  }
}
