import { checkOptions } from "../device/errors.ts";
import type { Safetensor } from "../formats/safetensors.ts";
import { relu } from "../graph/ops/elementwise.ts";
import { concat } from "../graph/ops/part.ts";
import { avgPool2d, maxPool2d } from "../graph/ops/pool.ts";
import { softmax } from "../graph/ops/softmax.ts";
import { reshape } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import { mean } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkGpu } from "../program/checkGpu.ts";
import type { Gpu } from "../program/gpu.ts";
import { foldedConvolutions } from "./fold.ts";
import { type Block, BLOCKS, type Branch, type Convolution, isPair, type Kernel, STEM } from "./inceptionBlocks.ts";
import { checkResizeRule, type FeatureNetwork, preprocessed, type Preprocessing, type ResizeRule } from "./network.ts";
import { floatTensors, layerShapes, outputsOf, type Weights } from "./weights.ts";

/** What loading the FID Inception may be asked for. */
export interface InceptionOptions {
  /**
   * Whose preprocessing: "pytorch-bilinear" is pytorch-fid's (2·byte/255 − 1, the default), "tf1-bilinear" that of torch-fidelity and
   * TensorFlow, "pil-bicubic" clean-fid's; the last two take (byte − 128)/128.
   */
  readonly resize?: ResizeRule;
}

/** Channels of the spatial features. */
const SPATIAL = 7;

/** Weight shapes of all convolutions; widths are the file's. */
function shapesOf(
  where: string,
  tensors: ReadonlyMap<string, Safetensor>,
): { shapes: Map<string, number[]>; width: number } {
  const shapes = new Map<string, number[]>();
  const add = (name: string, kernel: Kernel, inputs: number): number => {
    const outputs = outputsOf(where, tensors, `${name}.conv`);
    shapes.set(name, [outputs, inputs, ...kernel]);
    return outputs;
  };
  /** Channels after a branch. */
  const along = (block: string, branch: Branch, inputs: number): number =>
    branch.reduce((width: number, step) => {
      const list: readonly Convolution[] = isPair(step) ? step : [step];
      return list.reduce((total, [name, kernel]) => total + add(`${block}.${name}`, kernel, width), 0);
    }, inputs);
  let width = STEM.reduce((inputs, [name, kernel]) => add(name, kernel, inputs), 3);
  for (const { name, branches, pooled } of BLOCKS)
    width = [...branches, pooled].reduce((total, branch) => total + along(name, branch, width), 0);
  return { shapes, width };
}

/**
 * The Inception network of the Fréchet Inception Distance: TensorFlow's of 2015-12-05, 1008 classes, as pytorch-fid ported it.
 *
 * It differs from torchvision's: average pools do not count padding, Mixed_7c pools by maximum, batch norm has ε = 10⁻³. Its weights
 * are not part of the package: convert `pt_inception-2015-12-05` to safetensors, with the names that it has. "FID" and "Inception Score"
 * are numbers with these weights only. Source: mseitzer/pytorch-fid inception.py; Szegedy et al. 2015.
 *
 *     const network = await Inception.load(gpu, file);
 *     const codes = network.features(x); // [n, 2048]
 */
export class Inception implements FeatureNetwork {
  /** What reports call it. */
  readonly name: string;
  /** CRC-32 of its weights, in hex. */
  readonly checksum: string;
  /** 299 × 299; the rest as load() was asked. */
  readonly input: Preprocessing;
  readonly #weights: Weights;

  private constructor(weights: Weights, input: Preprocessing, width: number) {
    this.#weights = weights;
    this.checksum = weights.checksum;
    this.input = input;
    this.name = `FID Inception, ${width} features, ${input.resize}`;
  }

  /**
   * The network of a safetensors file with pytorch-fid's names: `Conv2d_1a_3x3.conv.weight`, `….bn.running_var`, `fc.bias`.
   * Throws LatentError: "format" naming the tensor that is missing or of another shape, "data" on a weight that is not finite, before
   * anything is uploaded.
   */
  static async load(gpu: Gpu, file: Uint8Array, options: InceptionOptions = {}): Promise<Inception> {
    const where = "Inception.load";
    checkGpu(where, gpu);
    checkOptions(where, options, ["resize"]);
    const { resize = "pytorch-bilinear" } = options;
    checkResizeRule(where, resize);
    const { tensors } = floatTensors(where, file);
    const { shapes, width } = shapesOf(where, tensors);
    const classes = outputsOf(where, tensors, "fc", 2);
    const own = new Map(layerShapes("fc", [classes, width]));
    const weights = foldedConvolutions(gpu, where, tensors, shapes, own, 1e-3);
    const scale = resize === "pytorch-bilinear" ? 127.5 : 128;
    return new Inception(weights, { size: [299, 299], resize, square: false, mean: scale, deviation: scale }, width);
  }

