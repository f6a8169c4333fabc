// substitution — T · x = b for a lower triangular T of up to 32 rows; an invocation holds one right-hand side in registers.
//
// T is stored by columns in workgroup memory. Each column starts at the vec4 that holds its diagonal, so that all indices but the
// column's are constants. After every four rows the registers shift by one vec4. A kernel gives
//
//   coefficient   load what lies at a place of T
//   divided       x / T[r, r]
//   term, keep    load and store what lies at a place of x

const SIZE = 32u;
const LANES = 64u;

var<workgroup> columns_of_t: array<array<vec4f, 8>, SIZE>;

fn four_terms(own: u32, step: u32, r: u32, last: u32) -> vec4f {
  return vec4f(
    term(own + min(r, last) * step), term(own + min(r + 1u, last) * step),
    term(own + min(r + 2u, last) * step), term(own + min(r + 3u, last) * step)
  );
}

/// Where T lies: T[r, c] at corner + r · down + c · across. What is read above its diagonal and past its end changes no result.
struct Triangle { corner: u32, down: u32, across: u32, width: u32 }

// Row r of the right-hand side, and then of x, is at own + r · step. All lanes load T together, all loads before the first use; half of
// the right-hand side comes later, since Intel has no room for all. Four columns of T are loaded together
// before the first is used, so that one wait does for all. The loop always runs SIZE / 4 times, so that compilers can unroll it.
fn substitute(lane: u32, t: Triangle, own: u32, step: u32, keeps: bool) {
  var x{k} = four_terms(own, step, {k}u * 4u, t.width - 1u); //#repeat k in 0..4
  let column = lane % SIZE;
  let first_read = t.corner + column * t.across + lane / SIZE * 4u * t.down;
  //#repeat k in 0..4
  let t{k} = vec4f(
    coefficient(first_read + {k}u * 8u * t.down), coefficient(first_read + ({k}u * 8u + 1u) * t.down),
    coefficient(first_read + ({k}u * 8u + 2u) * t.down), coefficient(first_read + ({k}u * 8u + 3u) * t.down)
  );
  //#end
  // what lies above the diagonal goes where nobody reads, without a branch
  columns_of_t[column][({k}u * 2u + lane / SIZE - column / 4u) % 8u] = t{k}; //#repeat k in 0..4
  var x{k} = four_terms(own, step, {k}u * 4u, t.width - 1u); //#repeat k in 4..8
  workgroupBarrier();
  for (var first = 0u; first < SIZE; first += 4u) {
    let t{j}_0 = columns_of_t[first + {j}u][0]; //#repeat j in 0..4
    //#repeat j in 0..4
    let known{j} = divided(x0[{j}], t{j}_0[{j}]);
    x0 -= known{j} * t{j}_0;
    //#end
    //#repeat k in 1..4
    let t{j}_{k} = columns_of_t[first + {j}u][{k}]; //#repeat j in 0..4
    x{k} -= known{j} * t{j}_{k}; //#repeat j in 0..4
    //#end
    if (first < SIZE / 2u) {
      //#repeat k in 4..8
      let t{j}_{k} = columns_of_t[first + {j}u][{k}]; //#repeat j in 0..4
      x{k} -= known{j} * t{j}_{k}; //#repeat j in 0..4
      //#end
    }
    if (keeps) {
      if (first + {j}u < t.width) { keep(own + (first + {j}u) * step, known{j}); } //#repeat j in 0..4
    }
    x0 = x1; x1 = x2; x2 = x3; x3 = x4; x4 = x5; x5 = x6; x6 = x7;
  }
}
