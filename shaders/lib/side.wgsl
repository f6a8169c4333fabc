// side — what a hook leaves beside its result, in one further buffer: an element each time it is called, or a running sum.
//
// side[i]      a second value of element i, for a hook that works out two
// running      the invocation's own sum over the elements that it has seen;  finish(i), called once at its end by
//              invocation i of the grid, stores it there where the host says so: the terms of a sum of everything.
//              Kernels with a constant TOGETHER add those of a workgroup up, and its first invocation stores it at the number
//              of the workgroup. What a folded grid has too many finds no place

var<private> running: f32;
@group(0) @binding(17) var<storage, read_write> side: array<f32>;

//#hook
fn finish(i: u32) -> f32 { return running; }
