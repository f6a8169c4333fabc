// matmul_staging — how the invocations of lib/matmul_tiled.wgsl bring a tile of a and b from memory into workgroup memory.
//
// Every invocation brings parts of both. What it loads stands in no branch, and what lies past the end is put as 0.

// The eight elements that one invocation brings of a tile: four lines at two inner positions. The two are k and k + 1 where a matrix lies
// along its inner axis, else k and k + BLOCK_K / 2. `column` is their column in the tile.
struct Fragment { k: u32, column: u32, starts: vec4u }
fn fragment_of(n: u32, base: u32, first: u32, lines: u32, lines4: u32, column: u32, along_k: bool) -> Fragment {
  let line4 = select(n % lines4, n / (BLOCK_K / 2u), along_k);
  let k = select(n / lines4, n % (BLOCK_K / 2u) * 2u, along_k);
  return Fragment(k, column + (line4 ^ swizzle(k)), starts_of(base, first + 4u * line4, lines, along_k));
}
fn swizzle(k: u32) -> u32 { return k % TEAM_K / 4u * 2u; }
fn a_fragment(place: Tile, n: u32) -> Fragment {
  return fragment_of(n, place.stack * params.a_stack, place.row, params.rows, BLOCK_M4, 0u, TRANSPOSE_A == 0u);
}
fn b_fragment(place: Tile, n: u32) -> Fragment {
  return fragment_of(n, place.stack * params.b_stack, place.column, params.columns, BLOCK_N4, BLOCK_M4, TRANSPOSE_B == 1u);
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
fn loads_of(
  from_{m}{n}: Fragment, //#repeat m in a b, n in 0..2
  k: u32,
) -> Loads {
  var loads = Loads();
  loads.{part}_a0 = a_{part}(from_a0, k, TRANSPOSE_A == 0u); //#repeat part in first second
  loads.{part}_b0 = b_{part}(from_b0, k, TRANSPOSE_B == 1u); //#repeat part in first second
  if (FRAGMENTS_A == 2u) {
    loads.{part}_a1 = a_{part}(from_a1, k, TRANSPOSE_A == 0u); //#repeat part in first second
  }
  if (FRAGMENTS_B == 2u) {
    loads.{part}_b1 = b_{part}(from_b1, k, TRANSPOSE_B == 1u); //#repeat part in first second
  }
  return loads;
}

fn put_four(buffer: u32, k: u32, column: u32, value: vec4f) { tile[buffer + k / TEAM_K][k % TEAM_K][column] = value; }
// Puts what was loaded into the tile that begins at inner position k; positions past the end count as 0.
fn put(fragment: Fragment, buffer: u32, along_k: bool, k: u32, first: vec4f, second: vec4f) {
  if (along_k) {
    let inside = pairs_inside(k + fragment.k);
    let v = select(vec4f(), first, inside);
    let w = select(vec4f(), second, inside);
    put_four(buffer, fragment.k, fragment.column, vec4f(v.xz, w.xz));
    put_four(buffer, fragment.k + 1u, fragment.column, vec4f(v.yw, w.yw));
    return;
  }
  let further = fragment.k + BLOCK_K / 2u;
  put_four(buffer, fragment.k, fragment.column, select(vec4f(), first, k + fragment.k < params.inner));
  put_four(buffer, further, fragment.column ^ swizzle(BLOCK_K / 2u), select(vec4f(), second, k + further < params.inner));
}
