import type { Image } from "../../../models/latent/network.ts";
import { type ModelName, modelNames } from "../../familyModels.ts";
import { isSteered, optionsOf, ownOptions, RUN, type TrainSettings } from "../../train/settings.ts";

/** What the form holds, as text by name; what is blank is left to the model. The address keeps the same. */
export interface Form {
  readonly [name: string]: string;
}

/** Options of every network that the form has, beside the model's own. */
export const NETWORK = ["encoder", "hidden", "latent", "likelihood"] as const;

/** Sizes of images of one's own. */
export const SIZES: { readonly [name: string]: Image } = { "28": [1, 28, 28], "32": [3, 32, 32] };

/** Channels, height and width of the images that the form chooses. */
export const imageOf = ({ data, size = "28" }: Form): Image =>
  data === "own" ? (SIZES[size] ?? SIZES["28"]!) : SIZES["28"]!;

/** The model that the form chooses; VAE where it names none that there is. */
export const modelOf = ({ model }: Form): ModelName =>
  modelNames.includes(model as ModelName) ? (model as ModelName) : "VAE";

/** "20" is a number, "20, 10" a list of them. */
const numbers = (text: string): number | number[] => {
  const list = text.split(",").map(Number);
  return list.length === 1 ? list[0]! : list;
};

/** A typed option, as what its default is. */
function valueOf(text: string, standard: unknown): unknown {
  if (typeof standard === "number") return Number(text);
  if (typeof standard === "boolean") return text === "true";
  return Array.isArray(standard) ? [numbers(text)].flat() : text;
}

/** The settings that a form says. Values are refused by who takes them. */
export function settingsOf(form: Form): TrainSettings {
  const model = modelOf(form);
  const own = new Map(ownOptions(model, imageOf(form)));
  const options: { [name: string]: unknown } = {};
  for (const [name, text] of Object.entries(form)) {
    if (text === "") continue;
    if (name === "latent" || name === "hidden") options[name] = numbers(text);
    else if ((NETWORK as readonly string[]).includes(name)) options[name] = text;
    else if (own.has(name)) options[name] = valueOf(text, own.get(name));
  }
  const run = (name: keyof typeof RUN): number => (form[name] ? Number(form[name]) : RUN[name]);
  return {
    model,
    options,
    epochs: run("epochs"),
    batch: run("batch"),
    learningRate: run("learningRate"),
    seed: run("seed"),
  };
}

/** The value of a field that acts while a model trains; a blank one is the model's default. Undefined of other fields. */
export function steeredValue(form: Form, name: string): number | undefined {
  const { model, options, learningRate } = settingsOf(form);
  if (name === "learningRate") return learningRate;
  const all = optionsOf(model, imageOf(form), options);
  return name === "beta" && isSteered(all) ? (all["beta"] as number) : undefined;
}

/** The form that says these settings. */
export function formOf({ model, options, ...run }: TrainSettings): Form {
  const entries = Object.entries({ ...options, ...run }).map(([name, value]) => [name, String(value)]);
  return { model, ...(Object.fromEntries(entries) as Form) };
}

/** The model's defaults as text, for fields that are blank. */
export function defaultsOf(form: Form): Form {
  const { levels, ...options } = optionsOf(modelOf(form), imageOf(form));
  const all = { ...options, ...RUN, ...(levels ? { latent: levels } : {}) };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, String(value)]));
}

/** What the address says of the form, after "#train?". */
export const formIn = (hash: string): Form => Object.fromEntries(new URLSearchParams(hash.split("?")[1] ?? ""));

/** "#train?model=VAE&latent=10", without what is blank. */
export function addressOf(form: Form): string {
  const said = Object.entries(form).filter(([, text]) => text !== "");
  return said.length === 0 ? "#train" : `#train?${new URLSearchParams(said.map(([name, text]) => [name, text]))}`;
}
