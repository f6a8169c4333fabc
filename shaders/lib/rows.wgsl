// rows — rows in the registers of the lanes that share them, for the kernels that say what becomes of them.
//
// ROW_LANES lanes of a workgroup share a row, and each has PER_LANE of its elements: the first lane has elements 0, ROW_LANES,
// 2·ROW_LANES …, so that neighbours load together, all loads before the first use. Elements past the end are the last one again; they
// count in no sum and are not stored. Loops over PER_LANE have constant bounds, so that compilers unroll them.

//#include "lib/hooked.wgsl"

const LANES = 64u;
const ROW_LANES = 64u;
const PER_LANE = 4u;
// 1 where ROW_LANES · PER_LANE elements are a row
const WHOLE = 0u;

struct Row { number: u32, first: u32, row_lane: u32, lane: u32 }

var<private> a: array<f32, PER_LANE>;
var<workgroup> partial: array<f32, LANES>;

//#hook
fn load_a(i: u32) -> f32 { return bitcast<f32>(x0[i]); }
//#hook
fn epilogue(i: u32, value: f32) -> f32 { return value; }

// rows past the last one are that again, and are not stored
fn row_of(group: u32, lane: u32) -> Row {
  let number = group * (LANES / ROW_LANES) + lane / ROW_LANES;
  return Row(number, min(number, params.rows - 1u) * params.extent, lane % ROW_LANES, lane);
}
fn in_row(row: Row, k: u32) -> bool { return WHOLE == 1u || row.row_lane + k * ROW_LANES < params.extent; }
fn index_of(row: Row, k: u32) -> u32 {
  let r = row.row_lane + k * ROW_LANES;
  return row.first + select(min(r, params.extent - 1u), r, WHOLE == 1u);
}
fn load_row(row: Row) {
  for (var k = 0u; k < PER_LANE; k++) { a[k] = load_a(index_of(row, k)); }
}
fn store(row: Row, k: u32, value: f32) {
  if (row.number < params.rows && in_row(row, k)) {
    let i = index_of(row, k);
    y[i] = epilogue(i, value);
  }
}

// The sum or the maximum of what the lanes of a row have, in a tree of fixed order; every lane gets it.
fn row_reduce(row: Row, value: f32, is_maximum: bool) -> f32 {
  if (ROW_LANES == 1u) { return value; }
  partial[row.lane] = value;
  workgroupBarrier();
  for (var stride = ROW_LANES / 2u; stride > 0u; stride /= 2u) {
    if (row.row_lane < stride) {
      let other = partial[row.lane + stride];
      let own = partial[row.lane];
      partial[row.lane] = select(own + other, maximum(own, other), is_maximum);
    }
    workgroupBarrier();
  }
  let result = partial[row.lane - row.row_lane];
  workgroupBarrier(); // nobody overwrites partial before every lane has read it
  return result;
}
fn row_sum(row: Row, value: f32) -> f32 { return row_reduce(row, value, false); }
