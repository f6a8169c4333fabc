// sort — what the kernels of both ways to sort share: keys that are in order, eight elements in order, two runs being merged.

//#include "lib/order.wgsl"

const LANES = 128u;
// the network below is for eight
const PER = 8u;
// 0 f32, 1 i32, 2 u32
const TYPE = 0u;
const LAST = 0xffffffffu;

struct Params { lines: u32, extent: u32, inner: u32, width: u32, run: u32, chunk: u32, flip: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> pairs: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> into: array<vec2u>;
@group(0) @binding(4) var<storage, read_write> y: array<u32>;
@group(0) @binding(5) var<storage, read_write> index: array<u32>;

// the place in x of element r of a line
fn place_of(line: u32, r: u32) -> u32 {
  return ((line / params.inner) * params.extent + r) * params.inner + line % params.inner;
}

// an integer that is in order where the element is, or in reverse order
fn key(word: u32) -> u32 {
  var k = word;
  if (TYPE == 0u) { k = order_of(word); }
  if (TYPE == 1u) { k = word ^ 0x80000000u; }
  return k ^ params.flip;
}

// element r of a line with its key; what lies past the end of the line comes last
fn pair(line: u32, r: u32) -> vec2u {
  if (line >= params.lines || r >= params.extent) { return vec2u(LAST, r); }
  return vec2u(key(x[place_of(line, r)]), r);
}

fn store(line: u32, r: u32, value: vec2u) {
  let i = place_of(line, r);
  y[i] = x[place_of(line, value.y)];
  index[i] = value.y;
}

fn order(a: ptr<function, vec2u>, b: ptr<function, vec2u>) {
  let first = *a;
  let second = *b;
  let swaps = first.x > second.x || (first.x == second.x && first.y > second.y);
  *a = select(first, second, swaps);
  *b = select(second, first, swaps);
}

// eight neighbours of a line in order
struct Eight { p0: vec2u, p1: vec2u, p2: vec2u, p3: vec2u, p4: vec2u, p5: vec2u, p6: vec2u, p7: vec2u }

fn eight(line: u32, r: u32) -> Eight {
  var p0 = pair(line, r);
  var p1 = pair(line, r + 1u);
  var p2 = pair(line, r + 2u);
  var p3 = pair(line, r + 3u);
  var p4 = pair(line, r + 4u);
  var p5 = pair(line, r + 5u);
  var p6 = pair(line, r + 6u);
  var p7 = pair(line, r + 7u);
  order(&p0, &p1); order(&p2, &p3); order(&p4, &p5); order(&p6, &p7);
  order(&p0, &p2); order(&p1, &p3); order(&p4, &p6); order(&p5, &p7);
  order(&p1, &p2); order(&p5, &p6);
  order(&p0, &p4); order(&p1, &p5); order(&p2, &p6); order(&p3, &p7);
  order(&p2, &p4); order(&p3, &p5);
  order(&p1, &p2); order(&p3, &p4); order(&p5, &p6);
  return Eight(p0, p1, p2, p3, p4, p5, p6, p7);
}

// Two runs that are being merged: the next pair of each, where they lie, and where the runs end.
struct Heads { a: vec2u, b: vec2u, i: u32, j: u32, a_end: u32, b_end: u32 }

fn takes_a(h: Heads) -> bool {
  let is_next = h.a.x <= h.b.x && h.a_end > h.i;
  return is_next || h.j >= h.b_end;
}

// The pair of runs that element r of a line is merged from: where a starts, and both lengths.
struct Runs { start: u32, a_count: u32, b_count: u32 }
fn runs_at(r: u32) -> Runs {
  let start = r - r % (2u * params.run);
  let middle = min(start + params.run, params.extent);
  return Runs(start, middle - start, min(middle + params.run, params.extent) - middle);
}

// how many of the first d of two merged runs are a's: a comes first where keys are equal
fn pairs_split(first: u32, a_count: u32, b_count: u32, d: u32) -> u32 {
  var low = d - min(d, b_count);
  var high = min(d, a_count);
  while (low < high) {
    let middle = (low + high) >> 1u;
    if (pairs[first + middle].x <= pairs[first + a_count + d - 1u - middle].x) { low = middle + 1u; } else { high = middle; }
  }
  return low;
}
