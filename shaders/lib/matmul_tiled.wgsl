// matmul_tiled — a product's tiles in workgroup memory, for the kernels that say how matrices are read and written.
//
// Tiles of symmetric products are square. What keeps compilers of GPUs from waiting, from clamping and from memory: loads stand in no
// branch and are used a whole tile later; the last index of a tile alone is not constant; sums are named registers. A kernel gives
//
//   Params             of them rows, columns, stacks, k_slices and k_tiles, those of a slice
//   Sources            where an invocation finds its parts of the tiles:  sources_of(place, lane)
//   Walk               how far it has come:  walk_of(place, lane), further;  tiles_of(place), how many tiles of k it goes through
//   Loads              its parts of one tile:  loads_of(sources, walk);  put_loads writes them into workgroup memory by put_a and put_b
//   store              what becomes of a block of 4 × 4

//#include "lib/grid.wgsl"
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
// 1 where a row of a tile is padded by a vec4f against bank conflicts; else its lines are swizzled: where 16 KiB have no room, and where
// LATE is 1, since Intel's compiler then spills more
const PAD = 0u;
// 1 where the running sums are kept (lib/side_output.wgsl): one for each workgroup
const TOGETHER = 0u;
// 1 where the next tile is loaded after this one is used, for devices that have no registers to keep it in
const LATE = 0u;

const TEAM_THREADS = THREADS_N * THREADS_M;
const LANES = TEAM_THREADS * K_TEAMS;
const BLOCK_M = 4u * THREAD_M * THREADS_M;
const BLOCK_N = 4u * THREAD_N * THREADS_N;
// vec4f across a tile of a, and of b: powers of two from 8
const BLOCK_M4 = THREAD_M * THREADS_M;
const BLOCK_N4 = THREAD_N * THREADS_N;
// inner positions of a tile
const TEAM_K = 16u;
const BLOCK_K = TEAM_K * K_TEAMS;
// fragments of eight elements that an invocation brings of each tile: 1 or 2
const FRAGMENTS_A = BLOCK_M * BLOCK_K / 8u / LANES;
const FRAGMENTS_B = BLOCK_N * BLOCK_K / 8u / LANES;
// tiles after which the sums of many terms are kept, so that no more than 512 terms run through
const RUN_TILES = select(1024u, 512u, MANY_TERMS == 1u) / BLOCK_K;
// more runs than any sum has: compilers guard a loop against endlessness unless it ends by a constant
const RUNS = select(1u, 1u << 20u, MANY_TERMS == 1u);
// rows of tiles that are gone through together, so that neighbours in time read the same parts of a and b
const SWIZZLE_ROWS = 8u;

@group(0) @binding(0) var<uniform> params: Params;
// sums of earlier runs of terms, [workgroup][row and column of blocks][row of a block][invocation]: registers have no room for them
@group(0) @binding(5) var<storage, read_write> earlier: array<vec4f>;

// [buffer or team][inner position][row / 4, or column / 4]
var<workgroup> tile_a: array<array<array<vec4f, BLOCK_M4 + PAD>, TEAM_K>, BUFFERS * K_TEAMS>;
var<workgroup> tile_b: array<array<array<vec4f, BLOCK_N4 + PAD>, TEAM_K>, BUFFERS * K_TEAMS>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

struct Tile { row: u32, column: u32, stack: u32, k_slice: u32, number: u32 }
fn tile_of(number: u32) -> Tile {
  let down = (params.rows + BLOCK_M - 1u) / BLOCK_M;
  let across = (params.columns + BLOCK_N - 1u) / BLOCK_N;
  let within = number % (down * across);
  let stack = number / (down * across);
  let first = within / (SWIZZLE_ROWS * across) * SWIZZLE_ROWS;
  let high = min(SWIZZLE_ROWS, down - first);
  let place = within % (SWIZZLE_ROWS * across);
  return Tile((first + place % high) * BLOCK_M, place / high * BLOCK_N, stack % params.stacks, stack / params.stacks, number);
}

//#repeat m in a b
fn put_{m}(buffer: u32, k: u32, line4: u32, value: vec4f) { tile_{m}[buffer + k / TEAM_K][k & (TEAM_K - 1u)][line4] = value; }
//#end
fn swizzle(k: u32) -> u32 { return select(k % TEAM_K / 4u * 2u, 0u, PAD == 1u); }

