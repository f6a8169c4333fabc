import { ceilDiv, type Launch, type Launches } from "./launch.ts";
import { gather as shaders } from "./shaders/gather.gen.ts";

/** x [outer, entries, width], read or added up at picks along its second axis. */
export interface GatherShape {
  readonly outer: number;
  readonly entries: number;
  readonly picks: number;
  readonly width: number;
  /** Indices [outer, picks, width] instead of [picks]. */
  readonly along: boolean;
  /** Whether indices are i32, and negative ones count from the end. */
  readonly signed: boolean;
}

const NAN = 0x7fc00000;

/** What stands where an index is outside: NaN, and for integers the bits that no index has. */
const outside = { f32: NAN, u8: NAN, i32: 0x80000000, u32: 0xffffffff, bool: NAN } as const;

const launchOf = (
  s: GatherShape,
  size: number,
  own: Pick<Launch, "kernel" | "bind">,
  more: { readonly [name: string]: number } = {},
): Launch => ({
  ...own,
  constants: { ALONG: Number(s.along) },
  params: {
    size,
    picks: s.picks,
    width: s.width,
    entries: s.entries,
    wrap: s.signed ? s.entries : 0,
    outside: NAN,
    first: 0,
    scale: 1,
    ...more,
  },
  groups: [ceilDiv(size, own.kernel.constants.LANES! * (own.kernel.constants.PER ?? 1)), 1, 1],
});

/** Entries of input 0 at the positions in input 1: f32, other words unchanged, or bytes times `scale` from byte `first` on. */
export function gather(s: GatherShape, dtype: keyof typeof outside, first: number, scale: number): Launches {
  const size = s.outer * s.picks * s.width;
  const bind = { x: { input: 0 }, index: { input: 1 } };
  const more = { first, scale, outside: outside[dtype] };
  if (dtype === "i32" || dtype === "u32")
    return {
      launches: [launchOf(s, size, { kernel: shaders.words, bind: { ...bind, y_words: { output: 0 } } }, more)],
    };
  const kernel = dtype === "u8" ? shaders.bytes : shaders.rows;
  return {
    launches: [{ ...launchOf(s, size, { kernel, bind: { ...bind, y: { output: 0 } } }, more), takesEpilogue: true }],
  };
}

/** Entries of input 0 added up at the positions in input 1; those may be sorted, input 2 then says where each was. */
export function scatter(s: GatherShape, sorted: boolean): Launches {
  const size = s.outer * s.entries * s.width;
  const bind = { g: { input: 0 }, index: { input: 1 }, dx: { output: 0 } };
  const own = sorted
    ? { kernel: shaders.scatter_sorted, bind: { ...bind, order: { input: 2 } } }
    : { kernel: shaders.scatter, bind };
  const launch = launchOf(s, size, own);
  const { LANES } = own.kernel.constants;
  return {
    flops: s.outer * s.picks * s.width,
    launches: [{ ...launch, groups: [ceilDiv(size, LANES), 1, 1], takesEpilogue: true }],
  };
}
