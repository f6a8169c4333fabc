// optimiser — what the optimisers share: the inputs of a step, clipping by norm, and whether a failed train halts.

//#include "lib/grid.wgsl"
//#include "lib/philox.wgsl"
//#include "lib/map.wgsl"
//#include "lib/functions.wgsl"

const LANES = 64u;
const GUARDED = 0u;
const CLIPPED = 0u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> g: array<vec4f>;
@group(0) @binding(2) var<storage, read> train_counters: array<u32>;
@group(0) @binding(3) var<storage, read> rate: array<f32>;
@group(0) @binding(4) var<storage, read> loss: array<f32>;
@group(0) @binding(5) var<storage, read> norm: array<f32>;
@group(0) @binding(6) var<storage, read_write> p: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> m: array<vec4f>;

fn finite_or_zero(a: vec4f) -> vec4f {
  return select(vec4f(0.0), a, (bitcast<vec4u>(a) & vec4u(0x7f800000u)) != vec4u(0x7f800000u));
}

fn clip_factor() -> f32 { return min(1.0, params.max_norm / (sqrt_(norm[0]) + 1e-6)); }

fn is_halted() -> bool { return GUARDED == 1u && (train_counters[2] != 0u || finite(loss[0]) == 0.0); }
