// gather — elements of an array at given positions along one axis, and their sum back into their places.
//
//   rows             y[o,p,j]  = x[o, index[p], j]                   f32         (ALONG: index[o,p,j] in all entry points)
//   words            y[o,p,j]  = x[o, index[p], j]                   u32 or i32, unchanged
//   bytes            y[o,p,j]  = scale · x[o, index[p], j]           x bytes, four to a word, the lowest first, from byte `first` on
//   scatter          dx[o,r,j] = Σ_{p : index[p] = r} g[o,p,j]       (∂x of rows)
//   scatter_sorted   the same; index comes sorted (as u32), and `order` says where each was
//
// shapes     x and dx [outer, entries, width], index [picks], y and g [outer, picks, width];  row-major
//            ALONG: index (and order) [outer, picks, width], sorted along its second axis.  size: elements of what is written
// grid       ⌈size / (LANES · PER)⌉ workgroups, folded;  scatter, scatter_sorted: ⌈size / LANES⌉, one element per invocation
// memory     rows, words, bytes: x is read once per pick.  scatter: every invocation reads `picks` indices.
//            scatter_sorted: it finds its own among them by bisection
// registers  at most 12 an invocation on RDNA 2 and 3; bound by memory or waits, not multiply-adds
// numerics   an index ≥ 2³¹ has `wrap` added, the entries where indices are signed: −1 is the last one. Outside [0, entries)
//            results are the bits of `outside`, and every sum of a line with such an index is NaN.  bytes: one rounding.
//            scatter, scatter_sorted: in order of p, without atomics, by 16, 256, 4096 and 65536:  |error| ≤ (68 + m/2¹⁶)·u·Σ|g|,
//            m = the hits of the element, u = 2⁻²⁴

//#include "lib/hooked.wgsl"

const LANES = 64u;
const PER = 4u;
const ALONG = 0u;

struct Params { size: u32, picks: u32, width: u32, entries: u32, wrap: u32, outside: u32, first: u32, scale: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<storage, read_write> y_words: array<u32>;
@group(0) @binding(6) var<storage, read_write> dx: array<f32>;
@group(0) @binding(7) var<storage, read> order: array<u32>;

//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

fn entry(word: u32) -> u32 { return select(word, word + params.wrap, word >= 0x80000000u); }

// where element i of the result lies in x; all ones where it is outside
fn place(i: u32) -> u32 {
  let q = i / params.width;
  let r = entry(index[select(q % params.picks, i, ALONG == 1u)]);
  return select(0xffffffffu, (q / params.picks * params.entries + r) * params.width + i % params.width, r < params.entries);
}

fn word(i: u32) -> u32 {
  let at = place(i);
  if (at == 0xffffffffu) { return params.outside; }
  return x[at];
}

@compute @workgroup_size(LANES)
fn rows(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = group_number(id, groups) * (LANES * PER) + lane;
  for (var k = 0u; k < PER; k++) {
    let i = first + k * LANES;
    if (i < params.size) { y[i] = epilogue(i, bitcast<f32>(word(i))); }
  }
}

@compute @workgroup_size(LANES)
fn words(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = group_number(id, groups) * (LANES * PER) + lane;
  for (var k = 0u; k < PER; k++) {
    let i = first + k * LANES;
    if (i < params.size) { y_words[i] = word(i); }
  }
}

@compute @workgroup_size(LANES)
fn bytes(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = group_number(id, groups) * (LANES * PER) + lane;
  for (var k = 0u; k < PER; k++) {
    let i = first + k * LANES;
    if (i < params.size) {
      let at = place(i);
      let byte_at = params.first + at;
      var value = bitcast<f32>(params.outside);
      if (at != 0xffffffffu) { value = params.scale * f32((x[byte_at >> 2u] >> (8u * (byte_at & 3u))) & 255u); }
      y[i] = epilogue(i, value);
    }
  }
}

// A running sum of running sums of at most 16 terms each.
struct Sum { count: u32, ones: f32, parts: vec4f }
fn added(s: Sum, value: f32) -> Sum {
  var t = s;
  t.count++;
  t.ones += value;
  if ((t.count & 15u) == 0u) { t.parts.x += t.ones; t.ones = 0.0; }
  if ((t.count & 255u) == 0u) { t.parts.y += t.parts.x; t.parts.x = 0.0; }
  if ((t.count & 4095u) == 0u) { t.parts.z += t.parts.y; t.parts.y = 0.0; }
  if ((t.count & 65535u) == 0u) { t.parts.w += t.parts.z; t.parts.z = 0.0; }
  return t;
}
fn total(s: Sum, is_right: bool) -> f32 {
  return select(bitcast<f32>(params.outside), s.parts.w + (s.parts.z + (s.parts.y + (s.parts.x + s.ones))), is_right);
}

// What an element of dx sums over: g[start + p·width] with the index at at + p·step.
struct Line { r: u32, start: u32, at: u32, step: u32 }
fn line_of(n: u32) -> Line {
  let q = n / params.width;
  let start = q / params.entries * params.picks * params.width + n % params.width;
  return Line(q % params.entries, start, select(0u, start, ALONG == 1u), select(1u, params.width, ALONG == 1u));
}

@compute @workgroup_size(LANES)
fn scatter(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = group_number(id, groups) * LANES + lane;
  if (n >= params.size) { return; }
  let line = line_of(n);
  var sum = Sum(0u, 0.0, vec4f());
  var is_right = true;
  for (var p = 0u; p < params.picks; p++) {
    let r = entry(index[line.at + p * line.step]);
    is_right = is_right && r < params.entries;
    if (r == line.r) { sum = added(sum, g[line.start + p * params.width]); }
  }
  dx[n] = epilogue(n, total(sum, is_right));
}

// the first of the line's sorted indices that is not below `least`
fn lower(line: Line, least: u32) -> u32 {
  var low = 0u;
  var high = params.picks;
  while (low < high) {
    let middle = (low + high) >> 1u;
    if (index[line.at + middle * line.step] < least) { low = middle + 1u; } else { high = middle; }
  }
  return low;
}
fn hits(sum: Sum, line: Line, key: u32) -> Sum {
  var s = sum;
  for (var k = lower(line, key); k < params.picks; k++) {
    let at = line.at + k * line.step;
    if (index[at] != key) { break; }
    s = added(s, g[line.start + order[at] * params.width]);
  }
  return s;
}

@compute @workgroup_size(LANES)
fn scatter_sorted(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = group_number(id, groups) * LANES + lane;
  if (n >= params.size) { return; }
  let line = line_of(n);
  var sum = hits(Sum(0u, 0.0, vec4f()), line, line.r);
  if (params.wrap != 0u) { sum = hits(sum, line, line.r - params.entries); }
  let past = lower(line, params.entries);
  var is_right = past == params.picks;
  if (!is_right && params.wrap != 0u) { is_right = index[line.at + past * line.step] >= 0u - params.entries; }
  dx[n] = epilogue(n, total(sum, is_right));
}
