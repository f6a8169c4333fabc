// matmul_load_vec4 — how a product in registers reads and writes whole vec4f: every extent that a load runs along is a multiple of 4.

@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> c: array<vec4f>;

//#include "lib/epilogue_vec4.wgsl"

fn vec4s(elements: u32) -> u32 { return elements / 4u; }

// Where the four loads of a block begin: one for each of four rows, or for each of four inner positions.
fn starts(first: u32, count: u32, along_inner: bool) -> vec4u {
  if (along_inner) { return min(first + vec4u(0u, 1u, 2u, 3u), vec4u(count - 1u)) * (params.inner / 4u); }
  return min(first, count - 4u) / 4u + vec4u(0u, 1u, 2u, 3u) * (count / 4u);
}
// What a start advances by from one block to the next along the inner axis.
fn stride(count: u32, along_inner: bool) -> u32 { return select(count, 1u, along_inner); }

fn a_block(start: vec4u, step: u32) -> mat4x4f {
  let at = start + step * stride(params.rows, TRANSPOSE_A == 0u);
  let {e} = a[at.{e}]; //#repeat e in x y z w
  let loaded = mat4x4f(x, y, z, w);
  if (TRANSPOSE_A == 1u) { return transpose(loaded); }
  return loaded;
}
fn b_block(start: vec4u, step: u32) -> mat4x4f {
  let at = start + step * stride(params.columns, TRANSPOSE_B == 1u);
  let {e} = b[at.{e}]; //#repeat e in x y z w
  let loaded = mat4x4f(x, y, z, w);
  if (TRANSPOSE_B == 1u) { return transpose(loaded); }
  return loaded;
}

fn store_row(at: u32, column: u32, value: vec4f) {
  if (column < params.columns) { c[at >> 2u] = epilogue_vec4(at >> 2u, value); }
}
