// substitution — T · x = b for a lower triangular T of up to 32 rows; an invocation holds one right-hand side in registers.
//
// T is stored by columns in workgroup memory. Each column starts at the vec4 that holds its diagonal, so that all indices but the
// column's are constants. After every four rows the registers shift by one vec4. A kernel gives
//
//   coefficient   T[r, c], of which all with r < c, r ≥ width or c ≥ width may be anything; corner is where T begins
//   divided       x / T[r, r]
//   term, keep    load and store what lies at a place

const SIZE = 32u;
const LANES = 64u;

var<workgroup> columns_of_t: array<array<vec4f, 8>, SIZE>;

fn four_terms(own: u32, step: u32, r: u32, last: u32) -> vec4f {
  return vec4f(
    term(own + min(r, last) * step), term(own + min(r + 1u, last) * step),
    term(own + min(r + 2u, last) * step), term(own + min(r + 3u, last) * step)
  );
}

// Row r of the right-hand side, and then of x, is at own + r · step. All lanes load T together, all loads before the first use. The loop
// always runs SIZE / 4 times, so that compilers can unroll it.
fn substitute(lane: u32, corner: u32, width: u32, own: u32, step: u32, keeps: bool) {
  var x{k} = four_terms(own, step, {k}u * 4u, width - 1u); //#repeat k in 0..8
  let column = lane % SIZE;
  let t{k} = coefficient(corner, width, {k}u * (LANES / SIZE) + lane / SIZE, column); //#repeat k in 0..16
  //#repeat k in 0..16
  {
    let r = {k}u * (LANES / SIZE) + lane / SIZE;
    if (r / 4u >= column / 4u) { columns_of_t[column][r / 4u - column / 4u][r % 4u] = t{k}; }
  }
  //#end
  workgroupBarrier();
  for (var first = 0u; first < SIZE; first += 4u) {
    //#repeat j in 0..4
    let known{j} = divided(x0[{j}], columns_of_t[first + {j}u][0][{j}]);
    x{k} -= known{j} * columns_of_t[first + {j}u][{k}]; //#repeat k in 0..4
    //#end
    if (first < SIZE / 2u) {
      x{k} -= known{j} * columns_of_t[first + {j}u][{k}]; //#repeat j in 0..4, k in 4..8
    }
    if (keeps) {
      if (first + {j}u < width) { keep(own + (first + {j}u) * step, known{j}); } //#repeat j in 0..4
    }
    x0 = x1; x1 = x2; x2 = x3; x3 = x4; x4 = x5; x5 = x6; x6 = x7;
  }
}
