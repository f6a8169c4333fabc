import { parseSafetensors } from "../../formats/safetensors.ts";

interface Layer {
  readonly name: string;
  /** Of the weight, [out, in]. */
  readonly shape: readonly number[];
}

/** A line of Python that makes a layer. */
const linear = ({ shape: [out, inputs] }: Layer): string => `nn.Linear(${inputs}, ${out})`;

/** Layers of a VAE of fully connected layers: hidden ones of the encoder, the heads, hidden ones of the decoder, the output. */
function layersOf(
  layers: readonly Layer[],
): { encoder: Layer[]; heads: Layer[]; decoder: Layer[]; output: Layer } | null {
  const named = (pattern: RegExp): Layer[] => layers.filter(({ name }) => pattern.test(name));
  const [encoder, decoder] = [named(/^(fc1|encoder\.\d+)$/), named(/^(fc3|decoder\.\d+)$/)];
  const [heads, [output]] = [named(/^(fc2[12]|mean|log_var)$/), named(/^(fc4|output)$/)];
  const isAll = encoder.length + heads.length + decoder.length + 1 === layers.length;
  return isAll && heads.length === 2 && output && layers.every(({ shape }) => shape.length === 2)
    ? { encoder, heads, decoder, output }
    : null;
}

/** `self.fc1 = nn.Linear(784, 400)`, or a list of `encoder.0`, `encoder.1`, …, and how the layers are gone through. */
function hidden(name: string, layers: readonly Layer[]): { definition: string; through: (x: string) => string } {
  const [layer] = layers;
  if (layer && !layer.name.includes("."))
    return {
      definition: `self.${layer.name} = ${linear(layer)}`,
      through: (x) => `torch.relu(self.${layer.name}(${x}))`,
    };
  // in a Sequential each ReLU would take a number of its own
  return {
    definition: `self.${name} = nn.ModuleList([${layers.map(linear).join(", ")}])`,
    through: (x) => `relus(self.${name}, ${x})`,
  };
}

const MEAN: { readonly [likelihood: string]: string | undefined } = {
  bernoulli: "torch.sigmoid(OUT)",
  gaussian: "OUT",
  laplace: "OUT",
  logCosh: "OUT",
};

/**
 * The lines of PyTorch that load a saved model, out of its parameters' names and shapes: of a VAE of fully connected layers the module as
 * well, so that it encodes and decodes there; of others what the file holds.
 */
export function pytorchLines(bytes: Uint8Array, file: string): string {
  const { tensors, metadata } = parseSafetensors(bytes, { where: "pytorch" });
  const own = [...tensors].filter(([name]) => !name.startsWith("optimiser."));
  const load = [`state = load_file(${JSON.stringify(file)})`];
  if (own.length < tensors.size)
    load.push('state = {name: x for name, x in state.items() if not name.startswith("optimiser.")}');
  const options = JSON.parse(metadata.get("latentgpu.options") ?? "{}") as { [name: string]: unknown };
  const weights = own.filter(([name]) => name.endsWith(".weight"));
  const layers = weights.map(([name, { shape }]): Layer => ({ name: name.slice(0, -".weight".length), shape }));
  const found = metadata.get("latentgpu.model") === "VAE" && own.length === 2 * layers.length ? layersOf(layers) : null;
  const mean = MEAN[String(options["likelihood"])];
  if (!found || !mean) {
    const listed = own.map(([name, { shape }]) => `#   ${name}  [${shape.join(", ")}]`);
    return [
      "from safetensors.torch import load_file",
      "",
      ...load,
      "# it holds, by PyTorch's names and layouts:",
      ...listed,
      "",
    ].join("\n");
  }
  const [encoder, decoder] = [hidden("encoder", found.encoder), hidden("decoder", found.decoder)];
  const [first, second] = found.heads as [Layer, Layer];
  const { output } = found;
  const needsRelus = [encoder, decoder].some(({ definition }) => definition.includes("ModuleList"));
  return `import torch
from torch import nn
from safetensors.torch import load_file

${needsRelus ? "def relus(layers, x):\n    for layer in layers:\n        x = torch.relu(layer(x))\n    return x\n\n" : ""}class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        ${encoder.definition}
        self.${first.name}, self.${second.name} = ${linear(first)}, ${linear(second)}
        ${decoder.definition}
        self.${output.name} = ${linear(output)}

    def encode(self, x):  # images [n, ${found.encoder[0]?.shape[1] ?? first.shape[1]}] in [0, 1]: mean and log-variance of their codes
        h = ${encoder.through("x")}
        return self.${first.name}(h), self.${second.name}(h)

    def decode(self, z):  # codes [n, ${first.shape[0]}]: means of the pixels
        return ${mean.replace("OUT", `self.${output.name}(${decoder.through("z")})`)}

${load.join("\n")}
model = VAE()
model.load_state_dict(state)
`;
}
