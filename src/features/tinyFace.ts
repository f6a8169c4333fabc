import { check } from "../device/errors.ts";
import { crc32 } from "../formats/crc32.ts";
import { checkBytes } from "../formats/elements.ts";
import type { Shape } from "../graph/dtype.ts";
import { leakyRelu } from "../graph/ops/elementwise.ts";
import { maxPool2d } from "../graph/ops/pool.ts";
import { reshape, transpose } from "../graph/ops/shape.ts";
import { mean } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkGpu } from "../program/checkGpu.ts";
import type { Gpu } from "../program/gpu.ts";
import { type Box, sigmoid } from "./boxes.ts";
import { type Detection, detectionOf, type DetectorOptions, squareOf, suppressed } from "./detector.ts";
import { type FeatureNetwork, preprocessed, type Preprocessing } from "./network.ts";
import { reordered } from "./reorder.ts";
import { Weights } from "./weights.ts";

/** What loading the tiny face detector may be asked for. */
export interface TinyFaceOptions extends DetectorOptions {
  /** Side of the square that it sees, a multiple of 32; 416. Small faces need a large one. */
  readonly size?: number;
}

/** CRC-32 of the file that the scales below belong to. */
const CHECKSUM = "75fbd4c4";

/** In the order of the file: name, shape [kh, kw, in, out], and how bytes become weights: byte · scale + least. */
const TENSORS: readonly (readonly [name: string, shape: Shape, scale: number, least: number])[] = [
  ["conv0.weight", [3, 3, 3, 16], 0.009007044399485869, -1.2069439495311063],
  ["conv0.bias", [16], 0.005263455241334205, -0.9211046672334858],
  ["conv1.depthwise.weight", [3, 3, 16, 1], 0.004001977630690033, -0.5042491814669441],
  ["conv1.pointwise.weight", [1, 1, 16, 32], 0.013836609615999109, -1.411334180831909],
  ["conv1.pointwise.bias", [32], 0.0015159862590771096, -0.30926119685173037],
  ["conv2.depthwise.weight", [3, 3, 32, 1], 0.002666276225856706, -0.317286870876948],
  ["conv2.pointwise.weight", [1, 1, 32, 64], 0.015265831292844286, -1.6792414422128714],
  ["conv2.pointwise.bias", [64], 0.0020280554598453, -0.37113414915168985],
  ["conv3.depthwise.weight", [3, 3, 64, 1], 0.006100742489683862, -0.8907084034938438],
  ["conv3.pointwise.weight", [1, 1, 64, 128], 0.016276211832083907, -2.0508026908425725],
  ["conv3.pointwise.bias", [128], 0.003394414279975143, -0.7637432129944072],
  ["conv4.depthwise.weight", [3, 3, 128, 1], 0.006716050119961009, -0.8059260143953211],
  ["conv4.pointwise.weight", [1, 1, 128, 256], 0.021875603993733724, -2.8875797271728514],
  ["conv4.pointwise.bias", [256], 0.0041141652009066415, -0.8187188749804216],
  ["conv5.depthwise.weight", [3, 3, 256, 1], 0.008423839597141042, -0.9013508368940915],
  ["conv5.pointwise.weight", [1, 1, 256, 512], 0.030007277283014035, -3.8709387695088107],
  ["conv5.pointwise.bias", [512], 0.008402082966823203, -1.4871686851277068],
  ["conv8.weight", [1, 1, 512, 25], 0.028336129469030042, -4.675461362389957],
  ["conv8.bias", [25], 0.002268134028303857, -0.41053225912299807],
];

/** Widths and heights of the five anchors, in cells. */
const ANCHORS = [
  [1.603231, 2.094468],
  [6.041143, 7.080126],
  [2.882459, 3.518061],
  [4.266906, 5.178857],
  [9.041765, 10.66308],
] as const;

const BLOCKS = ["conv1", "conv2", "conv3", "conv4", "conv5"];

/**
 * The tiny face detector of face-api: a small YOLO v2 of depthwise convolutions, five anchors in every cell of 32 × 32 pixels.
 *
 * Images are made square with black below or at the right, and resized by TensorFlow 1's rule. What it finds depends much on the
 * framing and on `size`: print the rate on real faces beside any other. Weights: `tiny_face_detector_model.bin` of
 * `@vladmandic/face-api` (MIT). Source: that package; Redmon & Farhadi 2016.
 *
 *     const detector = await TinyFace.load(gpu, file, { size: 160 });
 *     const [boxes] = await detector.detect(x); // of the first image
 */
export class TinyFace implements FeatureNetwork {
  /** What reports call it. */
  readonly name: string;
  /** CRC-32 of its weights, in hex. */
  readonly checksum: string;
  /** A square, minus the mean colour, divided by 255. */
  readonly input: Preprocessing;
  readonly #weights: Weights;
  readonly #detection: Detection;

  private constructor(weights: Weights, size: number, detection: Detection) {
    this.#weights = weights;
    this.#detection = detection;
    this.name = `tiny face detector, ${size} px`;
    this.checksum = weights.checksum;
    this.input = {
      size: [size, size],
      resize: "tf1-bilinear",
      square: true,
      mean: [117.001, 114.697, 97.404],
      deviation: 255,
    };
  }

