import { check, LatentError, show } from "../device/errors.ts";
import { crc32 } from "../formats/crc32.ts";
import type { Shape } from "../graph/dtype.ts";
import { add } from "../graph/ops/arithmetic.ts";
import { clamp, relu, sigmoid } from "../graph/ops/elementwise.ts";
import { pad, type Widths } from "../graph/ops/pad.ts";
import { concat } from "../graph/ops/part.ts";
import { maxPool2d } from "../graph/ops/pool.ts";
import { reshape, transpose } from "../graph/ops/shape.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import { reordered } from "./reorder.ts";
import { parseTflite, type Step, type TfliteModel } from "./tflite.ts";
import { Weights } from "./weights.ts";

const TO_CHANNELS_FIRST = [0, 3, 1, 2];
const TO_CHANNELS_LAST = [0, 2, 3, 1];

/** A .tflite graph on our ops, for any number of images: [n, c, h, w] where the file has [1, h, w, c]. */
export class TfliteGraph {
  readonly #where: string;
  readonly #model: TfliteModel;
  readonly #weights: Weights;

  private constructor(where: string, model: TfliteModel, weights: Weights) {
    this.#where = where;
    this.#model = model;
    this.#weights = weights;
  }

  /**
   * The graph of a file that takes one image [1, …input, 3] and gives results of `outputs`, in that order. Shapes are checked all the way
   * through. Throws LatentError as parseTflite does, and "format" where layers do not fit together.
   */
  static load(gpu: Gpu, where: string, file: Uint8Array, input: Shape, outputs: readonly Shape[]): TfliteGraph {
    const model = parseTflite(where, file);
    const [first, ...more] = model.inputs;
    const taken = model.shapes[first ?? -1] ?? [];
    check(more.length === 0 && show(taken) === show([1, ...input, 3]), "format", where, () => {
      return `the network takes other images. Expected ${show([1, ...input, 3])}; got ${show(taken)}.`;
    });
    const found = model.outputs.map((index) => model.shapes[index] ?? []);
    check(found.map(show).join() === outputs.map(show).join(), "format", where, () => {
      return `the network gives other results. Expected ${outputs.map(show).join(" and ")}; got ${found.map(show).join(" and ")}.`;
    });
    const checksum = crc32(file).toString(16).padStart(8, "0");
    const graph = new TfliteGraph(where, model, Weights.of(gpu, weightsOf(where, model), checksum));
    try {
      graph.#check(gpu, input, outputs);
      return graph;
    } catch (error) {
      graph.dispose();
      throw error;
    }
  }

