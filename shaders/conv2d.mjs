// conv2d — writes the unrolled kernels of the convolutions: conv2d*.wgsl, all but conv2d_pack.wgsl.
//
// They differ in the tile an invocation holds in registers and in how its channels are loaded, so that the text is
// the same everywhere else. Named registers: an indexed array would live in memory on some devices.
//
//   node shaders/conv2d.mjs            writes the files
//   node shaders/conv2d.mjs --check    exits with 1 where a committed one differs

import {
  declared,
  folded,
  LETTERS,
  loaders,
  MOST_TERMS,
  pick,
  places,
  plus,
  products,
  QUAD_SWAP_NOTE,
  summed,
} from "./conv2d_registers.mjs";
import { lines, range, write } from "./unrolled.mjs";

function convolution({ suffix, quarters, pixels, loader, summary }) {
  const name = `conv2d${suffix}`;
  const channels = 4 * quarters;
  const names = range(pixels).flatMap((j) => range(quarters).map((r) => `${LETTERS[r]}${j}`));
  const term = (n) =>
    products(
      range(quarters).map((r) => ({
        name: `w${r}`,
        load: `let w${r} = weights(${plus(n ? `k + ${n}u * apart` : "k", r)}, lane);`,
      })),
      range(pixels).map((j) => ({
        name: `v${j}`,
        load: `let v${j} = loaded(${n ? `later(t${j}, p${j}, walk, ${n}u, columns)` : `t${j}`});`,
      })),
    );
  return {
    [`${name}.wgsl`]: `// ${name} — ${summary}
//
//   forward    y[n,o,i,j] = Σ_{c,p,q} w[o,c,p,q] · x[n, c, i·s + p·d − pad, j·s + q·d − pad]
//   by_input   x[n,c,i,j] = Σ_{o,p,q} w[o,c,p,q] · y[n, o, (i + pad − p·d)/s, (j + pad − q·d)/s]     where both are whole
//              (∂x of forward, and the transposed convolution)
//
// shapes     source x or y, result y or x: [batch, channels, height, width];  packed: conv2d_pack of w at TILE ${channels};  row-major
//            f32. Channels in \`groups\` blocks, each of which sees its own block of the source only; stride s, dilation d
// grid       1-D: (block of LANES·${pixels} pixels, phase, group, tile of ${channels} channels), the last one fastest. Rows of the implied
//            product are the pixels of all images, so that small images fill a workgroup together
// memory     no workgroup memory; an invocation holds ${channels} channels × ${pixels} pixels, LANES pixels apart: the source is read
//            ⌈channels/${channels}⌉ times a tap, the weights once a workgroup
// numerics   sums run in order of tap, then channel; k = channels · taps > 1024 terms go in three levels (lib/long.wgsl):
//            |error| ≤ γ_m · Σ|w·x| with m = min(k, 3·STEP·block_of(k/STEP)), u = 2⁻²⁴; what lies outside of the source counts as 0
${loader === loaders.quadSwap ? QUAD_SWAP_NOTE + "\n" : ""}// source     written by conv2d.mjs

${loader.enable}//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/functions.wgsl"
//#include "lib/extras.wgsl"
//#include "lib/side_output.wgsl"
//#include "lib/conv2d.wgsl"
//#include "lib/long.wgsl"

const LANES = 64u;
// 1 where the channels fill all tiles
const WHOLE = 0u;

@group(0) @binding(2) var<storage, read> packed: ${loader.packed};

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

fn store(at: u32, channel: u32, size: u32, value: f32) {
  if (WHOLE == 0u && channel >= params.channels) { return; }
  let i = at + channel * size;
  result[i] = epilogue(i, value);
}

${loader.weights}

struct Work {
  tile: u32,  // of ${channels} channels
  tiles: u32,
  group: u32,
  phase: u32,
  first: u32, // pixel
}

fn work(number: u32, phases: u32) -> Work {
  let tiles = (params.channels + ${channels - 1}u) / ${channels}u;
  let blocks = number / tiles / params.groups;
  let first = blocks / phases * LANES * ${pixels}u;
  return Work(number % tiles, tiles, number / tiles % params.groups, blocks % phases, first);
}

@compute @workgroup_size(LANES)
fn forward(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let rows = forward_axis(params.height, params.stride_y, params.dilation_y, params.pad_top);
  let columns = forward_axis(params.width, params.stride_x, params.dilation_x, params.pad_left);
  let number = group_number(id, groups);
  convolve(work(number, 1u), rows, columns, lane);
  let done = finish(number * LANES + lane);
}

@compute @workgroup_size(LANES)
fn by_input(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let number = group_number(id, groups);
  let own = work(number, params.stride_y * params.stride_x);
  let y = own.phase / params.stride_x;
  let x = own.phase % params.stride_x;
  let rows = input_axis(y, params.height, params.kernel_height, params.stride_y, params.dilation_y, params.pad_top);
  let columns = input_axis(x, params.width, params.kernel_width, params.stride_x, params.dilation_x, params.pad_left);
  convolve(own, rows, columns, lane);
  let done = finish(number * LANES + lane);
}

fn convolve(own: Work, rows: Axis, columns: Axis, lane: u32) {
  let pixels = params.batch * rows.count * columns.count;
  if (own.first >= pixels) { return; }
  let number = own.first + lane;
${lines(
  2,
  range(pixels).map((j) => `let p${j} = pixel(number${j ? ` + ${j}u * LANES` : ""}, own.group, rows, columns);`),
)}
${lines(
  2,
  range(pixels).map((j) =>
    range(quarters)
      .map((r) => `var ${LETTERS[r]}${j} = vec4f();`)
      .join(" "),
  ),
)}

${lines(2, [...declared(names, "group_"), ...declared(names, "total_")])}
  var count = 0u;
  let most = max(run_of((params.kernel_height * params.kernel_width * params.sums + STEP - 1u) / STEP), 64u);

  let kernel = (own.group * own.tiles + own.tile) * params.kernel_height;
  let apart = ${quarters}u * select(1u, columns.step * params.sums, STEP_ALONG_ROW == 1u);
  var walk = begin(rows, columns);
  while (walk.tap_y < params.kernel_height) {
  for (var n = 0u; n < most && walk.tap_y < params.kernel_height; n++) {
${lines(
  4,
  range(pixels).map((j) => `let t${j} = tap(p${j}, walk);`),
)}
    let k = ${quarters}u * (((kernel + walk.tap_y) * params.kernel_width + walk.tap_x) * params.sums + walk.channel);
    {
${lines(6, term(0))}
    }
${range(MOST_TERMS)
  .slice(1)
  .map((n) => `    if (STEP > ${n}u) {\n${lines(6, term(n))}\n    }`)
  .join("\n")}
    walk = further(walk, rows, columns);
  }
    if (MANY_TERMS == 1u) {
      count++;
${lines(6, folded(names, "", "group_"))}
      if (ends(count, most)) {
${lines(8, folded(names, "group_", "total_"))}
      }
    }
  }
  if (MANY_TERMS == 1u) {
${lines(4, summed(names))}
  }

  let size = params.height * params.width;
  for (var j = 0u; j < ${pixels}u; j++) {
    if (number + j * LANES < pixels) {
${lines(6, places(pixels))}
      let at = ${pick(range(pixels).map((j) => `p${j}.result`))};
${lines(
  6,
  range(quarters).flatMap((r) => [
    `let sum${r} = ${pick(range(pixels).map((j) => `${LETTERS[r]}${j}`))};`,
    ...range(4).map((m) => `store(at, own.tile * ${channels}u + ${plus(loader.slot(m), 4 * r)}, size, sum${r}[${m}]);`),
  ]),
)}
    }
  }
}
`,
  };
}

