// matmul_tiled — a product's tiles in workgroup memory, for the kernels that say how matrices are read and written.
//
// Tiles of symmetric products are square. An invocation's sums are named registers: an indexed array would live in memory on some devices.

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
// inner positions in workgroup memory, and how many such tiles at once
const BLOCK_K = 16u;
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
// blocks of 4 × 4 that are loaded for a tile
const BLOCKS_A = BLOCK_M4 * BLOCK_K / 4u;
const BLOCKS = BLOCKS_A + BLOCK_N4 * BLOCK_K / 4u;
const BUFFER_SIZE = BLOCK_K * (BLOCK_M4 + BLOCK_N4);
// rows of tiles that are gone through together, so that neighbours in time read the same parts of a and b
const SWIZZLE_ROWS = 8u;

struct Params { stacks: u32, rows: u32, columns: u32, inner: u32, a_stack: u32, b_stack: u32, k_slices: u32, k_tiles: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;

// [inner position][row / 4] of a, then [inner position][column / 4] of b, each row of them turned (swizzled) against bank conflicts
var<workgroup> tile: array<vec4f, BUFFERS * BUFFER_SIZE>;

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

// A block of 4 × 4 that an invocation brings: where its loads begin, the first of its inner positions, and where it goes.
struct Source { starts: vec4u, depth: u32, at: u32 }
fn source_of(place: Tile, n: u32) -> Source {
  if (n < BLOCKS_A) {
    let block4 = select(n / (BLOCK_K / 4u), n % BLOCK_M4, TRANSPOSE_A == 1u);
    let depth = select(n % (BLOCK_K / 4u), n / BLOCK_M4, TRANSPOSE_A == 1u);
    let at = 4u * depth * BLOCK_M4 + ((block4 ^ (2u * depth)) & (BLOCK_M4 - 1u));
    return Source(a_starts(place.stack * params.a_stack, place.row + 4u * block4), 4u * depth, at);
  }
  let m = n - BLOCKS_A;
  let block4 = select(m / (BLOCK_K / 4u), m % BLOCK_N4, TRANSPOSE_B == 0u);
  let depth = select(m % (BLOCK_K / 4u), m / BLOCK_N4, TRANSPOSE_B == 0u);
  let at = BLOCK_K * BLOCK_M4 + 4u * depth * BLOCK_N4 + ((block4 ^ (2u * depth)) & (BLOCK_N4 - 1u));
  return Source(b_starts(place.stack * params.b_stack, place.column + 4u * block4), 4u * depth, at);
}
fn load(source: Source, n: u32, k: u32) -> mat4x4f {
  if (n < BLOCKS_A) { return a_block(source.starts, k + source.depth); }
  return b_block(source.starts, k + source.depth);
}
fn put(source: Source, n: u32, offset: u32, m: mat4x4f) {
  let pitch = select(BLOCK_N4, BLOCK_M4, n < BLOCKS_A);
  let at = offset + source.at;
  tile[at] = m[0];
  tile[at + pitch] = m[1];
  tile[at + 2u * pitch] = m[2];
  tile[at + 3u * pitch] = m[3];
}

// Four rows' sums over the tile of a, one after the other.
fn row_sums(offset: u32, block4: u32) -> vec4f {
  var total = vec4f();
  for (var depth = 0u; depth < BLOCK_K; depth++) {
    total += tile[offset + depth * BLOCK_M4 + ((block4 ^ (depth / 4u * 2u)) & (BLOCK_M4 - 1u))];
  }
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
  let n0 = lane;
  let n1 = lane + LANES;
  let source0 = source_of(place, n0);
  let source1 = source_of(place, n1);
  var total = vec4f();
  var rows_group = vec4f();
  var rows_total = vec4f();
  var {level}{h}{e}_{j} = vec4f(); //#repeat level in s group all, h in 0..2, e in x y z w, j in 0..2
  // tiles of a block, and of a group of blocks
  let size = block_of(params.k_tiles * BLOCK_K);
  let run = max(size / BLOCK_K, 1u);
  let first = place.k_slice * params.k_tiles * BLOCK_K;
  var next0 = mat4x4f();
  var next1 = mat4x4f();
  for (var k_tile = 0u; k_tile < params.k_tiles + 1u; k_tile++) {
    // this tile is on its way while the one before is used
    let k = select(params.inner, first + k_tile * BLOCK_K, k_tile < params.k_tiles);
    if (n0 < BLOCKS) { next0 = load(source0, n0, k); }
    if (BLOCKS > LANES && n1 < BLOCKS) { next1 = load(source1, n1, k); }
    if (k_tile > 0u) {
      let offset = (k_tile - 1u) % BUFFERS * BUFFER_SIZE;
      if (adds && lane < BLOCK_M4) { total += row_sums(offset, lane); }
      for (var q = 0u; q < BLOCK_K / 4u / K_TEAMS; q++) {
        let k4 = team * (BLOCK_K / 4u / K_TEAMS) + q;
        let at_a = offset + 4u * k4 * BLOCK_M4;
        let at_b = offset + BLOCK_K * BLOCK_M4 + 4u * k4 * BLOCK_N4;
        let y0 = (y ^ (2u * k4)) & (BLOCK_M4 - 1u);
        let y1 = ((y + THREADS_M) ^ (2u * k4)) & (BLOCK_M4 - 1u);
        let x0 = (x ^ (2u * k4)) & (BLOCK_N4 - 1u);
        let x1 = ((x + THREADS_N) ^ (2u * k4)) & (BLOCK_N4 - 1u);
        //#repeat d in 0..4
        {
          let a0 = tile[at_a + {d}u * BLOCK_M4 + y0];
          let a1 = tile[at_a + {d}u * BLOCK_M4 + y1];
          let b0 = tile[at_b + {d}u * BLOCK_N4 + x0];
          let b1 = tile[at_b + {d}u * BLOCK_N4 + x1];
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
    }
    if (MANY_TERMS == 1u && ends(k_tile, run)) {
      rows_group += total;
      total = vec4f();
      group{h}{e}_{j} += s{h}{e}_{j}; s{h}{e}_{j} = vec4f(); //#repeat h in 0..2, e in x y z w, j in 0..2
      if (ends(k_tile, run * size)) {
        rows_total += rows_group;
        rows_group = vec4f();
        all{h}{e}_{j} += group{h}{e}_{j}; group{h}{e}_{j} = vec4f(); //#repeat h in 0..2, e in x y z w, j in 0..2
      }
    }
    // nobody puts a tile here before everybody has used the one that was here
    if (BUFFERS == 1u) { workgroupBarrier(); }
    let offset = k_tile % BUFFERS * BUFFER_SIZE;
    if (n0 < BLOCKS) { put(source0, n0, offset, next0); }
    if (BLOCKS > LANES && n1 < BLOCKS) { put(source1, n1, offset, next1); }
    workgroupBarrier();
  }
  if (MANY_TERMS == 1u) {
    total = rows_total + rows_group + total;
    s{h}{e}_{j} = (all{h}{e}_{j} + group{h}{e}_{j}) + s{h}{e}_{j}; //#repeat h in 0..2, e in x y z w, j in 0..2
  }

  var thread_tile = array<mat4x4f, 4>(
    mat4x4f(s{h}x_{j}, s{h}y_{j}, s{h}z_{j}, s{h}w_{j}), //#repeat h in 0..2, j in 0..2
  );
  if (K_TEAMS > 1u) {
    // the first team adds up what the others hold, in order of k
    for (var n = 0u; n < 4u * THREAD_M * THREAD_N; n++) {
      let at = ((team + K_TEAMS - 1u) % K_TEAMS * 4u * THREAD_M * THREAD_N + n) * TEAM_THREADS + member;
      if (team > 0u) { tile[at] = thread_tile[n / 4u / THREAD_N * 2u + n / 4u % THREAD_N][n % 4u]; }
    }
    workgroupBarrier();
    if (team == 0u) {
      for (var other = 0u; other < K_TEAMS - 1u; other++) {
        for (var n = 0u; n < 4u * THREAD_M * THREAD_N; n++) {
          thread_tile[n / 4u / THREAD_N * 2u + n / 4u % THREAD_N][n % 4u] += tile[(other * 4u * THREAD_M * THREAD_N + n) * TEAM_THREADS + member];
        }
      }
    }
  }
  if (team == 0u) { store_blocks(place, place.row + 4u * y, place.column + 4u * x, thread_tile); }
  return total;
}

// The running sums of a workgroup, in a fixed tree: its first invocation has their total.
fn add_up(lane: u32) {
  workgroupBarrier();
  tile[lane].x = running;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { tile[lane].x += tile[lane + half].x; }
  }
  running = tile[lane].x;
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
