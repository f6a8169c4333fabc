// jacobi — one sweep of rotations that make the rows of a matrix orthogonal to each other, two by two.
//
//   rotate   for the pairs (p, q) of round `round`:  α = |w_p|², β = |w_q|², γ = w_p · w_q
//              ζ = (β − α) / 2γ,  t = sign ζ / (|ζ| + √(1 + ζ²)),  c = 1 / √(1 + t²),  s = c·t
//              w_p ← c·w_p − s·w_q,  w_q ← s·w_p + c·w_q, as w_p − s·(w_q + τ·w_p) and w_q + s·(w_p − τ·w_q), τ = s / (1 + c);  cosines[pair] ← |γ| / √(αβ), or the larger one of the rounds so far
//   check    status[1] ← status[1] + 1,  status[0] ← 1 where no cosines is above tolerance       unless status[0] is 1 already
//
// Once status[0] is set nothing changes any more. The pairs of a round are those of a tournament: of `rows` players the last stays,
// the others move round by one place, so rows − 1 rounds meet every pair once.
//
// shapes     w [rows, columns] row-major f32, rows a multiple of 2;  cosines [rows / 2];  status [2] u32 (done, sweeps);  status_read: status, too
// grid       rotate: one workgroup of LANES per pair;  check: one workgroup
// memory     LANES vec4f (1 KiB) of workgroup memory; a row is read twice and written once
// numerics   sums run lane by lane, then in a fixed tree; a pair of which one row is as good as zero stays as it is
// source     Hestenes 1958; the tournament of Brent & Luk 1985; Golub & Van Loan, Matrix Computations, 8.6.3

//#include "lib/grid.wgsl"

const LANES = 64u;
/// The square of the length up to which a row is zero: 2⁻²⁴ where the whole matrix has norm 1.
const ZERO = 3.5527137e-15;

struct Params { rows: u32, columns: u32, round: u32, tolerance: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> status_read: array<u32>;
@group(0) @binding(2) var<storage, read_write> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> cosines: array<f32>;
@group(0) @binding(4) var<storage, read_write> status: array<u32>;

var<workgroup> sums: array<vec4f, 64>;

@compute @workgroup_size(LANES)
fn rotate(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let pair = group_number(id, groups);
  if (status_read[0] == 1u || pair >= params.rows / 2u) { return; }
  let moving = params.rows - 1u;
  let first = (params.round + pair) % moving;
  let second = select((params.round + moving - pair) % moving, moving, pair == 0u);
  let p = min(first, second) * params.columns;
  let q = max(first, second) * params.columns;
  var own = vec4f();
  for (var k = lane; k < params.columns; k += LANES) {
    let x = w[p + k];
    let y = w[q + k];
    own += vec4f(x * x, y * y, x * y, 0.0);
  }
  sums[lane] = own;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { sums[lane] += sums[lane + half]; }
  }
  workgroupBarrier();
  let alpha = sums[0].x;
  let beta = sums[0].y;
  let gamma = sums[0].z;
  let size = sqrt(alpha) * sqrt(beta);
  let turns = gamma != 0.0 && min(alpha, beta) > ZERO;
  if (lane == 0u) {
    let cosine = select(0.0, abs(gamma) / size, turns);
    cosines[pair] = select(max(cosines[pair], cosine), cosine, params.round == 0u);
  }
  if (!turns) { return; }
  // tan of twice the angle, kept where its square is finite: beyond it t is 1/2ζ to the last bit
  let zeta = clamp((beta - alpha) / (2.0 * gamma), -1e15, 1e15);
  let t = select(-1.0, 1.0, zeta >= 0.0) / (abs(zeta) + sqrt(1.0 + zeta * zeta));
  let c = 1.0 / sqrt(1.0 + t * t);
  let s = c * t;
  // small turns then add small numbers, and round little, whatever c rounds to
  let tau = s / (1.0 + c);
  for (var k = lane; k < params.columns; k += LANES) {
    let x = w[p + k];
    let y = w[q + k];
    w[p + k] = x - s * (y + tau * x);
    w[q + k] = y + s * (x - tau * y);
  }
}

@compute @workgroup_size(LANES)
fn check(@builtin(local_invocation_index) lane: u32) {
  var worst = 0.0;
  for (var pair = lane; pair < params.rows / 2u; pair += LANES) { worst = max(worst, cosines[pair]); }
  sums[lane] = vec4f(worst);
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { sums[lane] = max(sums[lane], sums[lane + half]); }
  }
  workgroupBarrier();
  if (lane > 0u || status[0] == 1u) { return; }
  status[1] += 1u;
  if (sums[0].x <= params.tolerance) { status[0] = 1u; }
}
