// sort — the elements of each line in order, and where each one came from, in the memory of workgroups.
//
//   whole         y[o,r,k] = x[o, index[o,r,k], k]                 lines of at most BLOCK elements, several to a workgroup
//   blocks        the same of each BLOCK elements of a line, as pairs (key, place)
//   merge_tiles   two neighbouring runs of pairs become one, a tile of BLOCK pairs per workgroup
//   last_tiles    the same, and writes y and index instead of pairs
//
// with x[o, index[o,0,k], k] ≤ x[o, index[o,1,k], k] ≤ …  (≥ where flip is all ones), equal elements in the order of their places.
//
// shapes     x, y, index [outer, extent, inner]; pairs, into [outer·inner, extent];  lines = outer·inner;
//            whole: width ≥ extent, a power of two, PER ≤ width ≤ BLOCK; blocks: width = BLOCK;  run: length of the runs merged;
//            flip: 0, or all ones for the largest first
// grid       whole: ⌈lines / (BLOCK / width)⌉ workgroups;  the others: lines·⌈extent / BLOCK⌉
// memory     BLOCK pairs (8 KiB); blocks and each merge read and write every pair once; the last one reads x at random places
// registers  at most 40 an invocation on RDNA 2 and 3; bound by memory or waits, not multiply-adds
// numerics   exact: bits are moved, never computed with.  NaN is above all numbers, −0 equal to 0
// source     merge path: Odeh, Green, Mwassi, Shmueli & Birk 2012; network for 8: Batcher, in Knuth, TAOCP 3, 5.3.4

//#include "lib/grid.wgsl"
//#include "lib/sort.wgsl"

const BLOCK = LANES * PER;

// pairs (key, place): two runs, one after the other, while they are merged
var<workgroup> tile: array<vec2u, BLOCK>;
var<workgroup> ends: array<u32, 2>;

fn keep(at: u32, p: Eight) {
  tile[at] = p.p0;
  tile[at + 1u] = p.p1;
  tile[at + 2u] = p.p2;
  tile[at + 3u] = p.p3;
  tile[at + 4u] = p.p4;
  tile[at + 5u] = p.p5;
  tile[at + 6u] = p.p6;
  tile[at + 7u] = p.p7;
}

// how many of the first d of two merged runs are a's: a comes first where keys are equal
fn tile_split(first: u32, a_count: u32, b_count: u32, d: u32) -> u32 {
  var low = d - min(d, b_count);
  var high = min(d, a_count);
  while (low < high) {
    let middle = (low + high) >> 1u;
    if (tile[first + middle].x <= tile[first + a_count + d - 1u - middle].x) { low = middle + 1u; } else { high = middle; }
  }
  return low;
}

// the next of both runs, and one step on; past the end of a run anything is read, and not taken
fn next(heads: ptr<function, Heads>) -> vec2u {
  let h = *heads;
  let left = takes_a(h);
  let i = h.i + select(0u, 1u, left);
  let j = h.j + select(1u, 0u, left);
  let met = tile[select(j, i, left)];
  *heads = Heads(select(h.a, met, left), select(met, h.b, left), i, j, h.a_end, h.b_end);
  return select(h.b, h.a, left);
}

// PER of two merged runs of the tile, from the d-th on
fn merged(first: u32, a_count: u32, b_count: u32, d: u32) -> Eight {
  let a_end = first + a_count;
  let taken = min(d, a_count + b_count);
  let i = first + tile_split(first, a_count, b_count, taken);
  let j = a_end + taken - (i - first);
  var h = Heads(tile[i], tile[j], i, j, a_end, a_end + b_count);
  let p0 = next(&h);
  let p1 = next(&h);
  let p2 = next(&h);
  let p3 = next(&h);
  let p4 = next(&h);
  let p5 = next(&h);
  let p6 = next(&h);
  let p7 = next(&h);
  return Eight(p0, p1, p2, p3, p4, p5, p6, p7);
}

// the tile in order by lengths of params.width, each from one line
fn sort_tile(line: u32, r: u32, lane: u32) {
  keep(lane * PER, eight(line, r));
  workgroupBarrier();
  for (var run = PER; run < params.width; run *= 2u) {
    let at = lane * PER;
    let d = at & (2u * run - 1u);
    let p = merged(at - d, run, run, d);
    // nobody overwrites the tile before every lane has read its part
    workgroupBarrier();
    keep(at, p);
    workgroupBarrier();
  }
}

@compute @workgroup_size(LANES)
fn whole(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = group_number(id, groups) * (BLOCK / params.width);
  let at = lane * PER;
  sort_tile(first + at / params.width, at % params.width, lane);
  for (var k = 0u; k < PER; k++) {
    let e = k * LANES + lane;
    let line = first + e / params.width;
    let r = e % params.width;
    if (line < params.lines && r < params.extent) { store(line, r, tile[e]); }
  }
}

@compute @workgroup_size(LANES)
fn blocks(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let per_line = (params.extent + BLOCK - 1u) / BLOCK;
  let group = group_number(id, groups);
  let line = group / per_line;
  let start = (group % per_line) * BLOCK;
  sort_tile(line, start + lane * PER, lane);
  for (var k = 0u; k < PER; k++) {
    let e = k * LANES + lane;
    if (line < params.lines && start + e < params.extent) { into[line * params.extent + start + e] = tile[e]; }
  }
}

// the tile of merged pairs of a line from element r on; how many they are
fn merge_tile(line: u32, r: u32, lane: u32) -> u32 {
  let runs = runs_at(r);
  let first = line * params.extent + runs.start;
  let d = r - runs.start;
  let count = min(BLOCK, runs.a_count + runs.b_count - d);
  if (lane < 2u) { ends[lane] = pairs_split(first, runs.a_count, runs.b_count, d + lane * count); }
  workgroupBarrier();
  let a_first = ends[0];
  let a_count = ends[1] - ends[0];
  for (var e = lane; e < count; e += LANES) {
    tile[e] = pairs[first + select(runs.a_count + d - a_first + e - a_count, a_first + e, e < a_count)];
  }
  workgroupBarrier();
  let p = merged(0u, a_count, count - a_count, lane * PER);
  // nobody overwrites the tile before every lane has read its part
  workgroupBarrier();
  keep(lane * PER, p);
  workgroupBarrier();
  return count;
}

@compute @workgroup_size(LANES)
fn merge_tiles(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let per_line = (params.extent + BLOCK - 1u) / BLOCK;
  let group = group_number(id, groups);
  // workgroups past the end repeat the last line, and store nothing
  let line = min(group / per_line, params.lines - 1u);
  let start = (group % per_line) * BLOCK;
  let count = merge_tile(line, start, lane);
  for (var e = lane; e < count; e += LANES) {
    if (group / per_line == line) { into[line * params.extent + start + e] = tile[e]; }
  }
}

@compute @workgroup_size(LANES)
fn last_tiles(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let per_line = (params.extent + BLOCK - 1u) / BLOCK;
  let group = group_number(id, groups);
  let line = min(group / per_line, params.lines - 1u);
  let start = (group % per_line) * BLOCK;
  let count = merge_tile(line, start, lane);
  for (var e = lane; e < count; e += LANES) {
    if (group / per_line == line) { store(line, start + e, tile[e]); }
  }
}
