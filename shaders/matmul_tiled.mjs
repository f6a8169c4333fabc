// matmul_tiled — writes lib/matmul_tiled.wgsl: what the kernels do that share tiles in workgroup memory.
//
// An invocation's sums are named registers: an indexed array would live in memory on some devices.
//
//   node shaders/matmul_tiled.mjs            writes the file
//   node shaders/matmul_tiled.mjs --check    exits with 1 where the committed one differs

import { range, write } from "./unrolled.mjs";

const AXES = ["x", "y", "z", "w"];

/** The sums of rows 4h … 4h + 3 of an invocation in column block j. */
const rowsOf = (h) => range(4).map((i) => 4 * h + i);
const sum = (i, j) => `s${i}_${j}`;
const gains = (h, j) =>
  rowsOf(h)
    .map((i) => `${sum(i, j)} += a${h}.${AXES[i & 3]} * b${j};`)
    .join(" ");
const step = (d) => `        {
          let a0 = tile[at_a + ${d}u * WIDE_A + y0];
          let a1 = tile[at_a + ${d}u * WIDE_A + y1];
          let b0 = tile[at_b + ${d}u * WIDE_B + x0];
          let b1 = tile[at_b + ${d}u * WIDE_B + x1];
          ${gains(0, 0)}
          if (LONG == 2u) { ${gains(0, 1)} }
          if (HIGH == 2u) { ${gains(1, 0)} }
          if (HIGH == 2u && LONG == 2u) { ${gains(1, 1)} }
        }`;

/** Adds the registers of `from` to those of `to`, and starts them again. */
const folded = (to, from) =>
  range(8)
    .map((i) => [0, 1].map((j) => `      ${to}${i}_${j} += ${from}${i}_${j}; ${from}${i}_${j} = vec4f();`).join(" "))
    .join("\n");

