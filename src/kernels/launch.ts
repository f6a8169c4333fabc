import type { Family } from "../device/info.ts";

/** One @compute entry point of shaders/, made by kernel.ts. */
export interface Kernel {
  readonly name: string;
  /** The number of a kernel that a user defined: two may have one name. */
  readonly own?: number;
  readonly entry: string;
  readonly code: string;
  readonly workgroup: readonly number[];
  /** It reads its place from `group_number` alone, so its grid may be folded. */
  readonly folds?: boolean;
  readonly buffers: { readonly [name: string]: { readonly binding: number; readonly access: string } };
  readonly params: { readonly [name: string]: { readonly offset: number; readonly type: string } };
  readonly paramsBytes: number;
  /** Functions whose body the host may replace: name → `(i:u32,value:f32)->f32`. */
  readonly hooks: { readonly [name: string]: string };
  /** `const NAME=8u;` lines that the host may give another value. */
  readonly constants: { readonly [name: string]: number };
}

/** Which of an operation's buffers a binding takes: inputs and outputs by position, scratch by position too. */
export type Slot = { readonly input: number } | { readonly output: number } | { readonly scratch: number };

/** One dispatch, described: nothing is allocated here, the planner owns memory. */
export interface Launch {
  readonly kernel: Kernel;
  readonly constants?: { readonly [name: string]: number };
  readonly bind: { readonly [buffer: string]: Slot };
  readonly params: { readonly [name: string]: number };
  /** Workgroups, in one line (n, 1, 1): kernels count with lib/grid.wgsl, so the planner may fold it. */
  readonly groups: readonly [number, number, number];
  /** This launch writes output 0 and applies the hook `epilogue` to it. */
  readonly takesEpilogue?: boolean;
  /**
   * Invocations that can keep a running sum of their epilogue's elements (shaders/lib/side_output.wgsl); workgroups, where the kernel has a
   * constant TOGETHER, which then is to be 1.
   */
  readonly partialSums?: number;
}

export interface Launches {
  readonly launches: readonly Launch[];
  /** Bytes of each scratch buffer. */
  readonly scratch?: readonly number[];
  readonly flops?: number;
}

/** What a launcher may know of the device when it chooses a variant. */
export interface DeviceTraits {
  /** Whose hardware it is, which defaults.ts goes by. */
  readonly family: Family;
  readonly features: ReadonlySet<string>;
  readonly maxBindingBytes: number;
  readonly maxStorageBuffers: number;
  /** Workgroups along one dimension; longer grids are folded, and rounded up. */
  readonly maxGroups: number;
  /** Bytes that a pass can carry to a kernel without a buffer; 0 where WebGPU has no immediates. */
  readonly maxImmediateBytes: number;
  /** What tuning chose: class → variant. Empty until someone asks for it. */
  readonly choices: ReadonlyMap<string, string>;
}

/** The kernels that can do one piece of work, each giving the same result within rounding. */
export interface Variants<Name extends string = string> {
  /** The sizes rounded up to powers of two, and whatever else decides which kernel is best: work of one class shares a choice. */
  readonly class: string;
  /** The simplest first: the others are compared with it. */
  readonly names: readonly Name[];
  /** Terms of the longest sum that an element of the result is. */
  readonly terms: number;
}

/** The variant that tuning chose, if any. */
export const chosen = <Name extends string>(variants: Variants<Name>, { choices }: DeviceTraits): Name | undefined =>
  variants.names.find((name) => name === choices.get(variants.class));

/** The sizes of a class: `128×512×16`, each rounded up to a power of two. */
export const sizeClass = (...sizes: readonly number[]): string => sizes.map(powerOfTwo).join("×");

/** The smallest one that is not below `least`. */
export function powerOfTwo(least: number): number {
  let power = 1;
  while (power < least) power *= 2;
  return power;
}

/** Additions up to which a sum runs through; more go in levels (shaders/lib/long.wgsl). */
const MOST_ADDITIONS = 1024;
export const hasManyTerms = (additions: number) => ({ MANY_TERMS: Number(additions > MOST_ADDITIONS) });

/** `parts` of `size` that cover `total`. */
export const ceilDiv = (total: number, size: number): number => Math.ceil(total / size);