// Four rows' sums over the tile of a, one after the other.
fn row_sums(buffer: u32, block4: u32) -> vec4f {
  var total = vec4f();
  for (var k = 0u; k < BLOCK_K; k++) { total += tile_a[buffer + k / TEAM_K][k % TEAM_K][block4 ^ swizzle(k)]; }
  return total;
}

// Stores a block of c, and of a symmetric product its mirror image.
fn store_block(place: Tile, i: u32, j: u32, values: mat4x4f) {
  var m = values;
  if (SYMMETRIC == 1u && j > i) { return; }
  if (SYMMETRIC == 1u && j == i) { m = mirrored_block(m); }
  for (var mirrored = 0u; mirrored < 1u + u32(SYMMETRIC == 1u && j < i); mirrored++) {
    if (mirrored == 1u) { m = transpose(m); }
    store(place, select(i, j, mirrored == 1u), select(j, i, mirrored == 1u), m);
  }
}

// The n-th place in the tiles of a.
fn place_in_a(n: u32) -> vec3u { return vec3u(n / (TEAM_K * BLOCK_M4), n / BLOCK_M4 % TEAM_K, n % BLOCK_M4); }
// Where team `other` leaves its n-th four sums for the first one, half of them in tiles of a, half in those of b, which are as large.
fn shared_at(other: u32, n: u32, member: u32) -> vec3u {
  return place_in_a((other * (2u * THREAD_M * THREAD_N) + n / 2u) * TEAM_THREADS + member);
}

