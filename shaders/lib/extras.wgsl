// extras — the further inputs of a hook: up to seven buffers, and up to sixteen scalars.
//
// x0 … x6       tensors; a hook writes out where its element i lies in them, from their shapes and strides
// q0 … q6       the same, four elements at once: a hook uses one of the two
// byte_at(w, i) byte i of an array of bytes, which word w of it holds
// scalar(k)     the k-th scalar as f32;  scalar_bits(k) as it came
//
// Elements are u32 words, so that floats and integers pass unchanged; hooks cast them by type.

@group(0) @binding(9) var<uniform> scalars: array<vec4u, 4>;
@group(0) @binding(10) var<storage, read> x0: array<u32>;
@group(0) @binding(11) var<storage, read> x1: array<u32>;
@group(0) @binding(12) var<storage, read> x2: array<u32>;
@group(0) @binding(13) var<storage, read> x3: array<u32>;
@group(0) @binding(14) var<storage, read> x4: array<u32>;
@group(0) @binding(15) var<storage, read> x5: array<u32>;
@group(0) @binding(16) var<storage, read> x6: array<u32>;
@group(0) @binding(10) var<storage, read> q0: array<vec4u>;
@group(0) @binding(11) var<storage, read> q1: array<vec4u>;
@group(0) @binding(12) var<storage, read> q2: array<vec4u>;
@group(0) @binding(13) var<storage, read> q3: array<vec4u>;
@group(0) @binding(14) var<storage, read> q4: array<vec4u>;
@group(0) @binding(15) var<storage, read> q5: array<vec4u>;
@group(0) @binding(16) var<storage, read> q6: array<vec4u>;

// a byte of a word of four, the lowest first
fn byte_at(word: u32, at: u32) -> u32 { return (word >> (8u * (at & 3u))) & 255u; }
fn scalar_bits(k: u32) -> u32 { return scalars[k / 4u][k % 4u]; }
fn scalar(k: u32) -> f32 { return bitcast<f32>(scalar_bits(k)); }
