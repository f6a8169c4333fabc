import { check, checkOptions } from "../../device/errors.ts";
import { type OptionTable, readOptions } from "../../formats/options.ts";
import { Tensor } from "../../graph/tensor.ts";
import { arenaOf } from "../../nn/arena.ts";
import { disposeParameters, type Parameters } from "../../nn/parameters.ts";
import type { Gpu } from "../../program/gpu.ts";
import { backboneOf } from "./backbones.ts";
import { Builder } from "./builder.ts";
import { likelihoodOf } from "./likelihood/named.ts";
import { type NetworkOptions, networkOptionNames, type NetworkSpec, networkSpec } from "./network.ts";
import { Lock } from "./lock.ts";
import { StandardNormal } from "./normal.ts";
import type { OptionsOf, Parts, Recipe, Settings } from "./recipe.ts";

/** A model's networks, and where their numbers lie. */
export interface Built<P extends Parts> {
  readonly parts: P;
  readonly build: Builder;
  /** All states under their names in files: what training moves, in one arena, what is frozen, and what steps move themselves. */
  readonly states: Parameters;
  /** Lets one fit at a time move them, of all models that share them. */
  readonly lock: Lock;
  dispose(): void;
}

/** Checks all options of a model and fills in defaults. Throws LatentError("argument") naming what is unknown or out of range. */
export function settingsOf<T extends OptionTable, P extends Parts>(
  { name, options: table, standard, latent, levels }: Recipe<T, P>,
  given: OptionsOf<T>,
): Settings<T> {
  const allowed = [...networkOptionNames, ...Object.keys(table), "levels"];
  if (given !== undefined && given !== null) checkOptions(name, given, allowed);
  const network = given && Object.fromEntries(Object.entries(given).filter(([option]) => networkNames.has(option)));
  // settings that have been checked before say the sizes of all levels apart
  const { levels: before } = (given ?? {}) as { readonly levels?: readonly number[] };
  const general = before ? { ...network, latent: before } : network;
  const further = { ...standard, ...(levels === undefined ? {} : { levels }) };
  const spec = networkSpec(name, general as NetworkOptions, further);
  const settings = { ...spec, ...readOptions(name, table, given ?? {}) } as Settings<T>;
  if (!latent) return settings;
  const size = latent(settings);
  const asked = given.latent;
  check(
    asked === undefined || asked === size,
    "argument",
    name,
    () => `expected latent ${size}, as the other options say; got ${String(asked)}.`,
  );
  return { ...settings, latent: size };
}

const networkNames: ReadonlySet<string> = new Set(networkOptionNames);

/** Refuses options that are tensors of another gpu, or no more. */
function checkTensors(gpu: Gpu, where: string, settings: object): void {
  for (const [name, value] of Object.entries(settings)) {
    if (!(value instanceof Tensor)) continue;
    check(value.gpu === gpu, "wrong-device", where, () => `${name} is a tensor of another gpu.`);
    check(!value.disposed, "disposed", where, () => `${name} is a tensor that is disposed.`);
  }
}

/** Builds a model. Where a device is too small, or gone, all that was made is freed before the error passes on. */
export function built<T extends OptionTable, P extends Parts>(
  gpu: Gpu,
  recipe: Recipe<T, P>,
  settings: Settings<T>,
  most?: number,
): Built<P> {
  checkTensors(gpu, recipe.name, settings);
  return gpu.attempt(() => {
    const options: NetworkSpec = settings;
    const { alpha } = settings as { readonly alpha?: number };
    const isCosh = recipe.standard?.likelihood === "logCosh" && alpha !== undefined;
    const likelihood = likelihoodOf(gpu, isCosh ? { ...options, alpha } : options);
    const isExample = options.encoder === "mlp" && options.hidden.length === 1;
    const build = new Builder(
      gpu,
      options,
      likelihood,
      backboneOf,
      isExample ? renamed(recipe.names) : undefined,
      most,
    );
    const parts = recipe.parts(build, settings);
    check(
      options.prior === undefined || parts.prior instanceof StandardNormal,
      "argument",
      recipe.name,
      () => "its codes have a prior of their own. Expected no other prior here; withPrior takes one to sample from.",
    );
    arenaOf(gpu, build.parameters);
    const states = { ...build.parameters, ...build.frozen, ...build.buffers };
    return { parts, build, states, lock: new Lock(), dispose: () => disposeParameters(states) };
  });
}

/** `encoder.0.weight` as `fc1.weight`, by a table of the layers' names. */
const renamed =
  (names: { readonly [name: string]: string } = {}) =>
  (name: string): string => {
    const [layer, part] = [name.slice(0, name.lastIndexOf(".")), name.slice(name.lastIndexOf("."))];
    return `${names[layer] ?? layer}${part}`;
  };
