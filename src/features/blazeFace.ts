import type { Shape } from "../graph/dtype.ts";
import { mean } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkGpu } from "../program/checkGpu.ts";
import type { Gpu } from "../program/gpu.ts";
import { type Box, sigmoid } from "./boxes.ts";
import { type Detection, detectionOf, type DetectorOptions, squareOf, suppressed } from "./detector.ts";
import { type FeatureNetwork, preprocessed, type Preprocessing } from "./network.ts";
import { TfliteGraph } from "./tfliteGraph.ts";

/** Side of the square that the short-range network sees. */
const SIDE = 128;
/** Boxes that it speaks of: two in each of 16 × 16 cells, six in each of 8 × 8. */
const ANCHORS = 16 * 16 * 2 + 8 * 8 * 6;
/** Numbers of a box: centre, size, and six keypoints. */
const NUMBERS = 16;
/** Of the last map. */
const CHANNELS = 96;
const OUTPUTS: readonly Shape[] = [
  [1, ANCHORS, NUMBERS],
  [1, ANCHORS, 1],
];

/**
 * BlazeFace, MediaPipe's short-range face detector: 896 anchors, each a box with six keypoints (the eyes, the nose's tip, the mouth, the ears).
 *
 * Images are made square with black below or at the right, and resized by PyTorch's bilinear rule (MediaPipe centres them). It takes
 * drawn faces and some objects for faces: print the rates on real faces and on others beside any other. Weights:
 * `face_detection_short_range.tflite` of `@mediapipe/face_detection` (Apache-2.0). Source: Bazarevsky et al. 2019.
 *
 *     const detector = await BlazeFace.load(gpu, file);
 *     const [boxes] = await detector.detect(x); // of the first image
 */
export class BlazeFace implements FeatureNetwork {
  /** What reports call it. */
  readonly name = "BlazeFace short range";
  /** CRC-32 of its file, in hex. */
  readonly checksum: string;
  /** byte/127.5 − 1, 128 × 128. */
  readonly input: Preprocessing = {
    size: [SIDE, SIDE],
    resize: "pytorch-bilinear",
    square: true,
    mean: 127.5,
    deviation: 127.5,
  };
  readonly #graph: TfliteGraph;
  readonly #detection: Detection;

  private constructor(graph: TfliteGraph, detection: Detection) {
    this.#graph = graph;
    this.#detection = detection;
    this.checksum = graph.checksum;
  }

  /**
   * The detector of the file `face_detection_short_range.tflite`. Boxes that overlap by more than 0.3 become their weighted mean, as
   * MediaPipe does it. Throws LatentError: "format" or "unsupported" on a file of another network, "argument" on options out of range.
   */
  static async load(gpu: Gpu, file: Uint8Array, options: DetectorOptions = {}): Promise<BlazeFace> {
    const where = "BlazeFace.load";
    checkGpu(where, gpu);
    const detection = detectionOf(where, options, [], { threshold: 0.5, overlap: 0.3, suppression: "weighted" });
    return new BlazeFace(TfliteGraph.load(gpu, where, file, [SIDE, SIDE], OUTPUTS), detection);
  }

  /** The last map averaged, [n, 96]. Images [n, 3, h, w], RGB, floats in [0, 1] or bytes. */
  features(x: Tensor): Tensor {
    return mean(this.#graph.run(preprocessed("BlazeFace", x, this.input), CHANNELS), [2, 3]);
  }

  /** What it says of every anchor: boxes [n, 896, 16] in pixels of 128 from the anchor's centre, scores [n, 896, 1] before their sigmoid. */
  predictions(x: Tensor): { readonly boxes: Tensor; readonly scores: Tensor } {
    const [boxes, scores] = this.#graph.run(preprocessed("BlazeFace", x, this.input));
    return { boxes: boxes!, scores: scores! };
  }

  /** Faces of each image, in its pixels, the best first. */
  async detect(images: Tensor): Promise<readonly (readonly Box[])[]> {
    const side = squareOf("BlazeFace.detect", images);
    const { boxes, scores } = this.#graph.gpu.within(() => this.predictions(images));
    try {
      await this.#graph.gpu.evaluate([boxes, scores]);
      const [numbers, logits] = [await boxes.read(), await scores.read()];
      return Array.from({ length: boxes.shape[0]! }, (_, image) => {
        const found = Array.from({ length: ANCHORS }, (_, anchor) => {
          const at = image * ANCHORS + anchor;
          return decoded(numbers.subarray(at * NUMBERS, (at + 1) * NUMBERS), logits[at]!, anchor, side);
        });
        return suppressed(found, this.#detection);
      });
    } finally {
      for (const tensor of [boxes, scores]) tensor.dispose();
    }
  }

  /** Frees its memory on the GPU. */
  dispose(): void {
    this.#graph.dispose();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Centre of an anchor, as a fraction of the image. */
function centreOf(anchor: number): readonly [x: number, y: number] {
  const fine = 16 * 16 * 2;
  const [cells, cell] = anchor < fine ? [16, anchor >> 1] : [8, Math.floor((anchor - fine) / 6)];
  return [((cell % cells) + 0.5) / cells, (Math.floor(cell / cells) + 0.5) / cells];
}

/** The box that `numbers` say of an anchor, in pixels of an image of `side` pixels. */
function decoded(numbers: ArrayLike<number>, logit: number, anchor: number, side: number): Box {
  const [left, top] = centreOf(anchor);
  const place = (k: number) => ({
    x: (numbers[k]! / SIDE + left) * side,
    y: (numbers[k + 1]! / SIDE + top) * side,
  });
  const [centre, width, height] = [place(0), (numbers[2]! / SIDE) * side, (numbers[3]! / SIDE) * side];
  return {
    x: centre.x - width / 2,
    y: centre.y - height / 2,
    width,
    height,
    score: sigmoid(Math.min(100, Math.max(-100, logit))),
    keypoints: Array.from({ length: 6 }, (_, k) => place(4 + 2 * k)),
  };
}
