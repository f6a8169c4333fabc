// epilogue_vec4 — the hook epilogue for kernels that hand over four neighbouring results at once.

// What becomes of elements 4j … 4j + 3.
//#hook
fn epilogue_vec4(j: u32, value: vec4f) -> vec4f {
  let i = 4u * j;
  return vec4f(epilogue(i, value.x), epilogue(i + 1u, value.y), epilogue(i + 2u, value.z), epilogue(i + 3u, value.w));
}
