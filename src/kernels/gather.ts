import { ceilDiv, type Launches } from "./launch.ts";
import { gather as shaders } from "./shaders.gen.ts";

export interface GatherShape {
  readonly picks: number;
  readonly width: number;
  readonly entries: number;
}

const spread = (size: number): [number, number, number] => [
  ceilDiv(size, shaders.rows.constants.LANES * shaders.rows.constants.PER),
  1,
  1,
];

/** Rows of input 0 at the positions in input 1: f32 rows, other words unchanged, or bytes times `scale` from byte `first` on. */
export function gather(shape: GatherShape, kind: "rows" | "words" | "bytes", first: number, scale: number): Launches {
  const bind = { x: { input: 0 }, index: { input: 1 } };
  const common = { params: { ...shape, first, scale }, groups: spread(shape.picks * shape.width) };
  if (kind === "words")
    return { launches: [{ ...common, kernel: shaders.words, bind: { ...bind, y_words: { output: 0 } } }] };
  return { launches: [{ ...common, kernel: shaders[kind], bind: { ...bind, y: { output: 0 } }, takesEpilogue: true }] };
}

/** Rows of input 0 added up at the positions in input 1. */
export function scatter(shape: GatherShape): Launches {
  const { LANES } = shaders.scatter.constants;
  return {
    flops: shape.picks * shape.width,
    launches: [
      {
        kernel: shaders.scatter,
        bind: { g: { input: 0 }, index: { input: 1 }, dx: { output: 0 } },
        params: { ...shape, first: 0, scale: 1 },
        groups: [ceilDiv(shape.entries * shape.width, LANES), 1, 1],
        takesEpilogue: true,
      },
    ],
  };
}
