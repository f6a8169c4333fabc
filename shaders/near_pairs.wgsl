// near_pairs — squared distances of the pairs of rows that are too near for products.
//
// q[i,k] comes as s_i + t_k − 2 a_i·b_k of centred rows, s = |a_i|², t = |b_k|², off by up to ε·(s_i + t_k).
//
//   near_pairs   y[i,k] = Σ_j (a[i,j] − b[k,j])²   where q[i,k] ≤ limit[i] + ε·(s[i] + t[k]),   else q[i,k]
//   RELATIVE     1: also where q[i,k] ≤ (s[i] + t[k])/4, so that every y is right relative to itself
//
// shapes     q, y [rows, others], a [rows, columns], b [others, columns], s, limit [rows], t [others];  row-major f32
// grid       ⌈rows · ⌈others/4⌉ / LANES⌉ workgroups, an invocation for four pairs of a row
// memory     no workgroup memory; where one of the four is near, their rows are read, else nothing but q, s, t and the limit
// registers  at most 24 an invocation on RDNA 2 and 3; bound by instructions beside multiply-adds
// numerics   differences are taken before they are squared: terms right to 3 u, their sum to γ_columns, u = 2⁻²⁴; a pair has the same bits
//            whichever block or side it is in. ε = (4·min(columns, 1028) + 8)·u: γ of up to 1028 additions in a row, once for norms, once for
//            products, twice (of up to 2 (s + t)) for the differences that y is to be the result of, and 8 u of centring and the last sums. More than 1024 columns go in three levels (lib/long.wgsl)

//#include "lib/grid.wgsl"
//#include "lib/long.wgsl"

const LANES = 64u;
const RELATIVE = 0u;

struct Params { rows: u32, others: u32, columns: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read> s: array<f32>;
@group(0) @binding(5) var<storage, read> t: array<f32>;
@group(0) @binding(6) var<storage, read> limit: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(LANES)
fn near_pairs(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let vec4_index = group_number(id, groups) * LANES + lane;
  let across = (params.others + 3u) / 4u;
  let row = vec4_index / across;
  if (row >= params.rows) { return; }
  let other = (vec4_index - row * across) * 4u;
  let others = min(vec4u(other, other + 1u, other + 2u, other + 3u), vec4u(params.others - 1u));
  let at = others + row * params.others;
  let value = vec4f(q[at.x], q[at.y], q[at.z], q[at.w]);
  let size = s[row] + vec4f(t[others.x], t[others.y], t[others.z], t[others.w]);
  let error = f32(4u * min(params.columns, 1028u) + 8u) * 0x1p-24f;
  var far = value > limit[row] + error * size;
  if (RELATIVE == 1u) { far = far & (value > 0.25 * size); }
  var result = value;
  // not "value ≤", so that what overflowed is near as well
  if (!all(far)) {
    let first = row * params.columns;
    let starts = others * params.columns;
    let length = run_of(params.columns);
    var total = vec4f();
    var group = vec4f();
    var run = vec4f();
    for (var start = 0u; start < params.columns; start += length) {
      for (var j = start; j < min(start + length, params.columns); j++) {
        let gap = a[first + j] - vec4f(b[starts.x + j], b[starts.y + j], b[starts.z + j], b[starts.w + j]);
        run += gap * gap;
      }
      if (MANY_TERMS == 1u) {
        group += run; run = vec4f();
        if (ends(start / length + 1u, length)) { total += group; group = vec4f(); }
      }
    }
    result = select((total + group) + run, value, far);
  }
  // what stands for others past the last is the last one again, with the same result
  y[at.x] = result.x;
  y[at.y] = result.y;
  y[at.z] = result.z;
  y[at.w] = result.w;
}