function weightGradient(loader) {
  const name = `conv2d_weight${loader.name}`;
  const [quarters, columns] = [4, 4];
  const registers = range(columns).flatMap((j) => range(quarters).map((r) => `${LETTERS[r]}${j}`));
  const step = [
    "let s = position(place, own);",
    ...products(
      range(quarters).map((r) => ({
        name: `g${r}`,
        load: `let g${r} = gradients(${r ? `s.gradient + ${4 * r}u * area` : "s.gradient"}, area, lane);`,
      })),
      range(columns).map((j) => ({ name: `v${j}`, load: `let v${j} = value(s, k${j});` })),
    ),
    "place = next(place, stride);",
  ];
  return {
    [`${name}.wgsl`]: `// ${name} — gradient of a convolution by its weights: an implicit product over all pixels, split among invocations.
//
//   partial    part[z,o,c,p,q] = Σ_{(n,i,j) in k_slice z} g[n,o,i,j] · x[n, c, i·s + p·d − pad, j·s + q·d − pad]
//              (total adds the k_slices); where SUMS is 1 also Σ g[n,o,i,j], as a last column
//
// shapes     source x [batch, channels, source_height, source_width], gradient g [batch, rows, height, width], both in \`groups\`
//            blocks of channels;  w [groups·rows, columns], columns = channels of a group · taps, and
//            one more where SUMS is 1;  part [k_slices·WALKERS, …w];  row-major f32
// grid       1-D (k_slice, group, tile of 16 rows, tile of 16 columns), the last one fastest; an invocation takes 16 rows
//            and 4 columns at every WALKERS-th pixel of the k_slice
// memory     no workgroup memory; 64 registers of sums an invocation. x is read ⌈rows/16⌉ times a tap, g ⌈columns/16⌉ times
// numerics   an invocation adds \`k_steps\` terms in order, more than 1024 in three levels (lib/long.wgsl): |error| ≤ γ_m · Σ|g·x| with
//            m = min(k_steps, 3·block_of(k_steps)), then total's, u = 2⁻²⁴; what lies outside of x counts as 0
${loader === loaders.quadSwap ? QUAD_SWAP_NOTE + "\n" : ""}// source     written by conv2d.mjs

${loader.enable}//#include "lib/grid.wgsl"
//#include "lib/conv2d_weight.wgsl"
//#include "lib/long.wgsl"

const LANES = 64u;
// Invocations that share a tile, each with its own pixels.
const WALKERS = LANES / 4u;

${loader.gradients}

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
${lines(
  2,
  range(columns).map((j) => `let k${j} = column(own.column + ${4 * j}u + lane % 4u);`),
)}
${lines(
  2,
  range(columns).map((j) =>
    range(quarters)
      .map((r) => `var ${LETTERS[r]}${j} = vec4f();`)
      .join(" "),
  ),
)}
${lines(2, [...declared(registers, "group_"), ...declared(registers, "total_")])}
  // an even number, as k_steps is
  let size = max(run_of(params.k_steps), 64u);

  let stride = place_of(WALKERS);
  var place = place_of(own.k_slice * params.k_steps * WALKERS + walker);
  for (var first_step = 0u; first_step < params.k_steps; first_step += size) {
  for (var k_step = first_step; k_step < min(first_step + size, params.k_steps); k_step += 2u) {
    {
${lines(6, step)}
    }
    {
${lines(6, step)}
    }
  }
    if (MANY_TERMS == 1u) {
${lines(6, folded(registers, "", "group_"))}
      if (ends(first_step / size + 1u, size)) {
${lines(8, folded(registers, "group_", "total_"))}
      }
    }
  }
  if (MANY_TERMS == 1u) {
${lines(4, summed(registers))}
  }

  var sums = array<vec4f, ${quarters * columns}>(${registers.join(", ")});
  let first = ((own.k_slice * WALKERS + walker) * params.groups + own.group) * params.rows;
  for (var j = 0u; j < ${columns}u; j++) {
    let at = own.column + 4u * j + lane % 4u;
    if (at < columns) {
      for (var r = 0u; r < ${quarters}u; r++) {
        let sum = sums[j * ${quarters}u + r];
        let row = own.row + 4u * r;
${lines(
  8,
  range(4).map((m) => `store(first, row + ${loader.slot(m)}, columns, at, sum[${m}]);`),
)}
      }
    }
  }
}
`,
  };
}

write({
  ...convolution({
    suffix: "",
    quarters: 4,
    pixels: 4,
    loader: loaders.vec4,
    summary: "2-D convolutions and their gradients by the input, as implicit matrix products.",
  }),
  ...convolution({
    suffix: "_quadswap",
    quarters: 4,
    pixels: 4,
    loader: loaders.quadSwap,
    summary: "conv2d with the channels of a tile passed round among four invocations.",
  }),
  ...convolution({
    suffix: "_4x8",
    quarters: 1,
    pixels: 8,
    loader: loaders.vec4,
    summary: "conv2d for few channels of the result.",
  }),
  ...weightGradient(loaders.vec4),
  ...weightGradient(loaders.quadSwap),
});
