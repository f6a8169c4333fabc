import type { Gpu } from "../../src/index.ts";
import type { Code, DType, Tensor } from "../../src/index.ts";
import { count, type Nd } from "./nd.ts";

/** An input of a row: where its values are drawn from, or the values. */
export interface Input {
  readonly shape: readonly number[];
  /** f32 unless said otherwise. */
  readonly dtype?: DType;
  /** Values are uniform in [low, high]; [−2, 2] unless said otherwise. Whole numbers for integer dtypes. */
  readonly domain?: readonly [low: number, high: number];
  readonly values?: readonly number[];
  /** The values where they have more digits than floats keep. */
  readonly integers?: readonly number[];
  /** Values are multiples of `step`, plus `shift`: for ties, or to stay away from them. */
  readonly grid?: readonly [step: number, shift: number];
  /** Whether a gradient reaches it; true for f32 unless said otherwise. */
  readonly slope?: boolean;
}

/** One case of the table: what the engine computes, what it should be, and how far it may be off. */
export interface Row {
  readonly op: string;
  readonly inputs: readonly Input[];
  readonly run: (...x: Tensor[]) => Tensor;
  readonly reference: (...x: Nd[]) => Nd;
  /** Largest error allowed, in 2⁻²³ of `scale`. */
  readonly ulps: number;
  /** Where `ulps` comes from. */
  readonly why: string;
  /** What an ulp is relative to: each result itself, unless said otherwise. */
  readonly scale?: (...x: Nd[]) => Nd;
  /** The gradient of the gradient is checked, too, unless said otherwise. */
  readonly twice?: boolean;
}

/** A call that must throw exactly this. */
export interface Refusal {
  readonly op: string;
  readonly call: (gpu: Gpu) => unknown;
  readonly code: Code;
  readonly message: string;
}

export interface Family {
  readonly rows: readonly Row[];
  readonly refusals: readonly Refusal[];
}

/** A row's label: its input shapes. */
export const label = ({ inputs }: Row): string =>
  inputs.map(({ shape, dtype }) => `[${shape.join(" ")}]${dtype ? ` ${dtype}` : ""}`).join(" ");

/** Numbers in [0, 1) that depend on `seed` alone (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A small number that differs for different texts. */
export const hash = (text: string): number =>
  Array.from(text).reduce((h, c) => Math.imul(h ^ c.codePointAt(0)!, 16777619) >>> 0, 2166136261);

/** The input's values, exactly as the GPU holds them. */
export function drawn(
  { shape, dtype = "f32", domain: [low, high] = [-2, 2], values, integers, grid }: Input,
  random: () => number,
): Nd {
  const whole = dtype !== "f32";
  const value = () =>
    whole ? low + Math.floor(random() * (high - low + 1)) : Math.fround(low + (high - low) * random());
  const placed = grid ? () => Math.round(value() / grid[0]) * grid[0] + grid[1] : value;
  return {
    shape,
    data: Float64Array.from({ length: count(shape) }, (_, i) =>
      integers ? integers[i]! : values ? Math.fround(values[i]!) : placed(),
    ),
  };
}

const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array, u8: Uint8Array, bool: Uint8Array } as const;

export const upload = (gpu: Gpu, { shape, data }: Nd, dtype: DType = "f32"): Tensor =>
  gpu.tensor(arrays[dtype].from(data), shape, { dtype });

export const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

/** The shapes on which every element-wise op runs: one element, odd, one lane short of a workgroup's row and past it, several trips. */
export const SHAPES = [[1], [3, 5], [64], [65], [2, 3, 5, 7], [1030]] as const;