  /** Recording runs nothing, and checks every shape. */
  #check(gpu: Gpu, input: Shape, outputs: readonly Shape[]): void {
    const image = gpu.zeros([1, 3, ...input]);
    try {
      const results = gpu.within(() => this.run(image));
      const shapes = results.map(({ shape }) => shape);
      for (const result of results) result.dispose();
      check(shapes.map(show).join() === outputs.map(show).join(), "format", this.#where, () => {
        return `layers give other results than the file says. Expected ${outputs.map(show).join(" and ")}; got ${shapes.map(show).join(" and ")}.`;
      });
    } catch (cause) {
      if (!(cause instanceof LatentError) || cause.code === "format") throw cause;
      throw new LatentError("format", `${this.#where}: layers do not fit together: ${cause.message}`, { cause });
    } finally {
      image.dispose();
    }
  }

  /** Where the weights lie. */
  get gpu(): Gpu {
    return this.#weights.gpu;
  }
  /** CRC-32 of the file. */
  get checksum(): string {
    return this.#weights.checksum;
  }

  /** Results of images [n, 3, h, w]: those of the file, or the input of the last convolution of `channels` channels, a feature map. */
  run(x: Tensor): Tensor[];
  run(x: Tensor, channels: number): Tensor;
  run(x: Tensor, channels?: number): Tensor | Tensor[] {
    const { steps, inputs, outputs } = this.#model;
    const values = new Map<number, Tensor>([[inputs[0]!, x]]);
    const valueOf = (index: number): Tensor => {
      const value = values.get(index);
      check(value !== undefined, "format", this.#where, () => `tensor ${index} is read before it is computed.`);
      return value;
    };
    let map: Tensor | undefined;
    for (const [i, step] of steps.entries()) {
      const input = valueOf(step.inputs[0]!);
      if (step.op === "conv" && input.shape[1] === channels) map = input;
      values.set(step.output, activated(this.#apply(i, step, input, valueOf), step));
    }
    if (channels === undefined) return outputs.map(valueOf);
    check(map !== undefined, "format", this.#where, () => `no layer takes a map of ${channels} channels.`);
    return map;
  }

  #apply(i: number, step: Step, x: Tensor, valueOf: (index: number) => Tensor): Tensor {
    const { op, stride, dilation } = step;
    const padding = step.same ? "same" : 0;
    switch (op) {
      case "conv":
      case "depthwise":
        return this.#weights.conv(x, String(i), { stride, dilation, padding, groups: op === "conv" ? 1 : 0 });
      case "maxPool":
        return maxPool2d(x, step.window, { stride, padding });
      case "add":
        return add(x, valueOf(step.inputs[1]!));
      case "concat": {
        const axis = step.axis < 0 ? step.axis + x.rank : step.axis;
        return concat(step.inputs.map(valueOf), x.rank === 4 ? (TO_CHANNELS_LAST[axis] ?? axis) : axis);
      }
      case "pad":
        return pad(x, this.#widths(step, x.rank));
      case "reshape":
        return this.#reshaped(step, x);
      case "relu":
        return relu(x);
      case "relu6":
        return clamp(x, 0, 6);
      case "logistic":
        return sigmoid(x);
      default:
        throw new LatentError("unsupported", `${this.#where}: ${op} of what is not constant.`);
    }
  }

  /** [before, after] of every axis, channels first. */
  #widths({ inputs }: Step, rank: number): Widths[] {
    const values = this.#model.constants.get(inputs[1] ?? -1)?.values ?? [];
    check(values.length === 2 * rank && rank === 4, "format", this.#where, () => {
      return `pad needs [before, after] of each of 4 axes. Expected 8 numbers; got ${values.length}.`;
    });
    return TO_CHANNELS_FIRST.map((axis): Widths => [values[2 * axis]!, values[2 * axis + 1]!]);
  }

  /** Elements in the file's order, channels last, in another shape; the first axis stays the images'. */
  #reshaped({ inputs, shape }: Step, x: Tensor): Tensor {
    const wanted = Array.from(this.#model.constants.get(inputs[1] ?? -1)?.values ?? shape).slice(1);
    const given = wanted.reduce((product, n) => (n === -1 ? product : product * n), x.shape[0]!);
    const sizes = [x.shape[0]!, ...wanted.map((n) => (n === -1 ? x.size / given : n))];
    const flat = x.rank === 4 ? transpose(x, TO_CHANNELS_LAST) : x;
    const y = reshape(flat, sizes);
    return y.rank === 4 ? transpose(y, TO_CHANNELS_FIRST) : y;
  }

  /** Frees its memory on the GPU. */
  dispose(): void {
    this.#weights.dispose();
  }
}

const activated = (x: Tensor, { activation }: Step): Tensor =>
  activation === "relu" ? relu(x) : activation === "relu6" ? clamp(x, 0, 6) : x;

/** Weights and biases of all convolutions, by the number of their step; [out, in, kh, kw]. */
function* weightsOf(where: string, model: TfliteModel): Iterable<readonly [string, Shape, Float32Array]> {
  for (const [i, { op, inputs }] of model.steps.entries()) {
    if (op !== "conv" && op !== "depthwise") continue;
    const [weight, bias] = [model.constants.get(inputs[1] ?? -1), model.constants.get(inputs[2] ?? -1)];
    check(
      weight?.values instanceof Float32Array && weight.shape.length === 4 && bias?.values instanceof Float32Array,
      "format",
      where,
      () =>
        `${op} ${i} lacks constant weights and bias. Expected floats of 4 axes and of 1; got ${show(weight?.shape ?? [])}.`,
    );
    // [out, kh, kw, in], and [1, kh, kw, channels] of a depthwise one
    const axes = op === "conv" ? TO_CHANNELS_FIRST : [3, 0, 1, 2];
    yield [`${i}.weight`, axes.map((d) => weight.shape[d]!), reordered(weight.values, weight.shape, axes)];
    yield [`${i}.bias`, bias.shape, bias.values];
  }
}
