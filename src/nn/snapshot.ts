import { isFinite } from "../graph/ops/elementwise.ts";
import { mul } from "../graph/ops/arithmetic.ts";
import { min } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import type { Program } from "../program/program.ts";
import { copyStates } from "./parameters.ts";

/** The states of a training as they were at one moment, on the GPU, to go back to. */
export class Snapshot {
  readonly #gpu: Gpu;
  readonly #states: readonly Tensor[];
  readonly #copies: readonly Tensor[];
  #finite: Program<Tensor, []> | null = null;

  constructor(gpu: Gpu, states: readonly Tensor[]) {
    this.#gpu = gpu;
    this.#states = states;
    this.#copies = gpu.attempt(() =>
      states.map(({ dtype, shape, size }) =>
        gpu.state(dtype === "u32" ? new Uint32Array(size) : new Float32Array(size), shape),
      ),
    );
  }

  /** Compiles what `isFinite` runs. */
  async compile(signal?: AbortSignal): Promise<void> {
    const program = await this.#gpu.compileFor(signal, () =>
      this.#states
        .filter((s) => s.dtype === "f32")
        .map((s) => min(isFinite(s)))
        .reduce((a, b) => mul(a, b)),
    );
    if (this.#copies.some((copy) => copy.disposed)) program.dispose();
    else this.#finite = program;
  }

  take(): void {
    copyStates(this.#gpu, this.#states, this.#copies);
  }

  restore(): void {
    copyStates(this.#gpu, this.#copies, this.#states);
  }

  /** Whether every float of the states is a number now: a reduction over them, and one word read. */
  async isFinite(): Promise<boolean> {
    return (await this.asked()).answer;
  }

  /** The same, when it has been submitted: what comes later does not change the answer. */
  async asked(): Promise<{ readonly answer: Promise<boolean> }> {
    const answer = (await this.#finite!.run()).item().then((all) => all === 1);
    answer.catch(() => {});
    return { answer };
  }

  dispose(): void {
    this.#finite?.dispose();
    for (const copy of this.#copies) copy.dispose();
  }
}