  /** Convolution, folded batch norm, ReLU. */
  #conv(x: Tensor, name: string, kernel: Kernel, reduces = false): Tensor<"f32"> {
    const padding = reduces ? 0 : kernel.map((n) => (n - 1) / 2);
    return relu(this.#weights.conv(x, name, { stride: reduces ? 2 : 1, padding: padding as [number, number] }));
  }

  #branch(x: Tensor<"f32">, block: string, branch: Branch, reduces: boolean): Tensor<"f32"> {
    return branch.reduce((y: Tensor<"f32">, step, i) => {
      if (!isPair(step)) return this.#conv(y, `${block}.${step[0]}`, step[1], reduces && i === branch.length - 1);
      return concat(
        step.map(([name, kernel]) => this.#conv(y, `${block}.${name}`, kernel)),
        1,
      );
    }, x);
  }

  #block(x: Tensor<"f32">, { name, branches, pool, pooled }: Block): Tensor<"f32"> {
    const reduces = pool === "max-stride-2";
    const flat = reduces
      ? maxPool2d(x, 3, { stride: 2 })
      : pool === "max"
        ? maxPool2d(x, 3, { stride: 1, padding: 1 })
        : avgPool2d(x, 3, { stride: 1, padding: 1, countIncludePad: false });
    const parts = branches.map((branch) => this.#branch(x, name, branch, reduces));
    return concat([...parts, this.#branch(flat, name, pooled, false)], 1);
  }

  /** The maps after the two pools of the stem, and after each block up to `last`. */
  #maps(x: Tensor, last: string): ReadonlyMap<string, Tensor> {
    const stem = (y: Tensor, i: number, padding = 0) => {
      const [name] = STEM[i]!;
      return relu(this.#weights.conv(y, name, { stride: i === 0 ? 2 : 1, padding }));
    };
    const first = maxPool2d(stem(stem(stem(preprocessed("Inception", x, this.input), 0), 1), 2, 1), 3, { stride: 2 });
    const second = maxPool2d(stem(stem(first, 3), 4), 3, { stride: 2 });
    const maps = new Map([
      ["first", first],
      ["second", second],
    ]);
    let y = second;
    for (const block of BLOCKS) {
      y = this.#block(y, block);
      maps.set(block.name, y);
      if (block.name === last) break;
    }
    return maps;
  }

  /** The four blocks' maps, averaged over height and width: [n, 64], [n, 192], [n, 768] and [n, 2048]. */
  blocks(x: Tensor): readonly Tensor[] {
    const maps = this.#maps(x, "Mixed_7c");
    return ["first", "second", "Mixed_6e", "Mixed_7c"].map((name) => mean(maps.get(name)!, [2, 3]));
  }

  /** The last block averaged, pool3: [n, 2048]. Images [n, 3, h, w], RGB, floats in [0, 1] or bytes. */
  features(x: Tensor): Tensor {
    return this.blocks(x)[3]!;
  }

  /**
   * The same network up to a map that still says where things are: its features are the first 7 channels of Mixed_6d's first branch (TensorFlow's
   * `mixed_6/conv`), 17 × 17 positions each, [n, 2023]. A Fréchet distance of them is the sFID. It has no memory of its own, and ends
   * with this network. Source: Nash et al. 2021 (arXiv 2103.03841); openai/guided-diffusion evaluations.
   *
   *     const inception = await Inception.load(gpu, file);
   *     const codes = await extract(inception.spatial, data);
   */
  get spatial(): FeatureNetwork {
    return {
      name: this.name.replace(/\d+ features/, "2023 spatial features"),
      checksum: this.checksum,
      input: this.input,
      features: (x) => {
        const map = this.#conv(this.#maps(x, "Mixed_6c").get("Mixed_6c")!, "Mixed_6d.branch1x1", [1, 1]);
        return reshape(slice(map, 1, 0, SPATIAL), [x.shape[0]!, -1]);
      },
    };
  }

  /** Logits [n, 1008]. */
  logits(x: Tensor): Tensor {
    return this.#weights.linear(this.features(x), "fc");
  }

  /** p(class | image), [n, 1008]: softmax of the logits without bias, as the Inception Score takes them. */
  probabilities(x: Tensor): Tensor {
    return softmax(this.#weights.linear(this.features(x), "fc", false), 1);
  }

  /** Frees its memory on the GPU. */
  dispose(): void {
    this.#weights.dispose();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
