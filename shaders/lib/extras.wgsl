// extras — the further inputs of a hook: up to seven strided views, and up to sixteen scalars.
//
// xK_at(i)      the element of view K at position i, counted row-major over the view's own dims
// xK_here(i)    the same where the view is contiguous
// xK_column(i)  the same where the view repeats one row:  position i mod dims[0]
// xK_channel(i) the same where every element repeats along the inner axes:  position i / dims[0] mod dims[1]
// xK_only(i)    the one element of a view of size 1
// scalar(k)     the k-th scalar as f32;  scalar_bits(k) as it came
//
// Elements are u32 words, so that floats and integers pass unchanged; hooks cast them by type.
// dims and strides are stored innermost first.

struct View {
  offset: u32,
  rank: u32,
  dims: array<vec4u, 2>,
  strides: array<vec4u, 2>,
}

struct Extras {
  scalars: array<vec4u, 4>,
  views: array<View, 7>,
}

@group(0) @binding(9) var<uniform> extras: Extras;
@group(0) @binding(10) var<storage, read> x0: array<u32>;
@group(0) @binding(11) var<storage, read> x1: array<u32>;
@group(0) @binding(12) var<storage, read> x2: array<u32>;
@group(0) @binding(13) var<storage, read> x3: array<u32>;
@group(0) @binding(14) var<storage, read> x4: array<u32>;
@group(0) @binding(15) var<storage, read> x5: array<u32>;
@group(0) @binding(16) var<storage, read> x6: array<u32>;

fn scalar_bits(k: u32) -> u32 { return extras.scalars[k / 4u][k % 4u]; }
fn scalar(k: u32) -> f32 { return bitcast<f32>(scalar_bits(k)); }

fn strided(i: u32, k: u32) -> u32 {
  var rest = i;
  var at = extras.views[k].offset;
  for (var d = 0u; d < extras.views[k].rank; d++) {
    let extent = extras.views[k].dims[d / 4u][d % 4u];
    at += (rest % extent) * extras.views[k].strides[d / 4u][d % 4u];
    rest /= extent;
  }
  return at;
}
fn here(i: u32, k: u32) -> u32 { return i + extras.views[k].offset; }
fn column(i: u32, k: u32) -> u32 { return extras.views[k].offset + i % extras.views[k].dims[0].x; }
fn channel(i: u32, k: u32) -> u32 { return extras.views[k].offset + i / extras.views[k].dims[0].x % extras.views[k].dims[0].y; }
fn only(k: u32) -> u32 { return extras.views[k].offset; }

fn x0_at(i: u32) -> u32 { return x0[strided(i, 0u)]; }
fn x1_at(i: u32) -> u32 { return x1[strided(i, 1u)]; }
fn x2_at(i: u32) -> u32 { return x2[strided(i, 2u)]; }
fn x3_at(i: u32) -> u32 { return x3[strided(i, 3u)]; }
fn x4_at(i: u32) -> u32 { return x4[strided(i, 4u)]; }
fn x5_at(i: u32) -> u32 { return x5[strided(i, 5u)]; }
fn x6_at(i: u32) -> u32 { return x6[strided(i, 6u)]; }

fn x0_here(i: u32) -> u32 { return x0[here(i, 0u)]; }
fn x1_here(i: u32) -> u32 { return x1[here(i, 1u)]; }
fn x2_here(i: u32) -> u32 { return x2[here(i, 2u)]; }
fn x3_here(i: u32) -> u32 { return x3[here(i, 3u)]; }
fn x4_here(i: u32) -> u32 { return x4[here(i, 4u)]; }
fn x5_here(i: u32) -> u32 { return x5[here(i, 5u)]; }
fn x6_here(i: u32) -> u32 { return x6[here(i, 6u)]; }

fn x0_column(i: u32) -> u32 { return x0[column(i, 0u)]; }
fn x1_column(i: u32) -> u32 { return x1[column(i, 1u)]; }
fn x2_column(i: u32) -> u32 { return x2[column(i, 2u)]; }
fn x3_column(i: u32) -> u32 { return x3[column(i, 3u)]; }
fn x4_column(i: u32) -> u32 { return x4[column(i, 4u)]; }
fn x5_column(i: u32) -> u32 { return x5[column(i, 5u)]; }
fn x6_column(i: u32) -> u32 { return x6[column(i, 6u)]; }

fn x0_channel(i: u32) -> u32 { return x0[channel(i, 0u)]; }
fn x1_channel(i: u32) -> u32 { return x1[channel(i, 1u)]; }
fn x2_channel(i: u32) -> u32 { return x2[channel(i, 2u)]; }
fn x3_channel(i: u32) -> u32 { return x3[channel(i, 3u)]; }
fn x4_channel(i: u32) -> u32 { return x4[channel(i, 4u)]; }
fn x5_channel(i: u32) -> u32 { return x5[channel(i, 5u)]; }
fn x6_channel(i: u32) -> u32 { return x6[channel(i, 6u)]; }

fn x0_only(i: u32) -> u32 { return x0[only(0u)]; }
fn x1_only(i: u32) -> u32 { return x1[only(1u)]; }
fn x2_only(i: u32) -> u32 { return x2[only(2u)]; }
fn x3_only(i: u32) -> u32 { return x3[only(3u)]; }
fn x4_only(i: u32) -> u32 { return x4[only(4u)]; }
fn x5_only(i: u32) -> u32 { return x5[only(5u)]; }
fn x6_only(i: u32) -> u32 { return x6[only(6u)]; }
