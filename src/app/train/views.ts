import { add, mean, mul, random, variance } from "../../graph/ops/index.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { LatentModel } from "../../models/latent/model.ts";
import { meanOf } from "../../models/latent/recipe.ts";
import type { Gpu } from "../../program/gpu.ts";
import type { Program } from "../../program/program.ts";
import type { ImageSet } from "./images.ts";
import { type ModelName, NEEDS_CLASSES, WITHOUT_PRIOR } from "./settings.ts";

/** Samples of the grid, images that are given back, and codes of the scatter. */
export const SHOWN = { samples: 32, images: 8, codes: 2000 } as const;

/** Codes that the Gaussian of a model without a prior is taken from. */
const SPREAD = 256;

type ViewName = "samples" | "reconstructions" | "codes";

/** What one sees of a model while it trains: each is computed anew from the parameters of the moment, for the same codes and images. */
export class Views {
  /** [images, c, h, w]. */
  readonly originals: Tensor;
  readonly #gpu: Gpu;
  readonly #owned: { dispose(): void }[] = [];
  readonly #bodies: { readonly [name in ViewName]: () => Tensor };
  readonly #programs = new Map<string, Promise<Program<Tensor, []>>>();

  /** `seed` is that of the sampled codes. */
  constructor(gpu: Gpu, model: LatentModel, set: ImageSet, seed: number) {
    const pixels = set.image.reduce((product, n) => product * n, 1);
    const part = (most: number): Tensor => {
      const count = Math.min(most, set.test.length / pixels);
      const values = Float32Array.from(set.test.subarray(0, count * pixels), (byte) => byte / 255);
      const images = gpu.tensor(values, [count, ...set.image]);
      this.#owned.push(images);
      return images;
    };
    const [few, some, many] = [part(SHOWN.images), part(SPREAD), part(SHOWN.codes)];
    // only a model with classes takes labels
    const isLabelled = NEEDS_CLASSES.has(model.name as ModelName);
    const labels = (n: number): object => (isLabelled ? { labels: set.labels!.test.subarray(0, n) } : {});
    const classes = isLabelled ? { labels: Array.from({ length: SHOWN.samples }, (_, i) => i % 10) } : {};
    const codes = (x: Tensor): Tensor => meanOf(model.encode(x, labels(x.shape[0]!)));
    const samples = (): Tensor => {
      if (!WITHOUT_PRIOR.has(model.name as ModelName)) return model.sample(SHOWN.samples, { seed, ...classes });
      const spread = codes(some);
      const noise = random.normal(gpu, [SHOWN.samples, spread.shape[1]!], { seed });
      return model.decode(add(mean(spread, 0), mul(variance(spread, 0).pow(0.5), noise)));
    };
    this.#gpu = gpu;
    this.originals = few;
    this.#bodies = {
      samples,
      reconstructions: () => model.reconstruct(few, labels(few.shape[0]!)),
      codes: () => codes(many),
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
    return (await (await this.#run("codes")).read()) as Float32Array;
  }

  dispose(): void {
    for (const program of this.#programs.values()) program.then((one) => one.dispose()).catch(() => {});
    for (const one of this.#owned) one.dispose();
  }
}
