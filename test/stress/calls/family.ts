import * as family from "../../../src/models/family/index.ts";
import type { Gpu, LatentModel } from "../../../src/index.ts";
import { bytes, type LongCall } from "../call.ts";

type Options = { readonly [name: string]: unknown };
/** What some models of the family need. */
const needs: { readonly [name: string]: Options } = {
  CategoricalVAE: { latent: 200 },
  ConditionalVAE: { classes: 2 },
  HVAE: { latent: [2, 2] },
  LVAE: { hidden: [16, 16], latent: [2, 2] },
  MSSIMVAE: { image: [1, 32, 32], window: 3 },
  VQVAE: { latent: 128 },
};
const COUNT = 20;

/** A short training of every model of the family. */
export const familyCalls: readonly LongCall[] = Object.entries(family).map(([name, model]): LongCall => {
  const Model = model as unknown as new (gpu: Gpu, options: Options) => LatentModel;
  const options: Options = { image: [1, 8, 8], hidden: 16, latent: 2, ...needs[name] };
  const size = (options["image"] as number[]).reduce((a, b) => a * b, COUNT);
  const labels = name === "ConditionalVAE" ? { labels: Uint8Array.from({ length: COUNT }, (_, i) => i % 2) } : {};
  const recipe = { epochs: 2, batch: 8, ...labels };
  return {
    name: `${name}.fit`,
    covers: ["LatentModel.fit", "train"],
    aborts: true,
    prepare(gpu) {
      // a model for each call: what it keeps of its codes goes with it
      const fit = async (further: object, images = bytes(size)): Promise<unknown> => {
        using made = new Model(gpu, options);
        return await made.fit(images, { ...recipe, ...further });
      };
      return {
        run: (call) => fit(call),
        refusals: [
          () => fit({ learningRate: -1 }),
          () => fit({ learningRate: 1e30, epochs: 20 }),
          () => fit({}, bytes(size - 1)),
        ],
        free: () => {},
      };
    },
  };
});
