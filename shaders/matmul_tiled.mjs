// matmul_tiled — writes the kernels that share tiles in workgroup memory: matmul_tiled.wgsl, matmul_tiled_small.wgsl.
//
// They differ in the elements an invocation holds in registers: 8 × 8, or 4 × 4. Named registers: an indexed array would
// live in memory on some devices.
//
//   node shaders/matmul_tiled.mjs            writes the files
//   node shaders/matmul_tiled.mjs --check    exits with 1 where a committed one differs

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const range = (n) => [...Array(n).keys()];
const AXES = ["x", "y", "z", "w"];

/** One vec4f of a tile: four rows of op(a) or four columns of b at one inner position, 0 outside. */
const loader = (matrix, extent, transposed, other) => `
fn load_${matrix}(base: u32, first: u32, k: u32) -> vec4f {
  return vec4f(${range(4)
    .map((e) => `${matrix}_at(base, first${e ? ` + ${e}u` : ""}, k)`)
    .join(", ")});
}
fn ${matrix}_at(base: u32, ${other}: u32, k: u32) -> f32 {
  let at = select(${other} * params.inner + k, k * params.${extent} + ${other}, ${transposed});
  return select(0.0, ${matrix}[base + at], ${other} < params.${extent} && k < params.inner);
}`;

