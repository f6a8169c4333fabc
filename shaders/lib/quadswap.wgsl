// quadswap — four neighbouring invocations that load four different channels and pass them round.
//
// Component m of what an invocation gets belongs to channel lane mod 4 XOR m. For devices where loads cost far more than swaps, such
// as a software adapter.

fn passed_round(own: f32) -> vec4f { return vec4f(own, quadSwapX(own), quadSwapY(own), quadSwapDiagonal(own)); }
fn channel_of(component: u32, lane: u32) -> u32 { return component ^ (lane & 3u); }
