// conv2d_weight — gradient of a convolution by its weights: an implicit product over all pixels, split among invocations.
//
//   partial    part[z,o,c,p,q] = Σ_{(n,i,j) in k_slice z} g[n,o,i,j] · x[n, c, i·s + p·d − pad, j·s + q·d − pad]
//              (total adds the k_slices); where SUMS is 1 also Σ g[n,o,i,j], as a last column
//
// shapes     source x [batch, channels, source_height, source_width], gradient g [batch, rows, height, width], both in `groups`
//            blocks of channels;  w [groups·rows, columns], columns = channels of a group · taps, and
//            one more where SUMS is 1;  part [k_slices·WALKERS, …w];  row-major f32
// grid       1-D (k_slice, group, tile of 16 rows, tile of 16 columns), the last one fastest; an invocation takes 16 rows
//            and 4 columns at every WALKERS-th pixel of the k_slice
// memory     no workgroup memory; 64 registers of sums an invocation. x is read ⌈rows/16⌉ times a tap, g ⌈columns/16⌉ times
// registers  at most 128 an invocation on RDNA 2 and 3; bound by instructions beside multiply-adds
// numerics   an invocation adds `k_steps` terms in order, more than 1024 in three levels (lib/long.wgsl): |error| ≤ γ_m · Σ|g·x| with
//            m = min(k_steps, 3·block_of(k_steps)), then total's, u = 2⁻²⁴; what lies outside of x counts as 0

//#include "lib/conv2d_weight_tiles.wgsl"

fn gradients(at: u32, area: u32, lane: u32) -> vec4f {
  return vec4f(gradient[at], gradient[at + area], gradient[at + 2u * area], gradient[at + 3u * area]);
}
fn channel_of(component: u32, lane: u32) -> u32 { return component; }