const common = `// matmul_tiled — a product's tiles in workgroup memory, for the kernels that say how matrices are read and written.
// Written by matmul_tiled.mjs. Tiles of symmetric products are square.

//#include "lib/symmetric.wgsl"
//#include "lib/long.wgsl"

const TRANSPOSE_A = 0u;
const TRANSPOSE_B = 0u;
// invocations across and down a tile, multiples of 8 and 4; and how many teams of so many share its inner positions
const ACROSS = 8u;
const DOWN = 8u;
const PARTS = 1u;
// blocks of 4 × 4 elements that an invocation holds across and down: 1 or 2
const LONG = 2u;
const HIGH = 2u;
// inner positions in workgroup memory, and how many such tiles at once
const DEPTH = 16u;
const BUFFERS = 1u;
// 1 where the running sums are kept (lib/side_output.wgsl): one for each workgroup
const TOGETHER = 0u;

const TEAM = ACROSS * DOWN;
const LANES = TEAM * PARTS;
const ROWS = 4u * HIGH * DOWN;
const COLUMNS = 4u * LONG * ACROSS;
// vec4f across a tile of a, and of b: powers of two from 8
const WIDE_A = HIGH * DOWN;
const WIDE_B = LONG * ACROSS;
// blocks of 4 × 4 that are loaded for a tile
const BLOCKS_A = WIDE_A * DEPTH / 4u;
const BLOCKS = BLOCKS_A + WIDE_B * DEPTH / 4u;
const ROOM = DEPTH * (WIDE_A + WIDE_B);
// rows of tiles that are gone through together, so that neighbours in time read the same parts of a and b
const BAND = 8u;

struct Params { stacks: u32, rows: u32, columns: u32, inner: u32, a_stack: u32, b_stack: u32, slices: u32, trips: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;

// [inner position][row / 4] of a, then [inner position][column / 4] of b, each row of them turned (swizzled) against bank conflicts
var<workgroup> tile: array<vec4f, BUFFERS * ROOM>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

struct Tile { row: u32, column: u32, stack: u32, slice: u32 }
fn tile_of(number: u32) -> Tile {
  let down = (params.rows + ROWS - 1u) / ROWS;
  let across = (params.columns + COLUMNS - 1u) / COLUMNS;
  let within = number % (down * across);
  let stack = number / (down * across);
  let first = within / (BAND * across) * BAND;
  let high = min(BAND, down - first);
  let place = within % (BAND * across);
  return Tile((first + place % high) * ROWS, place / high * COLUMNS, stack % params.stacks, stack / params.stacks);
}

// A block of 4 × 4 that an invocation brings: where its loads begin, the first of its inner positions, and where it goes.
struct Source { starts: vec4u, depth: u32, at: u32 }
fn source_of(place: Tile, n: u32) -> Source {
  if (n < BLOCKS_A) {
    let quad = select(n / (DEPTH / 4u), n % WIDE_A, TRANSPOSE_A == 1u);
    let depth = select(n % (DEPTH / 4u), n / WIDE_A, TRANSPOSE_A == 1u);
    let at = 4u * depth * WIDE_A + ((quad ^ (2u * depth)) & (WIDE_A - 1u));
    return Source(a_starts(place.stack * params.a_stack, place.row + 4u * quad), 4u * depth, at);
  }
  let m = n - BLOCKS_A;
  let quad = select(m / (DEPTH / 4u), m % WIDE_B, TRANSPOSE_B == 0u);
  let depth = select(m % (DEPTH / 4u), m / WIDE_B, TRANSPOSE_B == 0u);
  let at = DEPTH * WIDE_A + 4u * depth * WIDE_B + ((quad ^ (2u * depth)) & (WIDE_B - 1u));
  return Source(b_starts(place.stack * params.b_stack, place.column + 4u * quad), 4u * depth, at);
}
fn load(source: Source, n: u32, k: u32) -> mat4x4f {
  if (n < BLOCKS_A) { return a_block(source.starts, k + source.depth); }
  return b_block(source.starts, k + source.depth);
}
fn put(source: Source, n: u32, room: u32, m: mat4x4f) {
  let wide = select(WIDE_B, WIDE_A, n < BLOCKS_A);
  let at = room + source.at;
  tile[at] = m[0];
  tile[at + wide] = m[1];
  tile[at + 2u * wide] = m[2];
  tile[at + 3u * wide] = m[3];
}

// Four rows' sums over the tile of a, one after the other.
fn row_sums(room: u32, quad: u32) -> vec4f {
  var total = vec4f();
  for (var depth = 0u; depth < DEPTH; depth++) {
    total += tile[room + depth * WIDE_A + ((quad ^ (depth / 4u * 2u)) & (WIDE_A - 1u))];
  }
  return total;
}

fn store_blocks(place: Tile, row: u32, column: u32, held: array<mat4x4f, 4>) {
  let base = (place.slice * params.stacks + place.stack) * params.rows * params.columns;
  var blocks = held;
  for (var n = 0u; n < HIGH * LONG; n++) {
    let i = row + n / LONG * 4u * DOWN;
    let j = column + n % LONG * 4u * ACROSS;
    var m = blocks[n / LONG * 2u + n % LONG];
    if (SYMMETRIC == 1u && j > i) { continue; }
    if (SYMMETRIC == 1u && j == i) { m = even(m); }
    for (var mirrored = 0u; mirrored < 1u + u32(SYMMETRIC == 1u && j < i); mirrored++) {
      if (mirrored == 1u) { m = transpose(m); }
      store(base, select(i, j, mirrored == 1u), select(j, i, mirrored == 1u), m);
    }
  }
}

// The tile of c, and the sums of four of its rows if they are wanted. Two barriers a tile of a and b, or one where there are two
// such tiles in turn: who writes one has then seen everybody past the other.
fn multiply(place: Tile, lane: u32, adds: bool) -> vec4f {
  let member = lane % TEAM;
  let part = lane / TEAM;
  // 8 × 4 neighbours read 8 and 4 different places at once
  let x = member % 8u + member / 32u % (ACROSS / 8u) * 8u;
  let y = member / 8u % 4u + member / 32u / (ACROSS / 8u) * 4u;
  let n0 = lane;
  let n1 = lane + LANES;
  let source0 = source_of(place, n0);
  let source1 = source_of(place, n1);
  var total = vec4f();
  var rows_group = vec4f();
  var rows_total = vec4f();
${["s", "group", "all"].flatMap((name) => range(8).map((i) => `  var ${name}${i}_0 = vec4f(); var ${name}${i}_1 = vec4f();`)).join("\n")}
  // tiles of a block, and of a group of blocks
  let size = block_of(params.trips * DEPTH);
  let few = max(size / DEPTH, 1u);
  let first = place.slice * params.trips * DEPTH;
  var next0 = mat4x4f();
  var next1 = mat4x4f();
  for (var trip = 0u; trip < params.trips + 1u; trip++) {
    // this tile is on its way while the one before is used
    let k = select(params.inner, first + trip * DEPTH, trip < params.trips);
    if (n0 < BLOCKS) { next0 = load(source0, n0, k); }
    if (BLOCKS > LANES && n1 < BLOCKS) { next1 = load(source1, n1, k); }
    if (trip > 0u) {
      let room = (trip - 1u) % BUFFERS * ROOM;
      if (adds && lane < WIDE_A) { total += row_sums(room, lane); }
      for (var q = 0u; q < DEPTH / 4u / PARTS; q++) {
        let four = part * (DEPTH / 4u / PARTS) + q;
        let at_a = room + 4u * four * WIDE_A;
        let at_b = room + DEPTH * WIDE_A + 4u * four * WIDE_B;
        let y0 = (y ^ (2u * four)) & (WIDE_A - 1u);
        let y1 = ((y + DOWN) ^ (2u * four)) & (WIDE_A - 1u);
        let x0 = (x ^ (2u * four)) & (WIDE_B - 1u);
        let x1 = ((x + ACROSS) ^ (2u * four)) & (WIDE_B - 1u);
${range(4).map(step).join("\n")}
      }
    }
    if (MANY_TERMS == 1u && ends(trip, few)) {
      rows_group += total;
      total = vec4f();
${folded("group", "s")}
      if (ends(trip, few * size)) {
        rows_total += rows_group;
        rows_group = vec4f();
${folded("all", "group")}
      }
    }
    // nobody puts a tile here before everybody has used the one that was here
    if (BUFFERS == 1u) { workgroupBarrier(); }
    let room = trip % BUFFERS * ROOM;
    if (n0 < BLOCKS) { put(source0, n0, room, next0); }
    if (BLOCKS > LANES && n1 < BLOCKS) { put(source1, n1, room, next1); }
    workgroupBarrier();
  }
  if (MANY_TERMS == 1u) {
    total = rows_total + rows_group + total;
${range(8)
  .flatMap((i) => [0, 1].map((j) => `    ${sum(i, j)} = (all${i}_${j} + group${i}_${j}) + ${sum(i, j)};`))
  .join("\n")}
  }

  var held = array<mat4x4f, 4>(
${[0, 1]
  .flatMap((h) =>
    [0, 1].map(
      (j) =>
        `    mat4x4f(${rowsOf(h)
          .map((i) => sum(i, j))
          .join(", ")}),`,
    ),
  )
  .join("\n")}
  );
  if (PARTS > 1u) {
    // the first team adds up what the others hold, in order of k
    for (var n = 0u; n < 4u * HIGH * LONG; n++) {
      let at = ((part + PARTS - 1u) % PARTS * 4u * HIGH * LONG + n) * TEAM + member;
      if (part > 0u) { tile[at] = held[n / 4u / LONG * 2u + n / 4u % LONG][n % 4u]; }
    }
    workgroupBarrier();
    if (part == 0u) {
      for (var other = 0u; other < PARTS - 1u; other++) {
        for (var n = 0u; n < 4u * HIGH * LONG; n++) {
          held[n / 4u / LONG * 2u + n / 4u % LONG][n % 4u] += tile[(other * 4u * HIGH * LONG + n) * TEAM + member];
        }
      }
    }
  }
  if (part == 0u) { store_blocks(place, place.row + 4u * y, place.column + 4u * x, held); }
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
  return place.slice < params.slices && (SYMMETRIC == 0u || place.column <= place.row);
}

@compute @workgroup_size(ACROSS, DOWN, PARTS)
fn product(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let number = group_number(id, groups);
  let place = tile_of(number);
  if (is_wanted(place)) { let total = multiply(place, lane, false); }
  if (TOGETHER == 1u) { add_up(lane); }
  if (lane == 0u && place.slice < params.slices) { let done = finish(number); }
}

@compute @workgroup_size(ACROSS, DOWN, PARTS)
fn product_and_sums(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let place = tile_of(group_number(id, groups));
  if (is_wanted(place)) {
    let total = multiply(place, lane, place.column == 0u);
    let row = place.row + 4u * lane;
    if (place.column == 0u && lane < WIDE_A) {
      for (var i = 0u; i < min(4u, max(params.rows, row) - row); i++) {
        sums[(place.slice * params.stacks + place.stack) * params.rows + row + i] = total[i];
      }
    }
  }
}
`;

write({ "lib/matmul_tiled.wgsl": common });
