import type { OptionTable } from "../../formats/options.ts";
import type { Gpu } from "../../program/gpu.ts";
import { checkGpu } from "../../program/checkGpu.ts";
import { LatentModel } from "./model.ts";
import { settingsOf } from "./built.ts";
import type { Code, OptionsOf, Parts, Recipe, Settings } from "./recipe.ts";

/** What the encoder of these parts gives. */
export type CodeOf<P extends Parts> = ReturnType<P["encode"]>;

/** A kind of model: `new` makes one, `load` brings one back from a file. */
export interface ModelClass<T extends OptionTable = OptionTable, C extends Code = Code> {
  new (gpu: Gpu, options: OptionsOf<T>): LatentModel<T, C>;
  /** Its name. */
  readonly name: string;
  /**
   * The model that `save` or a checkpoint wrote. Layers, likelihoods and priors of one's own are not in the file and are given again.
   * Throws LatentError("format") where a tensor is missing or differs.
   */
  load(gpu: Gpu, bytes: Uint8Array, own?: Partial<OptionsOf<T>>): LatentModel<T, C>;
  /** @internal The options that a model would have, checked, defaults filled in; no GPU is needed. Throws LatentError("argument"). */
  settings(options: OptionsOf<T>): Settings<T>;
}

/**
 * A class of models with codes, from a recipe: its options, its networks, and what training minimises. Everything else
 * (fit, sample, encode, decode, bounds, files) is the same for all.
 *
 *     const PlainVAE = defineModel({
 *       name: "PlainVAE",
 *       options: { beta: atLeast(0, 1) },
 *       parts: gaussianParts,
 *       objective({ x }, { encode, decode, prior }, { draw }, { beta }) {
 *         const q = encode(x);
 *         const z = q.sample(draw("z"));
 *         const reconstruction = mean(decode(z).logProb(x));
 *         const kl = mean(q.klTo(prior, z));
 *         return { loss: sub(mul(kl, beta), reconstruction), reconstruction, kl };
 *       },
 *     });
 *     const model = new PlainVAE(gpu, { image: [1, 28, 28] });
 */
// @__NO_SIDE_EFFECTS__: bundlers leave out models that nobody uses
export function defineModel<T extends OptionTable, P extends Parts>(recipe: Recipe<T, P>): ModelClass<T, CodeOf<P>> {
  type C = CodeOf<P>;
  const inner = recipe as unknown as Recipe<T, Parts<C>>;
  const Model = class extends LatentModel<T, C> {
    constructor(gpu: Gpu, options: OptionsOf<T>, most?: number) {
      super(gpu, inner, options, most === undefined ? {} : { most });
    }

    static settings(options: OptionsOf<T>): Settings<T> {
      return settingsOf(recipe, options);
    }

    static load(gpu: Gpu, bytes: Uint8Array, own?: Partial<OptionsOf<T>>): LatentModel<T, C> {
      checkGpu(`${recipe.name}.load`, gpu);
      return LatentModel.read(gpu, inner, bytes, own, (options, most) => new Model(gpu, options, most));
    }
  };
  Object.defineProperty(Model, "name", { value: recipe.name });
  return Model;
}
