// matmul — writes the kernels that multiply 4 × 4 blocks in registers: matmul_register_tiled.wgsl, matmul_quadswap.wgsl, matmul_quadswap_any.wgsl.
//
// They differ in how a block is loaded and in whether four neighbouring invocations pass their blocks of a round; the rest
// of the text is the same. Named registers: an indexed array would live in memory on some devices.
//
//   node shaders/matmul.mjs            writes the files
//   node shaders/matmul.mjs --check    exits with 1 where a committed one differs

import { single, wide } from "./matmul_loaders.mjs";
import { range, write } from "./unrolled.mjs";

const SWAPS = ["own", "QuadSwapX", "QuadSwapY", "QuadSwapDiagonal"].map((name) => name.replace("Q", "q"));

/** Invocations share the work of a tile's loads: each loads a quarter of a's blocks, which then go round. */
const quadSwap = {
  enable: "enable subgroups;\n\n",
  swaps: 4,
  blocks: 2,
  lanes: 4,
  tile: [32, 32],
  layout: `memory     no workgroup memory; four invocations hold a tile of 32 × 32 as 2 × 2 blocks of 16 × 16: a is read ⌈columns/32⌉
//            times, b ⌈rows/32⌉ times`,
  note: `
//            The invocations of a quad load four different blocks of a and pass them round (quadSwap), which multiplies what a load
//            is worth by four. For devices where loads cost far more than arithmetic, such as a software adapter`,
  builtin: "subgroup_invocation_id",
  lane: "invocation & 3u",
  own: ["row + 4u * lane", "column + 4u * lane"],
  apart: 16,
  passing: range(4)
    .slice(1)
    .map(
      (x) =>
        `fn swap${x}(m: mat4x4f) -> mat4x4f { return mat4x4f(${range(4)
          .map((e) => `${SWAPS[x]}(m[${e}])`)
          .join(", ")}); }`,
    )
    .join("\n"),
  rowOf: "tile.row + 16u * (n >> 3u) + 4u * (tile.lane ^ ((n >> 1u) & 3u))",
  columnOf: "tile.column + 16u * (n & 1u) + 4u * tile.lane",
};

/** The same with a quarter of the elements: it compiles sooner, for products that are soon done. */
const smallQuadSwap = {
  ...quadSwap,
  blocks: 1,
  tile: [16, 16],
  layout: `memory     no workgroup memory; four invocations hold a tile of 16 × 16: a is read ⌈columns/16⌉ times, b ⌈rows/16⌉ times`,
  rowOf: "tile.row + 4u * (tile.lane ^ n)",
  columnOf: "tile.own_column",
};

/** Every invocation works alone. */
const unshared = {
  enable: "",
  swaps: 1,
  blocks: 2,
  lanes: 64,
  tile: [8, 512],
  layout: `memory     no workgroup memory; an invocation holds 8 × 8 elements: a is read ⌈columns/8⌉ times, b ⌈rows/8⌉ times`,
  note: "",
  builtin: "local_invocation_index",
  lane: "invocation",
  own: ["row", "column + 8u * lane"],
  apart: 4,
  passing: "",
  rowOf: "tile.row + 4u * (n / 2u)",
  columnOf: "tile.own_column + 4u * (n % 2u)",
};

