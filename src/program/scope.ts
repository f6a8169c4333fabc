import { isPlain } from "../device/errors.ts";
import { Tensor } from "../graph/tensor.ts";

/** The scope that is open on a gpu, if any: what is made now belongs to it. */
export interface OpenScope {
  open: Scope | null;
}

/**
 * Disposes, at its end, the tensors that were made while it was open.
 *
 *     using scope: Scope = gpu.scope();
 *     const y = scope.keep(x.mul(2).exp());
 *     await y.read();
 *
 * It is open from its creation to the first call on the gpu that returns a promise, and again where an `await` of that very promise
 * goes on; and inside `run`. Whatever else runs meanwhile, timers, frames, a fit, finds it closed, so nothing of theirs is
 * touched. After waiting for anything else (a fetch, several promises) say `scope.run(() => …)`. Models, programs and data sets
 * own what they hold, whatever scope they were fitted or compiled in.
 */
export class Scope {
  readonly #current: OpenScope;
  readonly #outer: Scope | null;
  readonly #tensors = new Set<Tensor>();
  #ended = false;

  /** @internal */
  constructor(current: OpenScope) {
    this.#current = current;
    this.#outer = current.open;
  }

  /** @internal This scope, or the nearest one around it that has not ended. */
  get alive(): Scope | null {
    return this.#ended ? (this.#outer?.alive ?? null) : this;
  }

  /** @internal Opens it until the code that runs now has come to its end, whatever that waits for. */
  enter(): this {
    this.#current.open = this;
    queueMicrotask(() => {
      if (this.#current.open === this) this.#current.open = null;
    });
    return this;
  }

  /** What `body` makes, before it returns or first waits, belongs to this scope. */
  run<R>(body: () => R): R {
    const before = this.#current.open;
    this.#current.open = this.alive;
    try {
      return body();
    } finally {
      this.#current.open = before;
    }
  }

  /** @internal The scope of `body`: ends with it, and keeps what it returns, computed. */
  async enclose<T>(body: (scope: Scope) => T | Promise<T>, compute: (results: Tensor[]) => Promise<void>): Promise<T> {
    try {
      const result = await this.run(() => body(this));
      await compute(tensorsIn(result));
      return this.keep(result);
    } finally {
      this.dispose();
    }
  }

  /** Leaves a tensor, or an array or plain object of them, to the scope around this one, or to the caller. */
  keep<T>(result: T): T {
    for (const tensor of tensorsIn(result)) if (tensor.scope === this) this.#leave(tensor);
    return result;
  }

  /** @internal */
  keepAll(): void {
    for (const tensor of this.#tensors) this.#leave(tensor);
  }

  #leave(tensor: Tensor): void {
    this.#tensors.delete(tensor);
    (tensor.scope = this.#outer?.alive ?? null)?.add(tensor);
  }

  /** @internal */
  add(tensor: Tensor): void {
    this.#tensors.add(tensor);
    tensor.scope = this;
  }

  /** @internal */
  forget(tensor: Tensor): void {
    this.#tensors.delete(tensor);
  }

  /** Ends the scope: frees the tensors made in it, those apart that were kept. */
  dispose(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#current.open === this) this.#current.open = this.alive;
    for (const tensor of this.#tensors) tensor.dispose();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Does `body` in a scope of its own, out of which `keep` takes what stays. */
export function collect<T>(current: OpenScope, body: () => T, keep: (scope: Scope, result: T) => unknown): T {
  const scope = new Scope(current);
  try {
    const result = scope.run(body);
    keep(scope, result);
    return result;
  } finally {
    scope.dispose();
  }
}

/** The tensors in a tensor, or in arrays and plain objects of them. */
export function tensorsIn(result: unknown): Tensor[] {
  if (result instanceof Tensor) return [result];
  if (Array.isArray(result)) return result.flatMap(tensorsIn);
  return isPlain(result) ? Object.values(result).flatMap(tensorsIn) : [];
}

/**
 * Does `work` outside the open scope, which opens again where the code that waits for the promise goes on: what that code makes is
 * its own, and what others make meanwhile is not.
 */
export function outside<T>(current: OpenScope, work: () => Promise<T>): Promise<T> {
  const scope = current.open;
  current.open = null;
  return new Promise((resolve, reject) => {
    // microtasks run in the order in which they are queued: what waits for this promise runs between these two
    const then =
      <A>(settle: (value: A) => void) =>
      (value: A) => {
        queueMicrotask(() => (current.open = scope?.alive ?? null));
        settle(value);
        queueMicrotask(() => (current.open = null));
      };
    work().then(then(resolve), then(reject));
  });
}
