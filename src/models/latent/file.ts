import { check, isPlain, LatentError, quote } from "../../device/errors.ts";
import { parseSafetensors, type Safetensor, writeSafetensors } from "../../formats/safetensors.ts";
import { Tensor } from "../../graph/tensor.ts";
import { checkChecksum } from "../../nn/checksum.ts";
import { type Parameters, readParameters } from "../../nn/parameters.ts";

const MODEL = "latentgpu.model";
const OPTIONS = "latentgpu.options";

/** What a model's file says besides its tensors. Of a weight that is a tensor it says the number that it is now. */
export async function describe(model: string, options: object): Promise<Readonly<Record<string, string>>> {
  const numberOf = async (name: string, tensor: Tensor): Promise<number> => {
    const value = await tensor.item();
    check(
      value >= 0 && value < Infinity,
      "numeric",
      `${model}.save`,
      () => `expected ${name} ≥ 0; its tensor holds ${value}.`,
    );
    return value;
  };
  const values = Object.entries(options).map(
    async ([name, value]) =>
      [name, value instanceof Tensor ? await numberOf(name, value) : (value as unknown)] as const,
  );
  const said = JSON.stringify(Object.fromEntries(await Promise.all(values)), (key, value: unknown) =>
    key !== "" && isOwn(value) ? OWN : value,
  );
  return { format: "pt", [MODEL]: model, [OPTIONS]: said };
}

/** What models were called in files of older versions. */
const FORMER: { readonly [name: string]: string } = { MSSSIMVAE: "MSSIMVAE" };

const nameIn = (metadata: ReadonlyMap<string, string>): string | undefined => {
  const name = metadata.get(MODEL);
  return name !== undefined && Object.hasOwn(FORMER, name) ? FORMER[name] : name;
};

/** In a file, in place of layers, likelihoods and priors of the user's own: `load` has to be given them again. */
const OWN = "own";

const isOwn = (value: unknown): boolean =>
  typeof value === "function" || (typeof value === "object" && value !== null && !Array.isArray(value));

/** What the names of a prior's tensors begin with, in the file of a model that draws its codes from it. */
const PRIOR = "prior_density.";
const PRIOR_METADATA = "latentgpu.prior";

/** A model's parameters as safetensors, with PyTorch's names and layouts; `prior`, a file of its own, goes into it. */
export async function saveParameters(
  parameters: Parameters,
  metadata: Readonly<Record<string, string>>,
  further: readonly [string, Safetensor][] = [],
  prior?: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const entries = [...(await readParameters(parameters)), ...further];
  if (!prior) return writeSafetensors(entries, metadata, "save");
  const density = parseSafetensors(prior, { where: "save" });
  for (const [name, tensor] of density.tensors) entries.push([`${PRIOR}${name}`, tensor]);
  const said = JSON.stringify(Object.fromEntries(density.metadata));
  return writeSafetensors(entries, { ...metadata, [PRIOR_METADATA]: said }, "save");
}

/** The file of the prior that a model's file holds, or null. Throws LatentError("format"). */
export function priorFile(where: string, bytes: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const { tensors, metadata } = parseSafetensors(bytes, { where });
  const said = metadata.get(PRIOR_METADATA);
  if (said === undefined) return null;
  const own = [...tensors].filter(([name]) => name.startsWith(PRIOR));
  return writeSafetensors(
    own.map(([name, tensor]) => [name.slice(PRIOR.length), tensor]),
    objectOf(where, PRIOR_METADATA, said) as Record<string, string>,
    where,
  );
}

/** Which model a file holds, by its metadata; undefined where it does not say. Throws LatentError("format") on what is no safetensors file. */
export function modelOf(where: string, bytes: Uint8Array): string | undefined {
  const { metadata } = parseSafetensors(bytes, { where });
  // Gaussians, mixtures and the like say "model"
  return nameIn(metadata) ?? metadata.get("model");
}

/** A model's file, read strictly; `own` are options that a file cannot hold. Throws LatentError("format") if it is of another model. */
export function parseModel(
  bytes: Uint8Array,
  model: string,
  own: object = {},
): { tensors: ReadonlyMap<string, Safetensor>; options: Record<string, unknown> } {
  const where = `${model}.load`;
  const { tensors, metadata } = parseSafetensors(bytes, { finite: true, widen: true, where });
  const found = nameIn(metadata);
  check(
    found === model,
    "format",
    where,
    () => `this file holds another model. Expected ${model}; got ${found === undefined ? "none" : quote(found)}.`,
  );
  const options = objectOf(where, OPTIONS, metadata.get(OPTIONS) ?? "");
  checkChecksum(where, tensors, metadata, false);
  const merged: Record<string, unknown> = { ...options, ...own };
  for (const [name, value] of Object.entries(merged))
    check(value !== OWN, "argument", where, () =>
      name === "prior" && metadata.has(PRIOR_METADATA)
        ? "the file holds a prior. Use await load(gpu, bytes), or give it again, { prior: … }; got none."
        : `the model has a ${name} of its own, which a file cannot hold. Expected it again, { ${name}: … }; got none.`,
    );
  return { tensors, options: merged };
}

function objectOf(where: string, name: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new LatentError("format", `${where}: metadata ${name} is not JSON.`, { cause });
  }
  check(isPlain(value), "format", where, () => `metadata ${name} is not an object.`);
  return value as Record<string, unknown>;
}

/** Numbers that a model may have beyond twice its file's: so near to the truth, `checkParameters` says better what differs. */
const SLACK = 2 ** 16;

/** Most parameters that a file's model may have. Larger options are refused before memory of that size is taken. */
export function mostNumbers(tensors: ReadonlyMap<string, Safetensor>): number {
  let found = 0;
  for (const { data } of tensors.values()) found += data.length;
  return 2 * found + SLACK;
}
