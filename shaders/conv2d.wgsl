// conv2d — 2-D convolutions and their gradients by the input, as implicit matrix products.
//
//   forward    y[n,o,i,j] = Σ_{c,p,q} w[o,c,p,q] · x[n, c, i·s + p·d − pad, j·s + q·d − pad]
//   by_input   x[n,c,i,j] = Σ_{o,p,q} w[o,c,p,q] · y[n, o, (i + pad − p·d)/s, (j + pad − q·d)/s]     where both are whole
//              (∂x of forward, and the transposed convolution)
//
// shapes     source x or y, result y or x: [batch, channels, height, width];  packed: conv2d_pack of w at TILE 16;  row-major
//            f32. Channels in `groups` blocks, each of which sees its own block of the source only; stride s, dilation d
// grid       1-D: (block of LANES·4 pixels, phase, group, tile of 16 channels), the last one fastest. Rows of the implied
//            product are the pixels of all images, so that small images fill a workgroup together
// memory     no workgroup memory; an invocation holds 16 channels × 4 pixels, LANES pixels apart: the source is read
//            ⌈channels/16⌉ times a tap, the weights once a workgroup
// registers  at most 128 an invocation on RDNA 2 and 3; bound by multiply-adds
// numerics   sums run in order of tap, then channel; k = channels · taps > 1024 terms go in three levels (lib/long.wgsl):
//            |error| ≤ γ_m · Σ|w·x| with m = min(k, 3·STEP·block_of(k/STEP)), u = 2⁻²⁴; what lies outside of the source counts as 0

const QUARTERS = 4;
const PIXELS = 4;

//#include "lib/conv2d_tiles.wgsl"

@group(0) @binding(2) var<storage, read> packed: array<vec4f>;

fn weights(at: u32, lane: u32) -> vec4f { return packed[at]; }
fn channel_of(component: u32, lane: u32) -> u32 { return component; }
