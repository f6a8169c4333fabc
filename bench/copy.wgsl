// copy — the rate at which the device reads and writes memory when nothing else is asked of it.
//
//   copy           to ← from, four vec4f an invocation
//
// shapes     from, to [4 · invocations];  vec4f
// grid       any number of workgroups of 64 within one dimension;  32 · 4 bytes an invocation

@group(0) @binding(0) var<storage, read> source: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(64)
fn copy(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let at = group.x * 256u + lane;
  result[at] = source[at];
  result[at + 64u] = source[at + 64u];
  result[at + 128u] = source[at + 128u];
  result[at + 192u] = source[at + 192u];
}
