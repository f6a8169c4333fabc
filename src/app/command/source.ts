/** Images or rows that come next: `count` of them, one after the other in `values`. */
export interface Part {
  readonly count: number;
  /** Bytes stand for 0 to 1; floats are taken as they are. */
  readonly values: Uint8Array | Float32Array;
  /** Position in the source after this part: files or rows, broken ones included. */
  readonly position: number;
}

/** A file that was left out, and why. */
export interface Skipped {
  readonly file: string;
  readonly reason: string;
}

/** Samples of one shape, read once from front to back. */
export interface Source {
  readonly path: string;
  /** "folder", "npz" …, for reports. */
  readonly kind: string;
  /** Files or rows at most: broken ones count, too. */
  readonly total: number;
  /** Whether rows are images, [channels, height, width]; rows of features else. */
  readonly isImages: boolean;
  /** Sizes of a sample; known once the first part came. */
  readonly shape: readonly number[];
  /** What was left out so far. */
  readonly skipped: readonly Skipped[];
  /** What a reader should know, once all is read. */
  readonly warnings: readonly string[];
  /** Parts of at most `size` samples, from a position on. */
  parts(size: number, from?: number): AsyncGenerator<Part>;
  /** One of the samples that `parts` gave, by its place among them, with a name for people. */
  sample(index: number): Promise<{ readonly name: string; readonly values: Uint8Array | Float32Array }>;
}

/** How inputs are read. */
export interface Reading {
  readonly onError: "stop" | "skip";
  readonly channels?: 1 | 3 | undefined;
  readonly layout?: "nhwc" | "nchw" | undefined;
  readonly array?: string | undefined;
  readonly recursive: boolean;
  readonly maxPixels: number;
  /** Every `of`-th sample from `first` on. */
  readonly shard?: { readonly first: number; readonly of: number } | undefined;
  /** Makes an image the one size that all shall have. */
  readonly fit?:
    | ((
        shape: readonly [number, number, number],
        pixels: Uint8Array | Float32Array,
      ) => Promise<{ shape: [number, number, number]; pixels: Float32Array }>)
    | undefined;
}
