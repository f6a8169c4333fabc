// conv2d_window — what three taps side by side meet in the source at four pixels side by side.

// Where taps without gaps between them share what they meet: the horizontal stride, 1 or 2; 0 elsewhere.
const SHARED = 0u;

// The columns of the source that three taps meet at four pixels: each once where they share them, else four for each tap.
// Columns left of the source are large as u32: one comparison finds all that lies outside.
struct Columns { a: vec4u, b: vec4u, c: vec4u }
fn columns(x: u32) -> Columns {
  let steps = vec4u(0u, 1u, 2u, 3u);
  if (SHARED != 0u) { return Columns(x + steps, x + 4u + steps, vec4u(x + 8u)); }
  let pixels = x + params.stride_x * steps;
  return Columns(pixels, pixels + params.dilation_x, pixels + 2u * params.dilation_x);
}
fn clamped(columns: Columns) -> Columns {
  let last = vec4u(params.source_width - 1u);
  return Columns(min(columns.a, last), min(columns.b, last), min(columns.c, last));
}

fn two(start: u32, x: vec4u, inside: vec4<bool>) -> vec4f {
  return select(vec4f(), vec4f(source[start + x.x], source[start + x.y], 0.0, 0.0), inside);
}
fn load4(start: u32, x: vec4u, inside: vec4<bool>) -> vec4f {
  return select(vec4f(), vec4f(source[start + x.x], source[start + x.y], source[start + x.z], source[start + x.w]), inside);
}

// What each of three taps meets at the four pixels of a run.
struct Window { a: vec4f, b: vec4f, c: vec4f }
fn window(start: u32, row: bool, at: Columns, real: Columns) -> Window {
  let end = select(0u, params.source_width, row);
  let a = load4(start, at.a, real.a < vec4u(end));
  if (SHARED == 1u) {
    let b = two(start, at.b, real.b < vec4u(end));
    return Window(a, vec4f(a.yzw, b.x), vec4f(a.zw, b.xy));
  }
  let b = load4(start, at.b, real.b < vec4u(end));
  if (SHARED == 2u) {
    let last = select(0.0, source[start + at.c.x], real.c.x < end);
    return Window(vec4f(a.xz, b.xz), vec4f(a.yw, b.yw), vec4f(a.z, b.xz, last));
  }
  return Window(a, b, load4(start, at.c, real.c < vec4u(end)));
}
