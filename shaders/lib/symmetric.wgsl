// symmetric — products that equal their own transpose: what lies above the diagonal is not computed but mirrored.

const SYMMETRIC = 0u;

// A block on the diagonal, above it the same as below.
fn mirrored_block(m: mat4x4f) -> mat4x4f {
  return mat4x4f(
    vec4f(m[0].x, m[1].x, m[2].x, m[3].x),
    vec4f(m[1].xy, m[2].y, m[3].y),
    vec4f(m[2].xyz, m[3].z),
    m[3],
  );
}
