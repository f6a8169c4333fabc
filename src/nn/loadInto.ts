import { checkOptions } from "../device/errors.ts";
import { parseSafetensors, type Safetensor } from "../formats/safetensors.ts";
import type { Gpu } from "../program/gpu.ts";
import type { Layer } from "./layer.ts";
import { writeParameters } from "./parameters.ts";

/** How names of a file become those of a layer. */
export interface LoadOptions {
  /** The layer's name for a name of the file, or null for a tensor that is left out. */
  readonly rename?: (name: string) => string | null;
}

/**
 * Writes PyTorch's numbers over a layer's parameters and buffers: a safetensors file, or what parseSafetensors gave. Numbers of 16 bits
 * are widened. All names are checked first; further tensors of the file are left out.
 *
 * Throws LatentError("format") where a tensor is missing, or differs in shape or dtype: then nothing has changed.
 *
 *     const net = sequential({ fc1: new Linear(gpu, 784, 400), relu, fc2: new Linear(gpu, 400, 10) });
 *     loadInto(net, file, { rename: (name) => name.replace(/^module\./, "") });
 */
export function loadInto(
  layer: Layer,
  tensors: Uint8Array | ReadonlyMap<string, Safetensor>,
  options: LoadOptions = {},
): void {
  const where = "loadInto";
  checkOptions(where, options, ["rename"]);
  const { rename = (name: string) => name } = options;
  const file = tensors instanceof Uint8Array ? parseSafetensors(tensors, { widen: true, where }).tensors : tensors;
  const found = new Map<string, Safetensor>();
  for (const [name, tensor] of file) {
    const own = rename(name);
    if (own !== null) found.set(own, tensor);
  }
  const states = { ...layer.parameters, ...layer.buffers };
  const [first] = Object.values(states);
  if (first) writeParameters(first.gpu as Gpu, where, states, found);
}
