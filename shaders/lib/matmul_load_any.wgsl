// matmul_load_any — how a product in registers reads and writes element by element, so that any shape will do.

@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;

fn vec4s(elements: u32) -> u32 { return elements; }

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
//#repeat m in a b
fn {m}_run(start: u32, k: u32) -> vec4f {
  return vec4f({m}_at(start, k), {m}_at(start, k + 1u), {m}_at(start, k + 2u), {m}_at(start, k + 3u));
}
//#end

fn a_block(at: vec4u, step: u32) -> mat4x4f {
  let k = step * 4u;
  return mat4x4f(a_run(at.x, k), a_run(at.y, k), a_run(at.z, k), a_run(at.w, k));
}
fn b_block(at: vec4u, step: u32) -> mat4x4f {
  let k = step * 4u;
  return transpose(mat4x4f(b_run(at.x, k), b_run(at.y, k), b_run(at.z, k), b_run(at.w, k)));
}

fn store_row(at: u32, column: u32, value: vec4f) {
  for (var j = 0u; j < min(4u, max(params.columns, column) - column); j++) { c[at + j] = epilogue(at + j, value[j]); }
}
