// matmul_staging — products of matrices by lib/matmul_tiled.wgsl: how invocations bring a tile of a and b into workgroup memory.
//
// Every invocation brings parts of both. What it loads stands in no branch, and what lies past the end is put as 0. A kernel gives
//
//   starts_of          where loads of four lines (rows of a, columns of b) begin
//   a_pairs, b_pairs   two lines at two inner positions, of a matrix that lies along its inner axis;  pairs_inside: which there are
//   a_four, b_four     four lines at one inner position, of one that lies across it

//#include "lib/matmul_tiled.wgsl"

struct Params { stacks: u32, rows: u32, columns: u32, inner: u32, a_stack: u32, b_stack: u32, k_slices: u32, k_tiles: u32 }

@group(0) @binding(4) var<storage, read_write> sums: array<f32>;

struct Walk { k: u32 }
fn walk_of(place: Tile, lane: u32) -> Walk { return Walk(place.k_slice * params.k_tiles * BLOCK_K); }
fn further(walk: Walk) -> Walk { return Walk(walk.k + BLOCK_K); }
fn tiles_of(place: Tile) -> u32 { return params.k_tiles; }

// The eight elements that one invocation brings of a tile: four lines at two inner positions. The two are k and k + 1 where a matrix lies
// along its inner axis, else k and k + BLOCK_K / 2. `line4` is the place of the four in a row of the tile.
struct Fragment { k: u32, line4: u32, starts: vec4u }
fn fragment_of(n: u32, base: u32, first: u32, lines: u32, lines4: u32, along_k: bool) -> Fragment {
  let line4 = select(n % lines4, n / (BLOCK_K / 2u), along_k);
  let k = select(n / lines4, n % (BLOCK_K / 2u) * 2u, along_k);
  return Fragment(k, line4 ^ swizzle(k), starts_of(base, first + 4u * line4, lines, along_k));
}
fn a_fragment(place: Tile, n: u32) -> Fragment {
  return fragment_of(n, place.stack * params.a_stack, place.row, params.rows, BLOCK_M4, TRANSPOSE_A == 0u);
}
fn b_fragment(place: Tile, n: u32) -> Fragment {
  return fragment_of(n, place.stack * params.b_stack, place.column, params.columns, BLOCK_N4, TRANSPOSE_B == 1u);
}

struct Sources {
  {m}{n}: Fragment, //#repeat m in a b, n in 0..2
}
fn sources_of(place: Tile, lane: u32) -> Sources {
  return Sources(
    {m}_fragment(place, lane + {n}u * LANES), //#repeat m in a b, n in 0..2
  );
}

// What an invocation brings of a tile.
struct Loads {
  {part}_{m}{n}: vec4f, //#repeat m in a b, n in 0..2, part in first second
}
//#repeat m in a b
fn {m}_first(fragment: Fragment, k: u32, along_k: bool) -> vec4f {
  if (along_k) { return {m}_pairs(fragment.starts.xy, k + fragment.k); }
  return {m}_four(fragment.starts, k + fragment.k);
}
fn {m}_second(fragment: Fragment, k: u32, along_k: bool) -> vec4f {
  if (along_k) { return {m}_pairs(fragment.starts.zw, k + fragment.k); }
  return {m}_four(fragment.starts, k + fragment.k + BLOCK_K / 2u);
}
//#end
fn loads_of(own: Sources, walk: Walk) -> Loads {
  var loads = Loads();
  loads.{part}_a0 = a_{part}(own.a0, walk.k, TRANSPOSE_A == 0u); //#repeat part in first second
  loads.{part}_b0 = b_{part}(own.b0, walk.k, TRANSPOSE_B == 1u); //#repeat part in first second
  if (FRAGMENTS_A == 2u) {
    loads.{part}_a1 = a_{part}(own.a1, walk.k, TRANSPOSE_A == 0u); //#repeat part in first second
  }
  if (FRAGMENTS_B == 2u) {
    loads.{part}_b1 = b_{part}(own.b1, walk.k, TRANSPOSE_B == 1u); //#repeat part in first second
  }
  return loads;
}

//#repeat m in a b
// Puts what was loaded into the tile that begins at inner position k; positions past the end count as 0.
fn put_{m}_fragment(fragment: Fragment, buffer: u32, along_k: bool, k: u32, first: vec4f, second: vec4f) {
  if (along_k) {
    let inside = pairs_inside(k + fragment.k);
    let v = select(vec4f(), first, inside);
    let w = select(vec4f(), second, inside);
    put_{m}(buffer, fragment.k, fragment.line4, vec4f(v.xz, w.xz));
    put_{m}(buffer, fragment.k + 1u, fragment.line4, vec4f(v.yw, w.yw));
    return;
  }
  let second_k = fragment.k + BLOCK_K / 2u;
  put_{m}(buffer, fragment.k, fragment.line4, select(vec4f(), first, k + fragment.k < params.inner));
  put_{m}(buffer, second_k, fragment.line4 ^ swizzle(BLOCK_K / 2u), select(vec4f(), second, k + second_k < params.inner));
}
//#end
fn put_loads(own: Sources, buffer: u32, walk: Walk, loads: Loads) {
  put_a_fragment(own.a0, buffer, TRANSPOSE_A == 0u, walk.k, loads.first_a0, loads.second_a0);
  put_b_fragment(own.b0, buffer, TRANSPOSE_B == 1u, walk.k, loads.first_b0, loads.second_b0);
  if (FRAGMENTS_A == 2u) { put_a_fragment(own.a1, buffer, TRANSPOSE_A == 0u, walk.k, loads.first_a1, loads.second_a1); }
  if (FRAGMENTS_B == 2u) { put_b_fragment(own.b1, buffer, TRANSPOSE_B == 1u, walk.k, loads.first_b1, loads.second_b1); }
}

@compute @workgroup_size(THREADS_N, THREADS_M, K_TEAMS)
fn product(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  compute_tile(group_number(id, groups), lane);
}

@compute @workgroup_size(THREADS_N, THREADS_M, K_TEAMS)
fn product_and_sums(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let place = tile_of(group_number(id, groups));
  if (is_wanted(place)) {
    let total = multiply(place, lane, place.column == 0u);
    let row = place.row + 4u * lane;
    if (place.column == 0u && lane < BLOCK_M4) {
      for (var i = 0u; i < min(4u, max(params.rows, row) - row); i++) {
        sums[(place.k_slice * params.stacks + place.stack) * params.rows + row + i] = total[i];
      }
    }
  }
}
