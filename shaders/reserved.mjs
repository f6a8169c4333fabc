// reserved — words that WGSL keeps for later (https://www.w3.org/TR/WGSL/#reserved-words): a compiler refuses them as names.

export const RESERVED = new Set(
  `NULL Self abstract active alignas alignof as asm asm_fragment async attribute auto await become cast catch class co_await co_return co_yield
  coherent column_major common compile compile_fragment concept const_cast consteval constexpr constinit crate debugger decltype delete demote
  demote_to_helper do dynamic_cast enum explicit export extends extern external fallthrough filter final finally friend from fxgroup get goto
  groupshared highp impl implements import inline instanceof interface layout lowp macro macro_rules match mediump meta mod module move mut
  mutable namespace new nil noexcept noinline nointerpolation non_coherent noncoherent noperspective null nullptr of operator package packoffset
  partition pass patch pixelfragment precise precision premerge priv protected pub public readonly ref regardless register reinterpret_cast
  require resource restrict self set shared sizeof smooth snorm static static_assert static_cast std subroutine super target template this
  thread_local throw trait try type typedef typeid typename typeof union unless unorm unsafe unsized use using varying virtual volatile wgsl
  where with writeonly yield`.split(/\s+/),
);

/** Throws an Error where `code` uses a reserved word: the minifier would hide it, and the text compile by luck alone. */
export function checkNames(file, code) {
  const word = code
    .replace(/\/\/.*/g, "")
    .match(/\b[A-Za-z_]\w*/g)
    ?.find((name) => RESERVED.has(name));
  if (word) throw new Error(`${file}: "${word}" is a reserved word of WGSL. Name it otherwise`);
}
