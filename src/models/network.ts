import { check, checkOptions, show } from "../device/errors.ts";
import { count, type Shape } from "../graph/dtype.ts";
import { relu } from "../graph/ops/elementwise.ts";
import { reshape } from "../graph/ops/shape.ts";
import type { Tensor } from "../graph/tensor.ts";
import { type Arena, arenaOf } from "../nn/arena.ts";
import { Conv2d, ConvTranspose2d } from "../nn/conv2d.ts";
import { Initialiser } from "../nn/initialise.ts";
import type { Layer } from "../nn/layer.ts";
import { Linear } from "../nn/linear.ts";
import { type State, tensorsOf } from "../nn/states.ts";
import type { Gpu } from "../program/gpu.ts";

/** What auto-encoders are made from. */
export interface NetworkOptions {
  /** [channels, height, width] of an image. */
  readonly image: readonly [number, number, number];
  /** "mlp" (the default) or "conv". */
  readonly encoder?: "mlp" | "conv";
  /** Widths of the hidden layers of the encoder, the decoder's being the same in reverse; for "conv", channels. 400; [32, 64]. */
  readonly hidden?: number | readonly number[];
  /** Dimensions of the code; 20. */
  readonly latent?: number;
  /** "bernoulli" (the default), for pixels in [0, 1], or "gaussian". */
  readonly likelihood?: "bernoulli" | "gaussian";
  /** Of the initial weights; 0. */
  readonly seed?: number;
}

const networkOptionNames = ["image", "encoder", "hidden", "latent", "likelihood", "seed"];

/** The options with their defaults, in a form that JSON keeps. */
export interface NetworkSpec {
  /** [channels, height, width] of an image. */
  readonly image: readonly [number, number, number];
  /** Which network encodes. */
  readonly encoder: "mlp" | "conv";
  /** Sizes of the hidden layers. */
  readonly hidden: readonly number[];
  /** Numbers of a code. */
  readonly latent: number;
  /** What a pixel is taken to be. */
  readonly likelihood: "bernoulli" | "gaussian";
  /** Where its random numbers start: equal seeds give equal results. */
  readonly seed: number;
}

/** Checks options and fills in defaults. Throws LatentError("argument") naming what is unknown or out of range. */
export function networkSpec(where: string, options: NetworkOptions, further: readonly string[] = []): NetworkSpec {
  check(
    options !== undefined && options !== null,
    "argument",
    where,
    () => "options are missing. Expected { image: [channels, height, width], … }; got none.",
  );
  checkOptions(where, options, [...networkOptionNames, ...further]);
  const { image, encoder = "mlp", latent = 20, likelihood = "bernoulli", seed = 0 } = options;
  const size = (n: number) => Number.isInteger(n) && n > 0;
  check(
    Array.isArray(image) && image.length === 3 && image.every(size),
    "argument",
    where,
    () => `expected image [channels, height, width], whole and > 0; got ${JSON.stringify(image)}.`,
  );
  check(
    ["mlp", "conv"].includes(encoder),
    "argument",
    where,
    () => `expected encoder "mlp" or "conv"; got ${JSON.stringify(encoder)}.`,
  );
  check(
    ["bernoulli", "gaussian"].includes(likelihood),
    "argument",
    where,
    () => `expected likelihood "bernoulli" or "gaussian"; got ${JSON.stringify(likelihood)}.`,
  );
  const { hidden = encoder === "mlp" ? [400] : [32, 64] } = options;
  const widths = typeof hidden === "number" ? [hidden] : Array.isArray(hidden) ? [...(hidden as number[])] : [];
  check(
    (widths.length > 0 || Array.isArray(hidden)) && widths.every(size),
    "argument",
    where,
    () => `expected hidden widths that are whole and > 0; got ${JSON.stringify(hidden)}.`,
  );
  check(
    Number.isSafeInteger(seed) && seed >= 0,
    "argument",
    where,
    () => `expected a seed that is a whole number ≥ 0; got ${String(seed)}.`,
  );
  check(size(latent), "argument", where, () => `expected latent whole and > 0; got ${latent}.`);
  const step = 2 ** widths.length;
  check(
    encoder === "mlp" || (widths.length > 0 && image[1] % step === 0 && image[2] % step === 0),
    "argument",
    where,
    () => `${widths.length} convolutions of stride 2 need sides that ${step} divides; got ${show(image)}.`,
  );
  return { image: [...image] as [number, number, number], encoder, hidden: widths, latent, likelihood, seed };
}

/** Numbers that a network of this kind holds, without making it. */
export function networkSize({ image, encoder, hidden, latent }: NetworkSpec, heads: number): number {
  const layer = (inputs: number, outputs: number) => (inputs + 1) * outputs;
  const pixels = count(image);
  if (encoder === "mlp") {
    const widths = [pixels, ...hidden];
    const up = [latent, ...[...hidden].reverse(), pixels];
    const chain = (list: readonly number[]) => list.slice(1).reduce((sum, width, i) => sum + layer(list[i]!, width), 0);
    return chain(widths) + layer(widths.at(-1)!, heads * latent) + chain(up);
  }
  const planes = [image[0], ...hidden];
  const small = (hidden.at(-1)! * image[1] * image[2]) / 4 ** hidden.length;
  const windows = hidden.reduce((sum, out, i) => sum + 2 * 9 * planes[i]! * out + out + planes[i]!, 0);
  return windows + layer(small, heads * latent) + layer(latent, small);
}

