// matmul_tiled — a product's tiles in workgroup memory, for the kernels that say how matrices are read and written.
//
// Tiles of symmetric products are square. What keeps compilers of GPUs from waiting, from clamping and from memory: loads stand in no
// branch and are used a whole tile later; the last index of a tile alone is not constant; sums are named registers. A kernel gives
//
//   starts_of          where loads of four lines (rows of a, columns of b) begin
//   a_pairs, b_pairs   two lines at two inner positions, of a matrix that lies along its inner axis;  pairs_inside: which there are
//   a_four, b_four     four lines at one inner position, of one that lies across it
//   store              what becomes of a block of 4 × 4

//#include "lib/symmetric.wgsl"
//#include "lib/long.wgsl"

const TRANSPOSE_A = 0u;
const TRANSPOSE_B = 0u;
// invocations across and down a tile, multiples of 8 and 4; and how many teams of so many share its inner positions
const THREADS_N = 8u;
const THREADS_M = 8u;
const K_TEAMS = 1u;
// blocks of 4 × 4 elements that an invocation holds across and down: 1 or 2
const THREAD_N = 2u;
const THREAD_M = 2u;
// tiles in workgroup memory at once
const BUFFERS = 1u;
// 1 where the running sums are kept (lib/side_output.wgsl): one for each workgroup
const TOGETHER = 0u;

const TEAM_THREADS = THREADS_N * THREADS_M;
const LANES = TEAM_THREADS * K_TEAMS;
const BLOCK_M = 4u * THREAD_M * THREADS_M;
const BLOCK_N = 4u * THREAD_N * THREADS_N;
// vec4f across a tile of a, and of b: powers of two from 8
const BLOCK_M4 = THREAD_M * THREADS_M;
const BLOCK_N4 = THREAD_N * THREADS_N;
const PITCH = BLOCK_M4 + BLOCK_N4;
// inner positions of a tile
const TEAM_K = 16u;
const BLOCK_K = TEAM_K * K_TEAMS;
// eights of elements that an invocation brings of each tile: 1 or 2
const EIGHTS_A = BLOCK_M * BLOCK_K / 8u / LANES;
const EIGHTS_B = BLOCK_N * BLOCK_K / 8u / LANES;
// rows of tiles that are gone through together, so that neighbours in time read the same parts of a and b
const SWIZZLE_ROWS = 8u;

