/** One axis, or several; negative from the end. */
export type Axes = number | readonly number[] | undefined;

/** What reading values takes. */
export interface ReadOptions {
  /** Ends the call, which then rejects with `signal.reason`; what it has sent to the GPU runs on. */
  readonly signal?: AbortSignal | undefined;
}

/** How to average squared deviations. */
export interface VarianceOptions extends ReduceOptions {
  /** What the number of elements is lessened by before dividing: 0 unless given; PyTorch's correction is 1. */
  readonly ddof?: number;
}

/** What reductions take. */
export interface ReduceOptions {
  /** Leave the reduced axes in place with size 1. */
  readonly keepDims?: boolean;
}

/** What gelu takes. */
export interface GeluOptions {
  /** "tanh" for ½ a (1 + tanh(√(2/π)·(a + 0.044715 a³))); "none", the exact one, by default. */
  readonly approximate?: "none" | "tanh";
}
