import { check, LatentError, quote } from "../device/errors.ts";
import { parseSafetensors, type Safetensor, writeSafetensors } from "../formats/safetensors.ts";
import type { Gpu } from "../program/gpu.ts";
import { checkChecksum } from "../nn/checksum.ts";
import { checkRegions, readRegions, regionsOf, type State, writeRegions } from "../nn/states.ts";

const MODEL = "latentgpu.model";
const OPTIONS = "latentgpu.options";

/** What a model's file says besides its tensors. */
export const describe = (model: string, options: object): Readonly<Record<string, string>> => ({
  format: "pt",
  [MODEL]: model,
  [OPTIONS]: JSON.stringify(options),
});

/** A model's states as safetensors, with PyTorch's names and layouts. */
export async function saveStates(
  states: readonly State[],
  metadata: Readonly<Record<string, string>>,
  further: readonly [string, Safetensor][] = [],
): Promise<Uint8Array<ArrayBuffer>> {
  return writeSafetensors([...(await readRegions(regionsOf(states))), ...further], metadata, "save");
}

/** A model's file, read strictly. Throws LatentError("format") if it is of another model. */
export function parseModel(
  bytes: Uint8Array,
  model: string,
): { tensors: ReadonlyMap<string, Safetensor>; options: Record<string, unknown> } {
  const where = `${model}.load`;
  const { tensors, metadata } = parseSafetensors(bytes, { finite: true, widen: true, where });
  const found = metadata.get(MODEL);
  check(
    found === model,
    "format",
    where,
    () => `this file holds another model. Expected ${model}; got ${found === undefined ? "none" : quote(found)}.`,
  );
  let options: unknown;
  try {
    options = JSON.parse(metadata.get(OPTIONS) ?? "");
  } catch (cause) {
    throw new LatentError("format", `${where}: metadata ${OPTIONS} is not JSON.`, { cause });
  }
  check(
    typeof options === "object" && options !== null && !Array.isArray(options),
    "format",
    where,
    () => `metadata ${OPTIONS} is not an object.`,
  );
  checkChecksum(where, tensors, metadata, false);
  return { tensors, options: options as Record<string, unknown> };
}

/** Numbers that a model may have beyond twice its file's: so near to the truth, `checkRegions` says better what differs. */
const SLACK = 2 ** 16;

/** Throws LatentError("format") where a model of `size` numbers cannot be in the file: before anything of that size is made. */
export function checkSize(where: string, size: number, tensors: ReadonlyMap<string, Safetensor>): void {
  let found = 0;
  for (const { data } of tensors.values()) found += data.length;
  check(
    size <= 2 * found + SLACK,
    "format",
    where,
    () => `the options are of a larger model than the file's. Expected ${size} numbers for them; got ${found}.`,
  );
}

/** Puts a file's tensors into a model's states; checks all of them first. */
export function loadStates(
  gpu: Gpu,
  where: string,
  states: readonly State[],
  tensors: ReadonlyMap<string, Safetensor>,
): void {
  const regions = regionsOf(states);
  checkRegions(where, regions, tensors);
  writeRegions(gpu, regions, tensors);
}