struct Params { stacks: u32, rows: u32, columns: u32, inner: u32, a_stack: u32, b_stack: u32, k_slices: u32, k_tiles: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;

// [buffer or team][inner position][row / 4 of a, then column / 4 of b], swizzled against bank conflicts
var<workgroup> tile: array<array<array<vec4f, PITCH>, TEAM_K>, BUFFERS * K_TEAMS>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

struct Tile { row: u32, column: u32, stack: u32, k_slice: u32 }
fn tile_of(number: u32) -> Tile {
  let down = (params.rows + BLOCK_M - 1u) / BLOCK_M;
  let across = (params.columns + BLOCK_N - 1u) / BLOCK_N;
  let within = number % (down * across);
  let stack = number / (down * across);
  let first = within / (SWIZZLE_ROWS * across) * SWIZZLE_ROWS;
  let high = min(SWIZZLE_ROWS, down - first);
  let place = within % (SWIZZLE_ROWS * across);
  return Tile((first + place % high) * BLOCK_M, place / high * BLOCK_N, stack % params.stacks, stack / params.stacks);
}

// Eight elements that an invocation brings of a tile, of four lines from inner position k on: at two positions side by side where a
// matrix lies along its inner axis, else at two that are half a tile apart.
struct Eight { line: u32, k: u32, starts: vec4u }
fn eight_of(n: u32, base: u32, first: u32, lines: u32, lines4: u32, along_k: bool) -> Eight {
  let line = 4u * select(n % lines4, n / (BLOCK_K / 2u), along_k);
  return Eight(line, select(n / lines4, n % (BLOCK_K / 2u) * 2u, along_k), starts_of(base, first + line, lines, along_k));
}

//#repeat m in a b
fn {m}_first(eight: Eight, k: u32, along_k: bool) -> vec4f {
  if (along_k) { return {m}_pairs(eight.starts.xy, k + eight.k); }
  return {m}_four(eight.starts, k + eight.k);
}
fn {m}_second(eight: Eight, k: u32, along_k: bool) -> vec4f {
  if (along_k) { return {m}_pairs(eight.starts.zw, k + eight.k); }
  return {m}_four(eight.starts, k + eight.k + BLOCK_K / 2u);
}
//#end

fn put_four(buffer: u32, k: u32, column: u32, line: u32, value: vec4f) {
  tile[buffer + k / TEAM_K][k % TEAM_K][column + ((line / 4u) ^ (k % TEAM_K / 4u * 2u))] = value;
}
// Puts what was loaded into the tile that begins at inner position k; positions past the end count as 0.
fn put(eight: Eight, buffer: u32, column: u32, along_k: bool, k: u32, first: vec4f, second: vec4f) {
  if (along_k) {
    let inside = pairs_inside(k + eight.k);
    let v = select(vec4f(), first, inside);
    let w = select(vec4f(), second, inside);
    put_four(buffer, eight.k, column, eight.line, vec4f(v.xz, w.xz));
    put_four(buffer, eight.k + 1u, column, eight.line, vec4f(v.yw, w.yw));
    return;
  }
  let further = eight.k + BLOCK_K / 2u;
  put_four(buffer, eight.k, column, eight.line, select(vec4f(), first, k + eight.k < params.inner));
  put_four(buffer, further, column, eight.line, select(vec4f(), second, k + further < params.inner));
}

// Four rows' sums over the tile of a, one after the other.
fn row_sums(buffer: u32, block4: u32) -> vec4f {
  var total = vec4f();
  for (var k = 0u; k < BLOCK_K; k++) { total += tile[buffer + k / TEAM_K][k % TEAM_K][block4 ^ (k % TEAM_K / 4u * 2u)]; }
  return total;
}

fn store_blocks(place: Tile, row: u32, column: u32, thread_tile: array<mat4x4f, 4>) {
  let base = (place.k_slice * params.stacks + place.stack) * params.rows * params.columns;
  var blocks = thread_tile;
  for (var n = 0u; n < THREAD_M * THREAD_N; n++) {
    let i = row + n / THREAD_N * 4u * THREADS_M;
    let j = column + n % THREAD_N * 4u * THREADS_N;
    var m = blocks[n / THREAD_N * 2u + n % THREAD_N];
    if (SYMMETRIC == 1u && j > i) { continue; }
    if (SYMMETRIC == 1u && j == i) { m = mirrored_block(m); }
    for (var mirrored = 0u; mirrored < 1u + u32(SYMMETRIC == 1u && j < i); mirrored++) {
      if (mirrored == 1u) { m = transpose(m); }
      store(base, select(i, j, mirrored == 1u), select(j, i, mirrored == 1u), m);
    }
  }
}

// The tile of c, and the sums of four of its rows if they are wanted. Two barriers a tile of a and b, or one where there are two
// such tiles in turn: who writes one has then seen everybody past the other.
fn multiply(place: Tile, lane: u32, adds: bool) -> vec4f {
  let member = lane % TEAM_THREADS;
  let team = lane / TEAM_THREADS;
  // 8 × 4 neighbours read 8 and 4 different places at once
  let x = member % 8u + member / 32u % (THREADS_N / 8u) * 8u;
  let y = member / 8u % 4u + member / 32u / (THREADS_N / 8u) * 4u;
  let a_along_k = TRANSPOSE_A == 0u;
  let b_along_k = TRANSPOSE_B == 1u;
  let from_a{n} = eight_of(lane + {n}u * LANES, place.stack * params.a_stack, place.row, params.rows, BLOCK_M4, a_along_k); //#repeat n in 0..2
  let from_b{n} = eight_of(lane + {n}u * LANES, place.stack * params.b_stack, place.column, params.columns, BLOCK_N4, b_along_k); //#repeat n in 0..2
  var total = vec4f();
  var rows_group = vec4f();
  var rows_total = vec4f();
  var {level}{h}{e}_{j} = vec4f(); //#repeat level in s group all, h in 0..2, e in x y z w, j in 0..2
  // tiles of a block, and of a group of blocks
  let size = block_of(params.k_tiles * BLOCK_K);
  let run = max(size / BLOCK_K, 1u);
  let first = place.k_slice * params.k_tiles * BLOCK_K;
  var {part}_{m}{n} = vec4f(); //#repeat part in first second, m in a b, n in 0..2
  {part}_{m}0 = {m}_{part}(from_{m}0, first, {m}_along_k); //#repeat m in a b, part in first second
  if (EIGHTS_A == 2u) {
    {part}_a1 = a_{part}(from_a1, first, a_along_k); //#repeat part in first second
  }
  if (EIGHTS_B == 2u) {
    {part}_b1 = b_{part}(from_b1, first, b_along_k); //#repeat part in first second
  }
  for (var k_tile = 0u; k_tile < params.k_tiles; k_tile++) {
    let buffer = k_tile % BUFFERS;
    let k = first + k_tile * BLOCK_K;
    // nobody puts a tile here before everybody has used the one that was here
    if (BUFFERS == 1u) { workgroupBarrier(); }
    put(from_a0, buffer, 0u, a_along_k, k, first_a0, second_a0);
    put(from_b0, buffer, BLOCK_M4, b_along_k, k, first_b0, second_b0);
    if (EIGHTS_A == 2u) { put(from_a1, buffer, 0u, a_along_k, k, first_a1, second_a1); }
    if (EIGHTS_B == 2u) { put(from_b1, buffer, BLOCK_M4, b_along_k, k, first_b1, second_b1); }
    workgroupBarrier();
    // the next tile is on its way while this one is used
    {part}_{m}0 = {m}_{part}(from_{m}0, k + BLOCK_K, {m}_along_k); //#repeat m in a b, part in first second
    if (EIGHTS_A == 2u) {
      {part}_a1 = a_{part}(from_a1, k + BLOCK_K, a_along_k); //#repeat part in first second
    }
    if (EIGHTS_B == 2u) {
      {part}_b1 = b_{part}(from_b1, k + BLOCK_K, b_along_k); //#repeat part in first second
    }
    if (adds && lane < BLOCK_M4) { total += row_sums(buffer, lane); }
    let slab = buffer + team;
    //#repeat q in 0..4
    {
      let y0 = y ^ ({q}u * 2u);
      let y1 = (y + THREADS_M) ^ ({q}u * 2u);
      let x0 = BLOCK_M4 + (x ^ ({q}u * 2u));
      let x1 = BLOCK_M4 + ((x + THREADS_N) ^ ({q}u * 2u));
      //#repeat d in 0..4
      {
        let a0 = tile[slab][{q}u * 4u + {d}u][y0];
        let a1 = tile[slab][{q}u * 4u + {d}u][y1];
        let b0 = tile[slab][{q}u * 4u + {d}u][x0];
        let b1 = tile[slab][{q}u * 4u + {d}u][x1];
        s0{e}_0 += a0.{e} * b0; //#repeat e in x y z w
        if (THREAD_N == 2u) {
          s0{e}_1 += a0.{e} * b1; //#repeat e in x y z w
        }
        if (THREAD_M == 2u) {
          s1{e}_0 += a1.{e} * b0; //#repeat e in x y z w
        }
        if (THREAD_M == 2u && THREAD_N == 2u) {
          s1{e}_1 += a1.{e} * b1; //#repeat e in x y z w
        }
      }
      //#end
    }
    //#end
    if (MANY_TERMS == 1u && ends(k_tile + 1u, run)) {
      rows_group += total;
      total = vec4f();
      group{h}{e}_{j} += s{h}{e}_{j}; s{h}{e}_{j} = vec4f(); //#repeat h in 0..2, e in x y z w, j in 0..2
      if (ends(k_tile + 1u, run * size)) {
        rows_total += rows_group;
        rows_group = vec4f();
        all{h}{e}_{j} += group{h}{e}_{j}; group{h}{e}_{j} = vec4f(); //#repeat h in 0..2, e in x y z w, j in 0..2
      }
    }
  }
  if (MANY_TERMS == 1u) {
    total = rows_total + rows_group + total;
    s{h}{e}_{j} = (all{h}{e}_{j} + group{h}{e}_{j}) + s{h}{e}_{j}; //#repeat h in 0..2, e in x y z w, j in 0..2
  }

  var thread_tile = array<mat4x4f, 4>(
    mat4x4f(s{h}x_{j}, s{h}y_{j}, s{h}z_{j}, s{h}w_{j}), //#repeat h in 0..2, j in 0..2
  );
  if (K_TEAMS > 1u) {
    // the first team adds up what the others hold, in order of k; nobody writes here before everybody has used the tile
    workgroupBarrier();
    for (var n = 0u; n < 4u * THREAD_M * THREAD_N; n++) {
      let at = ((team + K_TEAMS - 1u) % K_TEAMS * 4u * THREAD_M * THREAD_N + n) * TEAM_THREADS + member;
      if (team > 0u) { tile[at / (TEAM_K * PITCH)][at / PITCH % TEAM_K][at % PITCH] = thread_tile[n / 4u / THREAD_N * 2u + n / 4u % THREAD_N][n % 4u]; }
    }
    workgroupBarrier();
    if (team == 0u) {
      for (var other = 0u; other < K_TEAMS - 1u; other++) {
        for (var n = 0u; n < 4u * THREAD_M * THREAD_N; n++) {
          let at = (other * 4u * THREAD_M * THREAD_N + n) * TEAM_THREADS + member;
          thread_tile[n / 4u / THREAD_N * 2u + n / 4u % THREAD_N][n % 4u] += tile[at / (TEAM_K * PITCH)][at / PITCH % TEAM_K][at % PITCH];
        }
      }
    }
  }
  if (team == 0u) { store_blocks(place, place.row + 4u * y, place.column + 4u * x, thread_tile); }
  return total;
}

// The running sums of a workgroup, in a fixed tree: its first invocation has their total.
fn add_up(lane: u32) {
  // PITCH is at least 16, so the first buffer has room for all
  let row = lane / PITCH;
  let at = lane % PITCH;
  workgroupBarrier();
  tile[0][row][at].x = running;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { tile[0][row][at].x += tile[0][(lane + half) / PITCH][(lane + half) % PITCH].x; }
  }
  running = tile[0][row][at].x;
}

fn is_wanted(place: Tile) -> bool {
  return place.k_slice < params.k_slices && (SYMMETRIC == 0u || place.column <= place.row);
}

@compute @workgroup_size(THREADS_N, THREADS_M, K_TEAMS)
fn product(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let number = group_number(id, groups);
  let place = tile_of(number);
  if (is_wanted(place)) { let total = multiply(place, lane, false); }
  if (TOGETHER == 1u) { add_up(lane); }
  if (lane == 0u && place.k_slice < params.k_slices) { let done = finish(number); }
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
