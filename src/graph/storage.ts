/** A place in a GPUBuffer. */
export interface Storage {
  /** The buffer that it lies in. */
  readonly buffer: GPUBuffer;
  /** Where it begins, in bytes. */
  readonly offset: number;
  /** How long it is, in bytes. */
  readonly bytes: number;
  /** Who gets the buffer back when its tensor ends; null for borrowed storage, parts of others, and afterwards. */
  owner: { give(buffer: GPUBuffer): void } | null;
  /** Until the device has said what it thinks of the buffer, or of the run that writes it; then perhaps the refusal. */
  checked?: Promise<unknown>;
  /** What writes it has not been submitted yet: `checked` says when it is. */
  unwritten?: boolean;
  /** What the device refused. */
  refusal?: Error;
}

/** Numbers (or booleans), or arrays of arrays of them, all of one length at each depth. */
export type Nested = number | boolean | readonly Nested[];
/** What tensors are made of: typed arrays, numbers or arrays of them. */
export type Values = Float32Array | Int32Array | Uint32Array | Uint8Array | Float64Array | Nested;
