import { count as sizeOf } from "../../graph/dtype.ts";
import { add, mean, mul, random, variance } from "../../graph/ops/index.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { LatentModel } from "../../models/latent/model.ts";
import { meanOf } from "../../models/latent/recipe.ts";
import type { Gpu } from "../../program/gpu.ts";
import type { Program } from "../../program/program.ts";
import type { ImageSet } from "./images.ts";
import { NEEDS_CLASSES, WITHOUT_PRIOR } from "../familyModels.ts";

/** Samples of the grid, images that are given back, codes of the scatter, and codes behind the Gaussian of a model without a prior. */
export const SHOWN = { samples: 32, images: 8, codes: 2000, priorCodes: 250 } as const;

/** Images encoded at once: a page draws between the blocks, also where the GPU is a CPU. */
const BLOCK = 250;

type ViewName = "samples" | "reconstructions" | "codes";

/** What one sees of a model while it trains: each is computed anew from the parameters of the moment, for the same codes and images. */
export class Views {
  /** [images, c, h, w]. */
  readonly originals: Tensor;
  /** Test images whose codes are told. */
  readonly count: number;
  readonly #gpu: Gpu;
  readonly #owned: { dispose(): void }[] = [];
  /** Starts of the blocks of images whose codes are shown; the last one may overlap the one before. */
  readonly #starts: readonly number[];
  /** Writes the block of images that begins at a start. */
  readonly #take: (start: number) => void;
  readonly #bodies: { readonly [name in ViewName]: () => Tensor };
  readonly #programs = new Map<string, Promise<Program<Tensor, []>>>();

  /** `seed` is that of the sampled codes. */
  constructor(gpu: Gpu, model: LatentModel, set: ImageSet, seed: number) {
    const pixels = sizeOf(set.image);
    const own = (tensor: Tensor): Tensor => (this.#owned.push(tensor), tensor);
    const count = Math.min(SHOWN.codes, set.test.length / pixels);
    this.count = count;
    const values = Float32Array.from(set.test.subarray(0, count * pixels), (byte) => byte / 255);
    const part = (most: number, kind: "tensor" | "state"): Tensor => {
      const rows = Math.min(most, count);
      return own(gpu[kind](values.slice(0, rows * pixels), [rows, ...set.image]));
    };
    const [originals, some, block] = [
      part(SHOWN.images, "tensor"),
      part(SHOWN.priorCodes, "tensor"),
      part(BLOCK, "state"),
    ];
    const rows = block.shape[0]!;
    // only a model with classes takes labels
    const isLabelled = NEEDS_CLASSES.has(model.name);
    const labels = (n: number): object => (isLabelled ? { labels: set.labels!.test.subarray(0, n) } : {});
    const classes = isLabelled ? { labels: Array.from({ length: SHOWN.samples }, (_, i) => i % 10) } : {};
    const blockLabels = isLabelled ? own(gpu.state(Uint32Array.from(set.labels!.test.subarray(0, rows)))) : null;
    this.#starts = Array.from({ length: Math.ceil(count / rows) }, (_, i) => Math.min(i * rows, count - rows));
    this.#take = (start) => {
      block.write(values.subarray(start * pixels, (start + rows) * pixels));
      blockLabels?.write(Uint32Array.from(set.labels!.test.subarray(start, start + rows)));
    };
    const samples = (): Tensor => {
      if (!WITHOUT_PRIOR.has(model.name)) return model.sample(SHOWN.samples, { seed, ...classes });
      const codes = meanOf(model.encode(some, labels(some.shape[0]!)));
      const noise = random.normal(gpu, [SHOWN.samples, codes.shape[1]!], { seed });
      return model.decode(add(mean(codes, 0), mul(variance(codes, 0).pow(0.5), noise)));
    };
    this.#gpu = gpu;
    this.originals = originals;
    this.#bodies = {
      samples,
      reconstructions: () => model.reconstruct(originals, labels(originals.shape[0]!)),
      codes: () => meanOf(model.encode(block, blockLabels ? { labels: blockLabels } : {})),
    };
  }

  /** Compiled when it is first asked for. */
  async #run(name: ViewName): Promise<Tensor> {
    if (!this.#programs.has(name)) this.#programs.set(name, this.#gpu.compile(this.#bodies[name]));
    return (await this.#programs.get(name)!).run();
  }

  /** [32, c, h, w], valid until it is asked for again. */
  samples(): Promise<Tensor> {
    return this.#run("samples");
  }

  /** [images, c, h, w], likewise. */
  reconstructions(): Promise<Tensor> {
    return this.#run("reconstructions");
  }

  /** [codes, latent], row after row. */
  async codes(): Promise<Float32Array> {
    let all = new Float32Array(0);
    for (const start of this.#starts) {
      this.#take(start);
      const codes = await this.#run("codes");
      const [rows, latent] = codes.shape as [number, number];
      if (all.length === 0) all = new Float32Array((this.#starts.at(-1)! + rows) * latent);
      all.set((await codes.read()) as Float32Array, start * latent);
    }
    return all;
  }

  dispose(): void {
    for (const program of this.#programs.values()) program.then((one) => one.dispose()).catch(() => {});
    for (const one of this.#owned) one.dispose();
  }
}
