// sort_chunks — as sort, by single invocations that share nothing: for adapters on which a workgroup's barriers are dear.
//
//   runs          each PER elements of a line in order, as pairs (key, place)
//   merge_chunks  two neighbouring runs of pairs become one, `chunk` pairs per invocation
//   last_chunks   the same, and writes y and index instead of pairs
//
// shapes     x, y, index [outer, extent, inner]; pairs, into [outer·inner, extent];  lines = outer·inner;
//            run: length of the runs that are merged;  chunk divides 2·run;  flip: 0, or all ones for the largest first
// grid       runs: lines·⌈extent / PER⌉ invocations;  chunks: lines·⌈extent / chunk⌉
// memory     every launch reads and writes every pair once; the last one reads x at random places
// numerics   exact: bits are moved, never computed with.  NaN is above all numbers, −0 equal to 0
// source     merge path: Odeh, Green, Mwassi, Shmueli & Birk 2012

//#include "lib/grid.wgsl"
//#include "lib/sort.wgsl"

@compute @workgroup_size(LANES)
fn runs(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let per_line = (params.extent + PER - 1u) / PER;
  let n = group_number(id, groups) * LANES + lane;
  let line = n / per_line;
  if (line >= params.lines) { return; }
  let r = (n % per_line) * PER;
  let left = params.extent - r;
  let at = line * params.extent + r;
  let p = eight(line, r);
  into[at] = p.p0;
  if (left > 1u) { into[at + 1u] = p.p1; }
  if (left > 2u) { into[at + 2u] = p.p2; }
  if (left > 3u) { into[at + 3u] = p.p3; }
  if (left > 4u) { into[at + 4u] = p.p4; }
  if (left > 5u) { into[at + 5u] = p.p5; }
  if (left > 6u) { into[at + 6u] = p.p6; }
  if (left > 7u) { into[at + 7u] = p.p7; }
}

// Merged pairs of a line that one invocation finds: `count` of them from element r on.
struct Chunk { line: u32, r: u32, count: u32 }
fn chunk_of(n: u32) -> Chunk {
  let per_line = (params.extent + params.chunk - 1u) / params.chunk;
  let r = (n % per_line) * params.chunk;
  return Chunk(n / per_line, r, min(params.chunk, params.extent - r));
}

// the heads of the runs that `chunk` merged pairs of a line come from, from element r on
fn chunk_heads(line: u32, r: u32) -> Heads {
  let runs = runs_at(r);
  let first = line * params.extent + runs.start;
  let d = r - runs.start;
  let i = pairs_split(first, runs.a_count, runs.b_count, d);
  let a_end = first + runs.a_count;
  return Heads(pairs[first + i], pairs[a_end + d - i], first + i, a_end + d - i, a_end, a_end + runs.b_count);
}

fn next_pair(heads: ptr<function, Heads>) -> vec2u {
  let h = *heads;
  let left = takes_a(h);
  let i = h.i + select(0u, 1u, left);
  let j = h.j + select(1u, 0u, left);
  let met = pairs[select(j, i, left)];
  *heads = Heads(select(h.a, met, left), select(met, h.b, left), i, j, h.a_end, h.b_end);
  return select(h.b, h.a, left);
}

@compute @workgroup_size(LANES)
fn merge_chunks(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let chunk = chunk_of(group_number(id, groups) * LANES + lane);
  if (chunk.line >= params.lines) { return; }
  var h = chunk_heads(chunk.line, chunk.r);
  for (var k = 0u; k < chunk.count; k++) { into[chunk.line * params.extent + chunk.r + k] = next_pair(&h); }
}

@compute @workgroup_size(LANES)
fn last_chunks(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let chunk = chunk_of(group_number(id, groups) * LANES + lane);
  if (chunk.line >= params.lines) { return; }
  var h = chunk_heads(chunk.line, chunk.r);
  for (var k = 0u; k < chunk.count; k++) { store(chunk.line, chunk.r + k, next_pair(&h)); }
}