// The tile of c, and the sums of four of its rows if they are wanted. Two barriers a tile of a and b, or one where there are two
// such tiles in turn: who writes one has then seen everybody past the other.
fn multiply(place: Tile, lane: u32, adds: bool) -> vec4f {
  let member = lane % TEAM_THREADS;
  let team = lane / TEAM_THREADS;
  // 8 × 4 neighbours read 8 and 4 different places at once
  let x = member % 8u + member / 32u % (THREADS_N / 8u) * 8u;
  let y = member / 8u % 4u + member / 32u / (THREADS_N / 8u) * 4u;
  var sources = sources_of(place, lane);
  var walk = walk_of(place, lane);
  let k_tiles = tiles_of(place);
  var total = vec4f();
  var rows_earlier = vec4f();
  var s{h}{e}_{j} = vec4f(); //#repeat h in 0..2, e in 0..4, j in 0..2
  var loads = Loads();
  if (LATE == 0u) { loads = loads_of(sources, walk); }
  for (var run = 0u; run < RUNS; run++) {
    let first_tile = run * RUN_TILES;
    if (first_tile >= k_tiles) { break; }
    for (var n = 0u; n < RUN_TILES; n++) {
      let k_tile = first_tile + n;
      if (k_tile >= k_tiles) { break; }
      let buffer = k_tile % BUFFERS;
      // nobody puts a tile here before everybody has used the one that was here
      if (BUFFERS == 1u) { workgroupBarrier(); }
      if (LATE == 1u) {
        // worked out again: kept over the loop they would take registers that such devices do not have
        sources = sources_of(place, lane);
        loads = loads_of(sources, walk);
      }
      put_loads(sources, buffer, walk, loads);
      workgroupBarrier();
      walk = further(walk);
      // the next tile is on its way while this one is used
      if (LATE == 0u) { loads = loads_of(sources, walk); }
      if (adds && lane < BLOCK_M4) { total += row_sums(buffer, lane); }
      let slab = buffer + team;
      //#repeat q in 0..4
      {
        let y0 = y ^ swizzle({q}u * 4u);
        let y1 = (y + THREADS_M) ^ swizzle({q}u * 4u);
        let x0 = x ^ swizzle({q}u * 4u);
        let x1 = (x + THREADS_N) ^ swizzle({q}u * 4u);
        //#repeat d in 0..4
        {
          let a0 = tile_a[slab][{q}u * 4u + {d}u][y0];
          let a1 = tile_a[slab][{q}u * 4u + {d}u][y1];
          let b0 = tile_b[slab][{q}u * 4u + {d}u][x0];
          let b1 = tile_b[slab][{q}u * 4u + {d}u][x1];
          s0{e}_0 += a0[{e}u] * b0; //#repeat e in 0..4
          if (THREAD_N == 2u) {
            s0{e}_1 += a0[{e}u] * b1; //#repeat e in 0..4
          }
          if (THREAD_M == 2u) {
            s1{e}_0 += a1[{e}u] * b0; //#repeat e in 0..4
          }
          if (THREAD_M == 2u && THREAD_N == 2u) {
            s1{e}_1 += a1[{e}u] * b1; //#repeat e in 0..4
          }
        }
        //#end
      }
      //#end
    }
    if (MANY_TERMS == 1u) {
      let is_last = first_tile + RUN_TILES >= k_tiles;
      rows_earlier += total;
      total = vec4f();
      let own = place.number * (4u * THREAD_M * THREAD_N) * LANES + lane;
      if (first_tile > 0u) {
        //#repeat h in 0..2, j in 0..2
        if ({h}u < THREAD_M && {j}u < THREAD_N) {
          var at = own + 4u * ({h}u * THREAD_N + {j}u) * LANES;
          s{h}{e}_{j} += earlier[at]; at += LANES; //#repeat e in 0..4
        }
        //#end
      }
      if (!is_last) {
        //#repeat h in 0..2, j in 0..2
        if ({h}u < THREAD_M && {j}u < THREAD_N) {
          var at = own + 4u * ({h}u * THREAD_N + {j}u) * LANES;
          earlier[at] = s{h}{e}_{j}; s{h}{e}_{j} = vec4f(); at += LANES; //#repeat e in 0..4
        }
        //#end
      }
    }
  }
  if (MANY_TERMS == 1u) { total = rows_earlier; }

  if (K_TEAMS > 1u) {
    // the first team adds up what the others hold, in order of k; nobody writes here before everybody has used the tile
    workgroupBarrier();
    if (team > 0u) {
      //#repeat h in 0..2, j in 0..2, e in 0..4
      if ({h}u < THREAD_M && {j}u < THREAD_N) {
        let at = shared_at(team - 1u, 4u * ({h}u * THREAD_N + {j}u) + {e}u, member);
        if ({e}u % 2u == 0u) { tile_a[at.x][at.y][at.z] = s{h}{e}_{j}; } else { tile_b[at.x][at.y][at.z] = s{h}{e}_{j}; }
      }
      //#end
    }
    workgroupBarrier();
    if (team > 0u) { return total; }
    for (var other = 0u; other < K_TEAMS - 1u; other++) {
      //#repeat h in 0..2, j in 0..2, e in 0..4
      if ({h}u < THREAD_M && {j}u < THREAD_N) {
        let at = shared_at(other, 4u * ({h}u * THREAD_N + {j}u) + {e}u, member);
        if ({e}u % 2u == 0u) { s{h}{e}_{j} += tile_a[at.x][at.y][at.z]; } else { s{h}{e}_{j} += tile_b[at.x][at.y][at.z]; }
      }
      //#end
    }
  }
  for (var n = 0u; n < THREAD_M * THREAD_N; n++) {
    let h = n / THREAD_N;
    let j = n % THREAD_N;
    var m = mat4x4f(s00_0, s01_0, s02_0, s03_0);
    // a few selects cost less than an array in memory
    //#repeat h in 0..2, j in 0..2
    if ({h}u + {j}u > 0u && {h}u < THREAD_M && {j}u < THREAD_N) {
      let is_here = h == {h}u && j == {j}u;
      m[{e}] = select(m[{e}], s{h}{e}_{j}, is_here); //#repeat e in 0..4
    }
    //#end
    store_block(place, place.row + 4u * (y + h * THREADS_M), place.column + 4u * (x + j * THREADS_N), m);
  }
  return total;
}

// The running sums of a workgroup, in a fixed tree: its first invocation has their total.
fn add_up(lane: u32) {
  let at = place_in_a(lane);
  workgroupBarrier();
  tile_a[at.x][at.y][at.z].x = running;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    let other = place_in_a(lane + half);
    if (lane < half) { tile_a[at.x][at.y][at.z].x += tile_a[other.x][other.y][other.z].x; }
  }
  running = tile_a[at.x][at.y][at.z].x;
}

fn is_wanted(place: Tile) -> bool {
  return place.k_slice < params.k_slices && (SYMMETRIC == 0u || place.column <= place.row);
}

// All that a workgroup does.
fn compute_tile(number: u32, lane: u32) {
  let place = tile_of(number);
  if (is_wanted(place)) { let total = multiply(place, lane, false); }
  if (TOGETHER == 1u) { add_up(lane); }
  if (lane == 0u && place.k_slice < params.k_slices) { let done = finish(number); }
}
