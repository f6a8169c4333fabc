// matmul_loaders — how the unrolled products load a block and store their results: in vec4f, or element by element.

/** Reads whole vec4f: every extent that a load runs along is a multiple of 4. */
export const wide = {
  element: "vec4f",
  result: "vec4f",
  store: `    if (column < params.columns) { c[at >> 2u] = epilogue_vec4(at >> 2u, (*blocks)[n][i]); }`,
  hook: `
//#include "lib/epilogue_vec4.wgsl"`,
  shapes: `//            inner and columns multiples of 4, so are rows where TRANSPOSE_A, and the strides of stacks`,
  edges: "rows and columns past the end repeat the last ones and are not stored",
  base: (stack) => `${stack} / 4u`,
  text: `
// Where the four loads of a block begin: one for each of four rows, or for each of four inner positions.
fn starts(first: u32, count: u32, along_inner: bool) -> vec4u {
  if (along_inner) { return min(first + vec4u(0u, 1u, 2u, 3u), vec4u(count - 1u)) * (params.inner / 4u); }
  return min(first, count - 4u) / 4u + vec4u(0u, 1u, 2u, 3u) * (count / 4u);
}
// What a start advances by from one block to the next along the inner axis.
fn stride(count: u32, along_inner: bool) -> u32 { return select(count, 1u, along_inner); }

fn a_block(start: vec4u, step: u32) -> mat4x4f {
  let at = start + step * stride(params.rows, TRANSPOSE_A == 0u);
  let x = a[at.x];
  let y = a[at.y];
  let z = a[at.z];
  let w = a[at.w];
  let loaded = mat4x4f(x, y, z, w);
  if (TRANSPOSE_A == 1u) { return transpose(loaded); }
  return loaded;
}
fn b_block(start: vec4u, step: u32) -> mat4x4f {
  let at = start + step * stride(params.columns, TRANSPOSE_B == 1u);
  let x = b[at.x];
  let y = b[at.y];
  let z = b[at.z];
  let w = b[at.w];
  let loaded = mat4x4f(x, y, z, w);
  if (TRANSPOSE_B == 1u) { return transpose(loaded); }
  return loaded;
}
`,
};

/** Reads element by element, so that any shape will do. */
export const single = {
  element: "f32",
  result: "f32",
  hook: "",
  store: `    for (var j = 0u; j < min(4u, max(params.columns, column) - column); j++) { c[at + j] = epilogue(at + j, (*blocks)[n][i][j]); }`,
  shapes: `//            of any size`,
  edges:
    "rows and columns past the end repeat the last ones and are not stored, inner positions past the end count as 0",
  base: (stack) => stack,
  text: `
// Where four rows (or columns) begin.
fn starts(first: u32, count: u32, along_inner: bool) -> vec4u {
  return min(first + vec4u(0u, 1u, 2u, 3u), vec4u(count - 1u)) * select(1u, params.inner, along_inner);
}
fn a_at(start: u32, k: u32) -> f32 {
  let last = min(k, params.inner - 1u);
  return select(0.0, a[start + select(last, last * params.rows, TRANSPOSE_A == 1u)], k < params.inner);
}
fn b_at(start: u32, k: u32) -> f32 {
  let last = min(k, params.inner - 1u);
  return select(0.0, b[start + select(last * params.columns, last, TRANSPOSE_B == 1u)], k < params.inner);
}
fn a_run(start: u32, k: u32) -> vec4f { return vec4f(a_at(start, k), a_at(start, k + 1u), a_at(start, k + 2u), a_at(start, k + 3u)); }
fn b_run(start: u32, k: u32) -> vec4f { return vec4f(b_at(start, k), b_at(start, k + 1u), b_at(start, k + 2u), b_at(start, k + 3u)); }

fn a_block(at: vec4u, step: u32) -> mat4x4f {
  let k = step * 4u;
  return mat4x4f(a_run(at.x, k), a_run(at.y, k), a_run(at.z, k), a_run(at.w, k));
}
fn b_block(at: vec4u, step: u32) -> mat4x4f {
  let k = step * 4u;
  return transpose(mat4x4f(b_run(at.x, k), b_run(at.y, k), b_run(at.z, k), b_run(at.w, k)));
}
`,
};
