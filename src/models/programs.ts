import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import type { Program } from "../program/program.ts";
import type { Compiled } from "../program/body.ts";

/**
 * The compiled steps of a fit, by name, each compiled when it is first asked for. One that arrives after `dispose()`, as when an abort
 * ended the fit while the driver was at work, is disposed of at once.
 */
export class Programs {
  readonly #gpu: Gpu;
  readonly #signal: AbortSignal | undefined;
  readonly #programs = new Map<string, Program<Compiled, Tensor[]>>();
  #disposed = false;

  /** `signal` is the fit's: an abort is heard while kernels compile. */
  constructor(gpu: Gpu, signal?: AbortSignal) {
    this.#gpu = gpu;
    this.#signal = signal;
  }

  async get<R extends Compiled>(
    name: string,
    body: (...inputs: Tensor[]) => R,
    examples: readonly Tensor[] = [],
  ): Promise<Program<R, Tensor[]>> {
    const cached = this.#programs.get(name);
    if (cached) return cached as Program<R, Tensor[]>;
    const program = await this.#gpu.compileFor<R, Tensor[]>(this.#signal, body, ...examples);
    if (this.#disposed) program.dispose();
    else this.#programs.set(name, program as Program<Compiled, Tensor[]>);
    return program;
  }

  dispose(): void {
    this.#disposed = true;
    for (const program of this.#programs.values()) program.dispose();
  }
}
