import { check } from "../device/errors.ts";
import { checkBytes } from "../formats/elements.ts";
import type { Shape } from "../graph/dtype.ts";
import { sigmoid } from "../graph/ops/elementwise.ts";
import { max, mean } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkGpu } from "../program/checkGpu.ts";
import type { Gpu } from "../program/gpu.ts";
import { type Box, sigmoid as sigmoidOf } from "./boxes.ts";
import { type Detection, detectionOf, type DetectorOptions, suppressed } from "./detector.ts";
import { type FeatureNetwork, preprocessed, type Preprocessing } from "./network.ts";
import { type Anchor, ssdAnchors } from "./ssd.ts";
import { TfliteGraph } from "./tfliteGraph.ts";

const SIDE = 300;
const ANCHORS = 1917;
/** Channels of the last map of MobileNetV2. */
const CHANNELS = 1280;

/** What it knows; 0 stands for nothing. Open Images v4. */
const LABELS = [
  [
    "???",
    "Bicycle",
    "Boot",
    "Laptop",
    "Person",
    "Chair",
    "Cattle",
    "Desk",
    "Cat",
    "Computer mouse",
    "Computer monitor",
    "Box",
  ],
  [
    "Mug",
    "Coffee cup",
    "Stationary bicycle",
    "Table",
    "Bottle",
    "High heels",
    "Vehicle",
    "Footwear",
    "Dog",
    "Book",
    "Camera",
    "Car",
  ],
].flat();

const OUTPUTS: readonly Shape[] = [
  [1, ANCHORS, 4],
  [1, ANCHORS, LABELS.length],
];

/**
 * The object detector of MediaPipe's Objectron: MobileNetV2 with a single-shot head, 23 kinds of things from Open Images, as features of
 * natural images (1280) and for the rate of images that show a person, a chair, a cat ….
 *
 * Images are stretched to 300 × 300 by PyTorch's bilinear rule. Weights: `object_detection_ssd_mobilenetv2_oidv4_fp16.tflite`, which lies
 * in `objectron_solution_packed_assets.data` of `@mediapipe/objectron` (Apache-2.0); either file is taken. Source: that package; Sandler et al. 2018.
 *
 *     const network = await Objectron.load(gpu, file);
 *     const [things] = await network.detect(x); // of the first image: { label, score, x, y, width, height }
 */
export class Objectron implements FeatureNetwork {
  /** What reports call it. */
  readonly name = "Objectron MobileNetV2, 1280 features";
  /** CRC-32 of its file, in hex. */
  readonly checksum: string;
  /** byte/127.5 − 1, 300 × 300. */
  readonly input: Preprocessing = {
    size: [SIDE, SIDE],
    resize: "pytorch-bilinear",
    square: false,
    mean: 127.5,
    deviation: 127.5,
  };
  /** Names of the classes; the first stands for none. */
  readonly labels: readonly string[] = LABELS;
  readonly #graph: TfliteGraph;
  readonly #detection: Detection;
  readonly #anchors: readonly Anchor[] = ssdAnchors(SIDE, [16, 32, 64, 128, 256, 512]);

  private constructor(graph: TfliteGraph, detection: Detection) {
    this.#graph = graph;
    this.#detection = detection;
    this.checksum = graph.checksum;
  }

  /** The network of a file. Throws LatentError: "format" or "unsupported" on a file of another network, "argument" on options out of range. */
  static async load(gpu: Gpu, file: Uint8Array, options: DetectorOptions = {}): Promise<Objectron> {
    const where = "Objectron.load";
    checkGpu(where, gpu);
    checkBytes(where, file);
    const detection = detectionOf(where, options, [], { threshold: 0.5, overlap: 0.4, suppression: "greedy" });
    return new Objectron(TfliteGraph.load(gpu, where, unpacked(where, file), [SIDE, SIDE], OUTPUTS), detection);
  }

  /** The last map of MobileNetV2 averaged, [n, 1280]. Images [n, 3, h, w], RGB, floats in [0, 1] or bytes. */
  features(x: Tensor): Tensor {
    return mean(this.#graph.run(preprocessed("Objectron", x, this.input), CHANNELS), [2, 3]);
  }

  /** The last map itself, [n, 1280, 10, 10]. */
  map(x: Tensor): Tensor {
    return this.#graph.run(preprocessed("Objectron", x, this.input), CHANNELS);
  }

  /** What it says of every anchor: boxes [n, 1917, 4] as it codes them, logits [n, 1917, 24]. */
  predictions(x: Tensor): { readonly boxes: Tensor; readonly logits: Tensor } {
    const [boxes, logits] = this.#graph.run(preprocessed("Objectron", x, this.input));
    return { boxes: boxes!, logits: logits! };
  }

  /** How sure it is that each kind of thing is somewhere in the image: the largest score of any anchor, [n, 24]. Rows do not sum to 1. */
  presence(x: Tensor): Tensor {
    return max(sigmoid(this.predictions(x).logits), 1);
  }

  /** Things in each image, in its pixels, the best first, each with its `label`. */
  async detect(images: Tensor): Promise<readonly (readonly Box[])[]> {
    const { boxes, logits } = this.#graph.gpu.within(() => this.predictions(images));
    try {
      await this.#graph.gpu.evaluate([boxes, logits]);
      const [codes, scores] = [await boxes.read(), await logits.read()];
      const [height, width] = images.shape.slice(2) as [number, number];
      return Array.from({ length: boxes.shape[0]! }, (_, image) => {
        const found = this.#anchors.map((anchor, k) => {
          const at = image * ANCHORS + k;
          let best = 1;
          for (let c = 2; c < LABELS.length; c++)
            if (scores[at * LABELS.length + c]! > scores[at * LABELS.length + best]!) best = c;
          const box = decoded(codes.subarray(at * 4, at * 4 + 4), anchor, width, height);
          return { ...box, score: sigmoidOf(scores[at * LABELS.length + best]!), label: LABELS[best]! };
        });
        return suppressed(found, this.#detection);
      });
    } finally {
      for (const tensor of [boxes, logits]) tensor.dispose();
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

/** The box that four numbers say of an anchor: y, x, height and width, in tenths and logarithmic fifths of its size. */
function decoded(code: ArrayLike<number>, anchor: Anchor, width: number, height: number) {
  const w = Math.exp(code[3]! / 5) * anchor.width;
  const h = Math.exp(code[2]! / 5) * anchor.height;
  return {
    x: ((code[1]! / 10) * anchor.width + anchor.x - w / 2) * width,
    y: ((code[0]! / 10) * anchor.height + anchor.y - h / 2) * height,
    width: w * width,
    height: h * height,
  };
}

/** A .tflite file, out of the package's packed one, where labels stand before it. */
function unpacked(where: string, file: Uint8Array): Uint8Array {
  const text = String.fromCharCode(...file.subarray(0, 1024));
  const at = text.indexOf("TFL3");
  check(at >= 4, "format", where, () => `no .tflite file. Expected "TFL3" in the first 1024 bytes; got none.`);
  return file.subarray(at - 4);
}