function product({ name, summary, loader, team }) {
  const { swaps, blocks } = team;
  const sums = range(blocks * swaps * blocks).map((n) => `s${n}`);
  const swap = (x, value) => (x ? `swap${x}(${value})` : value);
  const rows = range(blocks).flatMap((i) => [
    `  let v${i} = a_block(a${i}, step);`,
    ...range(swaps).flatMap((x) => {
      const n = (i * swaps + x) * blocks;
      const v = x ? `v${i}_${x}` : `v${i}`;
      return [
        ...(x ? [`  let ${v} = ${swap(x, `v${i}`)};`] : []),
        ...range(blocks).map((j) => `  (*s).s${n + j} += u${j} * ${v};`),
      ];
    }),
  ]);
  const starts = (matrix, own, count, along) =>
    range(blocks).map(
      (i) =>
        `  let ${matrix}${i} = ${matrix}_base + starts(tile.${own}${i ? ` + ${team.apart * i}u` : ""}, params.${count}, ${along});`,
    );
  return `// ${name} — ${summary}
//
//   product           c[s,i,j] = Σ_k a[s,i,k] · b[s,k,j]        a, b stored transposed where TRANSPOSE_A, TRANSPOSE_B are 1
//   product_and_sums  the same, and sums[s,i] = Σ_k a[s,i,k]    (the bias's gradient, a side output of the weight's)
//
// shapes     a [stacks, rows, inner], b [stacks, inner, columns], c [stacks, rows, columns], sums [stacks, rows];  row-major f32
${loader.shapes}
// grid       1-D: (stack, ⌈columns/${team.tile[1]}⌉, ⌈rows/${team.tile[0]}⌉) workgroups, the last one fastest
// ${team.layout}
// numerics   sums run in order of k, four at a time; more than 4096 terms go in three levels (lib/long.wgsl), so that
//            |error| ≤ γ_m · Σ|a·b| with m = min(k, 3·block_of(k/4) + 4), γ_m = m·u/(1 − m·u), u = 2⁻²⁴
//            ${loader.edges}${team.note}
// source     written by matmul.mjs

${team.enable}//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/functions.wgsl"
//#include "lib/extras.wgsl"
//#include "lib/side_output.wgsl"
//#include "lib/symmetric.wgsl"
//#include "lib/long.wgsl"

const TRANSPOSE_A = 0u;
const TRANSPOSE_B = 0u;

struct Params { stacks: u32, rows: u32, columns: u32, inner: u32, a_stack: u32, b_stack: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<${loader.element}>;
@group(0) @binding(2) var<storage, read> b: array<${loader.element}>;
@group(0) @binding(3) var<storage, read_write> c: array<${loader.result}>;
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }${loader.hook}
${loader.text}${team.passing ? `\n${team.passing}\n` : ""}
struct Tile {
  row: u32,
  column: u32,
  stack: u32,
  lane: u32,
  own_row: u32,    // the first that this invocation loads
  own_column: u32,
}
fn row_tiles() -> u32 { return (params.rows + ${team.tile[0] - 1}u) / ${team.tile[0]}u; }
fn column_tiles() -> u32 { return (params.columns + ${team.tile[1] - 1}u) / ${team.tile[1]}u; }
fn tile_of(number: u32, invocation: u32) -> Tile {
  let row = number % row_tiles() * ${team.tile[0]}u;
  let column = number / row_tiles() % column_tiles() * ${team.tile[1]}u;
  let lane = ${team.lane};
  return Tile(row, column, number / row_tiles() / column_tiles(), lane, ${team.own.join(", ")});
}
// Whether there is such a tile, and not all of it above the diagonal of a symmetric product.
fn is_wanted(number: u32) -> bool {
  if (number >= row_tiles() * column_tiles() * params.stacks) { return false; }
  let row = number % row_tiles() * ${team.tile[0]}u;
  let column = number / row_tiles() % column_tiles() * ${team.tile[1]}u;
  return SYMMETRIC == 0u || column < row + ${team.tile[0]}u;
}

// 4 × 4 elements of c each, one row after the other
struct Sums {
${sums.map((n) => `  ${n}: mat4x4f,`).join("\n")}
}

// One block along the inner axis: (u · v)[i] = Σ_k u[k] · v[i][k], a row of c.
fn accumulate(s: ptr<function, Sums>, ${["a", "b"].flatMap((m) => range(blocks).map((i) => `${m}${i}: vec4u`)).join(", ")}, step: u32) {
${range(blocks)
  .map((j) => `  let u${j} = b_block(b${j}, step);`)
  .join("\n")}
${rows.join("\n")}
}

fn sums_of_both(s: Sums, t: Sums) -> Sums {
  return Sums(${sums.map((n) => `s.${n} + t.${n}`).join(", ")});
}

fn multiply(tile: Tile) {
  let a_base = tile.stack * ${loader.base("params.a_stack")};
  let b_base = tile.stack * ${loader.base("params.b_stack")};
${starts("a", "own_row", "rows", "TRANSPOSE_A == 0u").join("\n")}
${starts("b", "own_column", "columns", "TRANSPOSE_B == 1u").join("\n")}
  let steps = (params.inner + 3u) / 4u;
  var s = Sums();
  var group = Sums();
  var total = Sums();
  let size = max(run_of(steps), 64u);
  for (var first = 0u; first < steps; first += size) {
    for (var step = first; step < min(first + size, steps); step++) { accumulate(&s, ${["a", "b"].flatMap((m) => range(blocks).map((i) => `${m}${i}`)).join(", ")}, step); }
    if (MANY_TERMS == 1u) {
      group = sums_of_both(group, s);
      s = Sums();
      if (ends(first / size + 1u, size)) {
        total = sums_of_both(total, group);
        group = Sums();
      }
    }
  }
  if (MANY_TERMS == 1u) { s = sums_of_both(sums_of_both(total, group), s); }

  var blocks = array<mat4x4f, ${sums.length}>(${sums.map((n) => `s.${n}`).join(", ")});
  for (var n = 0u; n < ${sums.length}u; n++) {
    let row = ${team.rowOf};
    let column = ${team.columnOf};
    if (SYMMETRIC == 1u && column > row) { continue; }
    if (SYMMETRIC == 1u && column == row) { blocks[n] = mirrored_block(blocks[n]); }
    store(&blocks, n, tile.stack, row, column);
    if (SYMMETRIC == 1u && column < row) {
      blocks[n] = transpose(blocks[n]);
      store(&blocks, n, tile.stack, column, row);
    }
  }
}

fn store(blocks: ptr<function, array<mat4x4f, ${sums.length}>>, n: u32, stack: u32, row: u32, column: u32) {
  for (var i = 0u; i < min(4u, max(params.rows, row) - row); i++) {
    let at = (stack * params.rows + row + i) * params.columns + column;
${loader.store}
  }
}

// The sums of the invocation's own rows, one block after the other.
fn add_rows(tile: Tile) {
  for (var m = 0u; m < ${blocks}u; m++) {
    let row = tile.own_row + ${team.apart}u * m;
    let at = tile.stack * ${loader.base("params.a_stack")} + starts(row, params.rows, TRANSPOSE_A == 0u);
    let steps = (params.inner + 3u) / 4u;
    let size = run_of(steps);
    var group = vec4f();
    var total = vec4f();
    for (var first = 0u; first < steps; first += size) {
      var some = vec4f();
      for (var step = first; step < min(first + size, steps); step++) { some += vec4f(1.0) * a_block(at, step); }
      group += some;
      if (ends(first / size + 1u, size)) {
        total += group;
        group = vec4f();
      }
    }
    total += group;
    for (var i = 0u; i < min(4u, max(params.rows, row) - row); i++) { sums[tile.stack * params.rows + row + i] = total[i]; }
  }
}

@compute @workgroup_size(${team.lanes})
fn product(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(${team.builtin}) invocation: u32) {
  let number = group_number(id, groups);
  if (is_wanted(number)) { multiply(tile_of(number, invocation)); }
  // also where nothing is wanted: the sum that is kept is 0 there
  let done = finish(number * ${team.lanes}u + invocation);
}

@compute @workgroup_size(${team.lanes})
fn product_and_sums(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(${team.builtin}) invocation: u32) {
  let number = group_number(id, groups);
  if (is_wanted(number)) {
    let tile = tile_of(number, invocation);
    multiply(tile);
    if (tile.column == 0u${team.swaps === 1 ? " && tile.lane == 0u" : ""}) { add_rows(tile); }
  }
}
`;
}

write({
  "matmul_register_tiled.wgsl": product({
    name: "matmul_register_tiled",
    summary: "product of two stacks of matrices of any size, without workgroup memory or subgroups.",
    loader: single,
    team: unshared,
  }),
  "matmul_quadswap.wgsl": product({
    name: "matmul_quadswap",
    summary: "product of two stacks of matrices, four invocations sharing their loads.",
    loader: wide,
    team: quadSwap,
  }),
  "matmul_quadswap_small.wgsl": product({
    name: "matmul_quadswap_small",
    summary: "matmul_quadswap with a quarter of the elements an invocation.",
    loader: wide,
    team: smallQuadSwap,
  }),
  "matmul_quadswap_any.wgsl": product({
    name: "matmul_quadswap_any",
    summary: "matmul_quadswap for sizes that are not multiples of 4.",
    loader: single,
    team: quadSwap,
  }),
});