  /**
   * The detector of the file `tiny_face_detector_model.bin`. Throws LatentError: "format" on any other file, "argument" on options out of
   * range.
   */
  static async load(gpu: Gpu, file: Uint8Array, options: TinyFaceOptions = {}): Promise<TinyFace> {
    const where = "TinyFace.load";
    checkGpu(where, gpu);
    checkBytes(where, file);
    const detection = detectionOf(where, options, ["size"], { threshold: 0.5, overlap: 0.4, suppression: "greedy" });
    const { size = 416 } = options;
    check(
      Number.isInteger(size) && size > 0 && size % 32 === 0 && size <= 4096,
      "argument",
      where,
      () => `expected a size that is a multiple of 32, at most 4096; got ${String(size)}.`,
    );
    const total = TENSORS.reduce((sum, [, shape]) => sum + count(shape), 0);
    const checksum = file.length === total ? crc32(file).toString(16).padStart(8, "0") : "none";
    check(checksum === CHECKSUM, "format", where, () => {
      const expected = `${total} bytes with CRC-32 ${CHECKSUM}, tiny_face_detector_model.bin of @vladmandic/face-api 1`;
      return `this is another file. Expected ${expected}; got ${file.length} bytes, CRC-32 ${checksum}.`;
    });
    return new TinyFace(Weights.of(gpu, tensorsOf(file), checksum), size, detection);
  }

  /** The last map before the boxes: [n, 512, g, g], g = size / 32. */
  #map(x: Tensor): Tensor {
    const w = this.#weights;
    const pool = (y: Tensor, stride: number) => maxPool2d(y, 2, { stride, padding: "same" });
    let y = pool(leakyRelu(w.conv(preprocessed("TinyFace", x, this.input), "conv0"), 0.1), 2);
    for (const [i, block] of BLOCKS.entries()) {
      y = w.conv(w.conv(y, `${block}.depthwise`, { padding: 1, groups: 0 }), `${block}.pointwise`);
      y = pool(leakyRelu(y, 0.1), i < BLOCKS.length - 1 ? 2 : 1);
    }
    return y;
  }

  /** The last map averaged, [n, 512]. Images [n, 3, h, w], RGB, floats in [0, 1] or bytes. */
  features(x: Tensor): Tensor {
    return mean(this.#map(x), [2, 3]);
  }

  /** What it says of every anchor, [n, g · g · 5, 5]: row, column and anchor, then tx, ty, tw, th and the score before its sigmoid. */
  predictions(x: Tensor): Tensor {
    const y = this.#weights.conv(this.#map(x), "conv8");
    const [n, , rows, columns] = y.shape as [number, number, number, number];
    return reshape(transpose(y, [0, 2, 3, 1]), [n, rows * columns * ANCHORS.length, 5]);
  }

  /** Faces of each image, in its pixels, the best first. */
  async detect(images: Tensor): Promise<readonly (readonly Box[])[]> {
    const side = squareOf("TinyFace.detect", images);
    const found = this.#weights.gpu.within(() => this.predictions(images));
    const values = await found.read().finally(() => found.dispose());
    const [n, anchors] = found.shape as [number, number];
    const grid = this.input.size[0] / 32;
    return Array.from({ length: n }, (_, image) => {
      const boxes = Array.from({ length: anchors }, (_, k): Box => {
        const [tx, ty, tw, th, score] = values.subarray(
          (image * anchors + k) * 5,
          (image * anchors + k + 1) * 5,
        ) as unknown as number[];
        const [cell, anchor] = [Math.floor(k / ANCHORS.length), ANCHORS[k % ANCHORS.length]!];
        const width = (Math.exp(tw!) * anchor[0] * side) / grid;
        const height = (Math.exp(th!) * anchor[1] * side) / grid;
        return {
          x: (((cell % grid) + sigmoid(tx!)) * side) / grid - width / 2,
          y: ((Math.floor(cell / grid) + sigmoid(ty!)) * side) / grid - height / 2,
          width,
          height,
          score: sigmoid(score!),
        };
      });
      return suppressed(boxes, this.#detection);
    });
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

const count = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** The file's bytes as weights under our names, [out, in, kh, kw]. */
function* tensorsOf(file: Uint8Array): Iterable<readonly [string, Shape, Float32Array]> {
  let at = 0;
  for (const [name, shape, scale, least] of TENSORS) {
    const values = Float32Array.from(file.subarray(at, at + count(shape)), (byte) => byte * scale + least);
    at += values.length;
    const isDepthwise = name.endsWith("depthwise.weight");
    // [kh, kw, in, out] → [out, in, kh, kw]; a depthwise filter is [kh, kw, channels, 1]
    const axes = isDepthwise ? [2, 3, 0, 1] : [3, 2, 0, 1];
    yield shape.length === 1
      ? [name, shape, values]
      : [name, axes.map((d) => shape[d]!), reordered(values, shape, axes)];
  }
}
