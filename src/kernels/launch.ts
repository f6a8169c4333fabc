/** One @compute entry point, as `shaders/generate.mjs` reflected it. */
export interface Kernel {
  readonly name: string;
  readonly entry: string;
  readonly code: string;
  readonly workgroup: readonly number[];
  readonly buffers: { readonly [name: string]: { readonly binding: number; readonly access: string } };
  readonly params: { readonly [name: string]: { readonly offset: number; readonly type: string } };
  readonly paramsBytes: number;
  /** Functions whose body the host may replace: name → `(i: u32, value: f32) -> f32`. */
  readonly hooks: { readonly [name: string]: string };
  /** `const NAME = 8u;` lines that the host may give another value. */
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
  /** Workgroups; the first dimension may pass 65 535 where the kernel counts with lib/grid.wgsl. */
  readonly groups: readonly [number, number, number];
  /** This launch writes output 0 and applies the hook `epilogue` to it. */
  readonly takesEpilogue?: boolean;
}

export interface Launches {
  readonly launches: readonly Launch[];
  /** Bytes of each scratch buffer. */
  readonly scratch?: readonly number[];
  readonly flops?: number;
}

/** What a launcher may know of the device when it chooses a variant. */
export interface DeviceTraits {
  readonly software: boolean;
  readonly features: ReadonlySet<string>;
  readonly maxBindingBytes: number;
  readonly maxStorageBuffers: number;
}

/** `parts` of `size` that cover `total`. */
export const ceilDiv = (total: number, size: number): number => Math.ceil(total / size);