/** Encoder and decoder on flat images, and their states under PyTorch's names. */
export interface Network {
  readonly states: readonly State[];
  /** [n, pixels] → [n, heads · latent]. */
  encode(x: Tensor): Tensor;
  /** [n, latent] → [n, pixels]: logits, or means. */
  decode(z: Tensor): Tensor;
}

/** Several heads come out of one product; each has a name of its own in files. */
export function network(gpu: Gpu, spec: NetworkSpec, heads: readonly string[]): Network {
  return spec.encoder === "mlp" ? mlp(gpu, spec, heads) : conv(gpu, spec, heads);
}

const statesOf = (names: readonly string[], layer: Layer): State[] =>
  Object.entries(layer.parameters).map(([name, tensor]) => ({ names: names.map((n) => `${n}.${name}`), tensor }));

/** pytorch/examples calls the layers of the VAE with one hidden layer fc1, fc21, fc22, fc3, fc4. */
function mlpNames(layers: number, heads: readonly string[]) {
  if (layers === 1)
    return {
      encoder: ["fc1"],
      heads: heads.length === 2 ? ["fc21", "fc22"] : ["fc2"],
      decoder: ["fc3"],
      output: "fc4",
    };
  const numbered = (part: string) => Array.from({ length: layers }, (_, i) => `${part}.${i}`);
  return { encoder: numbered("encoder"), heads, decoder: numbered("decoder"), output: "output" };
}

function mlp(gpu: Gpu, { image, hidden, latent, seed }: NetworkSpec, heads: readonly string[]): Network {
  const init = { seed: new Initialiser(seed) };
  const pixels = count(image);
  const names = mlpNames(hidden.length, heads);
  const chain = (widths: readonly number[]) =>
    widths.slice(1).map((width, i) => new Linear(gpu, widths[i]!, width, init));
  const down = chain([pixels, ...hidden]);
  const head = new Linear(gpu, hidden.at(-1) ?? pixels, heads.length * latent, init);
  const up = chain([latent, ...[...hidden].reverse()]);
  const output = new Linear(gpu, hidden[0] ?? latent, pixels, init);
  const through = (layers: readonly Linear[], x: Tensor) =>
    layers.reduce((value, layer) => relu(layer.forward(value)), x);
  return {
    states: [
      ...down.flatMap((layer, i) => statesOf([names.encoder[i]!], layer)),
      ...statesOf(names.heads, head),
      ...up.flatMap((layer, i) => statesOf([names.decoder[i]!], layer)),
      ...statesOf([names.output], output),
    ],
    encode: (x) => head.forward(through(down, x)),
    decode: (z) => output.forward(through(up, z)),
  };
}

/** Convolutions of stride 2 halve the sides; a linear layer makes the code. The decoder goes back by transposed convolutions. */
function conv(gpu: Gpu, { image, hidden, latent, seed }: NetworkSpec, heads: readonly string[]): Network {
  const init = new Initialiser(seed);
  const window = { kernel: 3, stride: 2, padding: 1, seed: init };
  const [channels, height, width] = image;
  const planes = [channels, ...hidden];
  const small: Shape = [hidden.at(-1)!, height / 2 ** hidden.length, width / 2 ** hidden.length];
  const down = hidden.map((out, i) => new Conv2d(gpu, planes[i]!, out, window));
  const head = new Linear(gpu, count(small), heads.length * latent, { seed: init });
  const start = new Linear(gpu, latent, count(small), { seed: init });
  const up = hidden.map(
    (_, i) =>
      new ConvTranspose2d(gpu, planes[planes.length - 1 - i]!, planes[planes.length - 2 - i]!, {
        ...window,
        outputPadding: 1,
      }),
  );
  return {
    states: [
      ...down.flatMap((layer, i) => statesOf([`encoder.${i}`], layer)),
      ...statesOf(heads, head),
      ...statesOf(["start"], start),
      ...up.flatMap((layer, i) => statesOf([`decoder.${i}`], layer)),
    ],
    encode(x) {
      const y = down.reduce((value, layer) => relu(layer.forward(value)), reshape(x, [x.shape[0]!, ...image]));
      return head.forward(reshape(y, [x.shape[0]!, count(small)]));
    },
    decode(z) {
      const n = z.shape[0]!;
      const y = reshape(relu(start.forward(z)), [n, ...small]);
      const last = up.length - 1;
      const images = up.reduce<Tensor>(
        (value, layer, i) => (i < last ? relu(layer.forward(value)) : layer.forward(value)),
        y,
      );
      return reshape(images, [n, count(image)]);
    },
  };
}

/**
 * What `make` builds, with its states moved into one arena, and views of them by their names in files, which the model disposes with the
 * arena. Where a device is too small, or gone, all that was made is freed before
 * the error passes on.
 */
export function assembled<T extends { readonly states: readonly State[] }>(
  gpu: Gpu,
  make: () => T,
): T & { arena: Arena; parameters: { readonly [name: string]: Tensor } } {
  return gpu.attempt(() => {
    const parts = make();
    const arena = arenaOf(
      gpu,
      parts.states.map((s) => s.tensor),
    );
    return { ...parts, arena, parameters: tensorsOf(parts.states) };
  });
}
