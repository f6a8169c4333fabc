import type { Gpu, LongCall as CallOptions, ReadOptions, Tensor } from "../../src/index.ts";

/** What a long call takes; empty for those that take nothing. */
export type { CallOptions };

/** A call on inputs of its own, which `free` gives back. */
export interface Prepared {
  /** Begins it; what it resolves to is disposed where it can be. */
  run(options: CallOptions): Promise<unknown>;
  /** The same with something that must be refused, at once or on the way. */
  readonly refusals: readonly (() => Promise<unknown>)[];
  free(): void;
}

export type Open = (options?: CallOptions) => Promise<Gpu>;

export interface LongCall {
  readonly name: string;
  /** The public functions and methods that it waits for; a test says which are in no call. */
  readonly covers: readonly string[];
  /** Whether it takes a signal. */
  readonly aborts: boolean;
  /** It does not need the gpu that is lost, and may go on, or say that there is none. */
  readonly outlives?: boolean;
  /** `open` opens an engine of its own. */
  prepare(gpu: Gpu, open: Open): Promise<Prepared> | Prepared;
}

/** Values that repeat late, around `centre`. */
export const values = (size: number, centre = 0): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: size }, (_, i) => centre + Math.sin(i * 1.7) + ((i * 7919) % 101) / 101);
export const bytes = (size: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: size }, (_, i) => (i * 7919) % 251);

type Refusals = readonly (() => Promise<unknown>)[];

/** A tensor [n, d], and the call on it; refusals also get one of equal values, and one with a NaN. */
export function onRows(
  n: number,
  d: number,
  run: (x: Tensor, options: CallOptions) => Promise<unknown>,
  refusals: (x: Tensor, constant: Tensor, broken: Tensor) => Refusals = () => [],
): (gpu: Gpu) => Prepared {
  return (gpu) => {
    const x = gpu.tensor(values(n * d), [n, d]);
    const constant = gpu.tensor(new Float32Array(n * d).fill(3), [n, d]);
    const broken = gpu.tensor(values(n * d).fill(Number.NaN, n, n + 1), [n, d]);
    return {
      run: (options) => run(x, options),
      refusals: refusals(x, constant, broken),
      free: () => {
        for (const t of [x, constant, broken]) t.dispose();
      },
    };
  };
}

/** The same with a model that lives as long as the inputs. */
export function withModel<M extends Disposable>(
  make: (gpu: Gpu) => Promise<M> | M,
  onInputs: (model: M) => (gpu: Gpu) => Prepared,
): (gpu: Gpu) => Promise<Prepared> {
  return async (gpu) => {
    const model = await make(gpu);
    const made = onInputs(model)(gpu);
    return { ...made, free: () => (made.free(), model[Symbol.dispose]()) };
  };
}

/** Reads all of `made` at once and disposes them, however it ends. */
export async function readAll(made: readonly Tensor[], options?: ReadOptions): Promise<void> {
  try {
    await Promise.all(made.map((t) => t.read(options)));
  } finally {
    for (const t of made) t.dispose();
  }
}