function product({ name, summary, quarters }) {
  const size = 32 * quarters;
  const wide = 8 * quarters; // vec4f across a tile
  const rows = range(quarters * 4);
  const sum = (i, j) => `s${i}_${j}`;
  const passes = (wide * 16) / 64;
  return `// ${name} — ${summary}
//
//   product           c[s,i,j] = Σ_k a[s,i,k] · b[s,k,j]        a, b stored transposed where TRANSPOSE_A, TRANSPOSE_B are 1
//   product_and_sums  the same, and sums[s,i] = Σ_k a[s,i,k]    (the bias's gradient beside the weight's)
//
// shapes     a [stacks, rows, inner], b [stacks, inner, columns], c [stacks, rows, columns], sums [stacks, rows];  row-major f32
//            of any size
// grid       1-D: (stack, ⌈rows/${size}⌉, ⌈columns/${size}⌉) workgroups, the last one fastest; an invocation holds ${4 * quarters} × ${4 * quarters} elements
// memory     two tiles of DEPTH × ${size} f32, one vec4f of padding a row (${((2 * 16 * (wide + 1) * 16) / 1024).toFixed(1)} KiB); a is read ⌈columns/${size}⌉ times,
//            b ⌈rows/${size}⌉ times
// numerics   sums run in order of k; |error| ≤ γ_k · Σ|a·b| with γ_k = k·u/(1 − k·u), u = 2⁻²⁴; edges load 0, exact
// source     written by matmul_tiled.mjs

//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/extras.wgsl"
//#include "lib/side.wgsl"

const TRANSPOSE_A = 0u;
const TRANSPOSE_B = 0u;
const DEPTH = 16u;
// vec4f across a tile, and with the padding that spreads its columns over the banks
const WIDE = ${wide}u;
const ROW = ${wide + 1}u;

struct Params { stacks: u32, rows: u32, columns: u32, inner: u32, a_stack: u32, b_stack: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;
@group(0) @binding(4) var<storage, read_write> sums: array<f32>;

// [inner position][row or column / 4]
var<workgroup> tile_a: array<vec4f, ${16 * (wide + 1)}>;
var<workgroup> tile_b: array<vec4f, ${16 * (wide + 1)}>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }
${loader("a", "rows", "TRANSPOSE_A == 1u", "row")}
${loader("b", "columns", "TRANSPOSE_B == 0u", "column")}

struct Tile { row: u32, column: u32, stack: u32 }
fn tile_of(number: u32) -> Tile {
  let row_tiles = (params.rows + ${size - 1}u) / ${size}u;
  let column_tiles = (params.columns + ${size - 1}u) / ${size}u;
  return Tile(number / column_tiles % row_tiles * ${size}u, number % column_tiles * ${size}u, number / column_tiles / row_tiles);
}

fn multiply(tile: Tile, lane: u32) {
  let a_base = tile.stack * params.a_stack;
  let b_base = tile.stack * params.b_stack;
  let x = lane % 8u;
  let y = lane / 8u;
${rows
  .map(
    (i) =>
      `  ${range(quarters)
        .map((j) => `var ${sum(i, j)} = vec4f();`)
        .join(" ")}`,
  )
  .join("\n")}
  for (var k = 0u; k < params.inner; k += DEPTH) {
    // neighbours read what lies together: along the inner axis, or along the row or column
    for (var trip = 0u; trip < ${passes}u; trip++) {
      let n = trip * 64u + lane;
      let a_depth = select(n % DEPTH, n / WIDE, TRANSPOSE_A == 1u);
      let a_part = select(n / DEPTH, n % WIDE, TRANSPOSE_A == 1u);
      let b_depth = select(n % DEPTH, n / WIDE, TRANSPOSE_B == 0u);
      let b_part = select(n / DEPTH, n % WIDE, TRANSPOSE_B == 0u);
      tile_a[a_depth * ROW + a_part] = load_a(a_base, tile.row + 4u * a_part, k + a_depth);
      tile_b[b_depth * ROW + b_part] = load_b(b_base, tile.column + 4u * b_part, k + b_depth);
    }
    workgroupBarrier();
    for (var depth = 0u; depth < DEPTH; depth++) {
${range(quarters)
  .map((q) => `      let a${q} = tile_a[depth * ROW + y${q ? ` + ${8 * q}u` : ""}];`)
  .join("\n")}
${range(quarters)
  .map((q) => `      let b${q} = tile_b[depth * ROW + x${q ? ` + ${8 * q}u` : ""}];`)
  .join("\n")}
${rows
  .map(
    (i) =>
      `      ${range(quarters)
        .map((j) => `${sum(i, j)} += a${i >> 2}.${AXES[i & 3]} * b${j};`)
        .join(" ")}`,
  )
  .join("\n")}
    }
    // nobody loads the next tile before everybody has used this one
    workgroupBarrier();
  }

  var held = array<vec4f, ${4 * quarters * quarters}>(${rows.flatMap((i) => range(quarters).map((j) => sum(i, j))).join(", ")});
  for (var n = 0u; n < ${4 * quarters * quarters}u; n++) {
    let row = tile.row + ${quarters === 1 ? "n" : "n / 8u * 32u + n / 2u % 4u"} + 4u * y;
    let column = tile.column + ${quarters === 1 ? "" : "n % 2u * 32u + "}4u * x;
    if (row < params.rows) {
      let at = (tile.stack * params.rows + row) * params.columns + column;
      for (var e = 0u; e < min(4u, max(params.columns, column) - column); e++) { c[at + e] = epilogue(at + e, held[n][e]); }
    }
  }
}

// One row an invocation.
fn add_row(tile: Tile, lane: u32) {
  let row = tile.row + lane;
  if (lane >= ${size}u || row >= params.rows) { return; }
  var total = 0.0;
  for (var k = 0u; k < params.inner; k++) { total += a_at(tile.stack * params.a_stack, row, k); }
  sums[tile.stack * params.rows + row] = total;
}

@compute @workgroup_size(8, 8)
fn product(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let number = group_number(id, groups);
  let tile = tile_of(number);
  if (tile.stack < params.stacks) {
    multiply(tile, lane);
    let done = finish(number * 64u + lane);
  }
}

@compute @workgroup_size(8, 8)
fn product_and_sums(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let tile = tile_of(group_number(id, groups));
  if (tile.stack < params.stacks) {
    multiply(tile, lane);
    if (tile.column == 0u) { add_row(tile, lane); }
  }
}
`;
}

const files = {
  "matmul_tiled.wgsl": product({
    name: "matmul_tiled",
    summary: "product of two stacks of matrices, 64 × 64 elements a workgroup.",
    quarters: 2,
  }),
  "matmul_tiled_small.wgsl": product({
    name: "matmul_tiled_small",
    summary: "product of two stacks of matrices, 32 × 32 elements a workgroup.",
    quarters: 1,
  }),
};
const check = process.argv.includes("--check");
for (const [file, text] of Object.entries(files)) {
  const path = join(here, file);
  if (!check) writeFileSync(path, text);
  else if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
    console.error(`shaders/${file}: differs from what matmul_tiled.mjs writes. Run npm run fix.`);
    process.exitCode = 1;
  }
}
