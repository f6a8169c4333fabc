// side_output — what a hook stores besides its result, in one further buffer: a second value per element, or partial sums.
//
// side_output[i]   a second value of element i, from a hook that computes two
// running          the invocation's partial sum over its elements;  finish(i) is called once, at the end of invocation i, and stores
//                  it as side_output[i] where the host says so.
//                  A kernel with a constant TOGETHER first adds the sums of a workgroup, whose first invocation stores one at the
//                  workgroup's number. Invocations that only fill a folded grid are past the buffer's end, and store nothing

var<private> running: f32;
@group(0) @binding(17) var<storage, read_write> side_output: array<f32>;

//#hook
fn finish(i: u32) -> f32 { return running; }
