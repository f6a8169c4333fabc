// matmul_quadswap_small — matmul_quadswap with a quarter of the elements an invocation: it compiles sooner, for products that are soon done.
//
//   product           c[s,i,j] = Σ_k a[s,i,k] · b[s,k,j]        a, b stored transposed where TRANSPOSE_A, TRANSPOSE_B are 1
//   product_and_sums  the same, and sums[s,i] = Σ_k a[s,i,k]    (the bias's gradient, a side output of the weight's)
//
// shapes     a [stacks, rows, inner], b [stacks, inner, columns], c [stacks, rows, columns], sums [stacks, rows];  row-major f32
//            inner and columns multiples of 4, so are rows where TRANSPOSE_A, and the strides of stacks
// grid       1-D: (stack, ⌈columns/16⌉, ⌈rows/16⌉) workgroups, the last one fastest
// memory     no workgroup memory; four invocations hold a tile of 16 × 16: a is read ⌈columns/16⌉
//            times, b ⌈rows/16⌉ times
// numerics   sums run in order of k, four at a time; more than 4096 terms go in three levels (lib/long.wgsl), so that
//            |error| ≤ γ_m · Σ|a·b| with m = min(k, 3·block_of(k/4) + 4), γ_m = m·u/(1 − m·u), u = 2⁻²⁴
//            rows and columns past the end repeat the last ones and are not stored

enable subgroups;

const BLOCKS = 1;
const TILE_M = 16;
const TILE_N = 16;

//#include "lib/matmul_quadswap.wgsl"
//#include "lib/matmul_load_vec4.wgsl"
