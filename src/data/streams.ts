import { check, show } from "../device/errors.ts";
import { sameShape, type Shape } from "../graph/dtype.ts";
import { draw as drawn } from "../graph/ops/draw.ts";
import type { Runner, Tensor } from "../graph/tensor.ts";

/** Streams with a number of their own, so that files and seeds of earlier versions keep their meaning. */
const NUMBERS = {
  /** Initial weights: the first parameter has this stream, each further one the next. */
  weights: 0,
  "k-means++ centres": 101,
  "mixture centres": 102,
  "mixture subset": 103,
  "mixture components": 104,
  /** One stream a restart from here on. */
  "mixture responsibilities": 200,
  "baseline images": 0xf10,
  dequantisation: 0xd17,
  order: 1 << 20,
  z: (1 << 20) + 1,
  "evaluation z": (1 << 20) + 2,
  prior: (1 << 20) + 3,
  pixels: (1 << 20) + 4,
} as const;

/** A stream that has a number of its own. Any other name is a stream as well. */
export type StreamName = keyof typeof NUMBERS;

/** Numbers of other names: from here to 2³². */
const NAMED = 2 ** 24;

/**
 * The stream of a name: two uses of one seed under different names draw independent numbers. Names outside the table are hashed
 * (FNV-1a) into [2²⁴, 2³²).
 */
export function streamOf(name: StreamName | (string & {})): number {
  if (Object.hasOwn(NUMBERS, name)) return NUMBERS[name as StreamName];
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return NAMED + (hash % (2 ** 32 - NAMED));
}

/** Which numbers are drawn: key, counter and stream, or the numbers themselves. */
export interface Draw {
  /** A whole number in [0, 2⁵³). */
  readonly seed: number;
  /** A u32 tensor of one element, or a number: draws of another step are independent. Inside a compiled step a state gives new ones each run. */
  readonly step?: Tensor | number;
  /** What the numbers are for: draws under another name are independent. Without one, stream 0. */
  readonly name?: string;
  /** These numbers instead of drawn ones: tests give noise so. */
  readonly given?: Tensor;
}

/** The draw in terms of `random`. */
export const keyOf = ({ seed, step = 0, name }: Draw): { seed: number; step: Tensor | number; stream: number } => ({
  seed,
  step,
  stream: name === undefined ? 0 : streamOf(name),
});

/** Standard normal numbers of a draw: f32 `shape`. Throws LatentError("shape") where given ones have another. */
export const drawNormal = (gpu: Runner, shape: Shape, draw: Draw): Tensor =>
  given(shape, draw) ?? drawn("random.normal", "random_normal", gpu, shape, keyOf(draw));

/** Numbers of a draw that are uniform on (0, 1): f32 `shape`. */
export const drawUniform = (gpu: Runner, shape: Shape, draw: Draw): Tensor =>
  given(shape, draw) ?? drawn("random.uniform", "random_uniform", gpu, shape, keyOf(draw));

function given(shape: Shape, { given: values, name = "noise" }: Draw): Tensor | undefined {
  if (values)
    check(sameShape(values.shape, shape), "shape", name, () => `expected ${show(shape)}; got ${show(values.shape)}.`);
  return values;
}
