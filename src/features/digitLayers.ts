import { check, quote, show } from "../device/errors.ts";
import { bytes } from "../graph/ops/bytes.ts";
import { mul, sub } from "../graph/ops/arithmetic.ts";
import { relu } from "../graph/ops/elementwise.ts";
import { maxPool2d } from "../graph/ops/pool.ts";
import { reshape } from "../graph/ops/shape.ts";
import type { Tensor } from "../graph/tensor.ts";
import { Conv2d } from "../nn/conv2d.ts";
import type { Initialiser } from "../nn/initialise.ts";
import type { Layer } from "../nn/layer.ts";
import { Linear } from "../nn/linear.ts";
import type { Gpu } from "../program/gpu.ts";
import type { Preprocessing } from "./network.ts";

/** Which layers a digit classifier has: the small ones of `digits-v1`, or those of LeNet-5. */
export type DigitLayers = "small" | "lenet";

/** The layers of a digit classifier, in the order of its parameters, and how they are used. */
export interface DigitNetwork {
  readonly layers: { readonly [name: string]: Layer };
  /** Pixels in [−1, 1], [n, 1, 28, 28], to what the convolutions see, the first layer first; after ReLU. */
  maps(x: Tensor): readonly Tensor[];
  /** The last of the maps to features [n, width]. */
  features(maps: Tensor): Tensor;
  /** Features to logits [n, 10]. */
  logits(features: Tensor): Tensor;
}

/** A kind of digit classifier. */
interface Kind {
  /** A tensor whose shape tells it from the others. */
  readonly mark: readonly number[];
  build(gpu: Gpu, seed: Initialiser): DigitNetwork;
}

/** The digits and their classes. */
export const CLASSES = 10;
const SIDE = 28;

/** Bytes become (byte − 127.5) / 127.5; no other size is taken. */
export const digitInput: Preprocessing = {
  size: [SIDE, SIDE],
  resize: "pytorch-bilinear",
  square: false,
  mean: 127.5,
  deviation: 127.5,
};

const small: Kind = {
  mark: [8, 1, 3, 3],
  build(gpu, seed) {
    const window = { kernel: 3, stride: 2, padding: 1, seed };
    const conv1 = new Conv2d(gpu, 1, 8, window);
    const conv2 = new Conv2d(gpu, 8, 32, window);
    const fc1 = new Linear(gpu, 32 * 49, 64, { seed });
    const fc2 = new Linear(gpu, 64, CLASSES, { seed });
    return {
      layers: { conv1, conv2, fc1, fc2 },
      maps(x) {
        const first = relu(conv1.forward(x));
        return [first, relu(conv2.forward(first))];
      },
      features: (maps) => relu(fc1.forward(reshape(maps, [-1, 32 * 49]))),
      logits: (features) => fc2.forward(features),
    };
  },
};

/** LeNet-5 with ReLU and maxima. Source: LeCun, Bottou, Bengio & Haffner 1998. */
const lenet: Kind = {
  mark: [6, 1, 5, 5],
  build(gpu, seed) {
    const conv1 = new Conv2d(gpu, 1, 6, { kernel: 5, padding: 2, seed });
    const conv2 = new Conv2d(gpu, 6, 16, { kernel: 5, seed });
    const fc1 = new Linear(gpu, 16 * 25, 120, { seed });
    const fc2 = new Linear(gpu, 120, 84, { seed });
    const fc3 = new Linear(gpu, 84, CLASSES, { seed });
    return {
      layers: { conv1, conv2, fc1, fc2, fc3 },
      maps(x) {
        const first = maxPool2d(relu(conv1.forward(x)), 2);
        return [first, maxPool2d(relu(conv2.forward(first)), 2)];
      },
      features: (maps) => relu(fc2.forward(relu(fc1.forward(reshape(maps, [-1, 16 * 25]))))),
      logits: (features) => fc3.forward(features),
    };
  },
};

/** Each kind by its name. */
export const digitNetworks: { readonly [kind in DigitLayers]: Kind } = { small, lenet };

/** Throws LatentError("argument") unless `layers` is the name of a kind. */
export function checkDigitLayers(where: string, layers: unknown): asserts layers is DigitLayers {
  check(
    typeof layers === "string" && Object.hasOwn(digitNetworks, layers),
    "argument",
    where,
    () =>
      `expected layers ${Object.keys(digitNetworks)
        .map((name) => quote(name))
        .join(" or ")}; got ${String(layers)}.`,
  );
}

/** The kind whose first convolution has this shape, the small one where none has. */
export const kindOf = (shape: readonly number[] | undefined): DigitLayers =>
  (Object.keys(digitNetworks) as DigitLayers[]).find((kind) => String(digitNetworks[kind].mark) === String(shape)) ??
  "small";

/** Images [n, 1, 28, 28] or [n, 784], floats in [0, 1] or bytes, as pixels in [−1, 1]. Throws LatentError("shape") on others. */
export function digitPixels(x: Tensor): Tensor {
  const n = x.shape[0]!;
  check(
    x.size === n * SIDE * SIDE,
    "shape",
    "Digits",
    () => `expected images [n, 1, ${SIDE}, ${SIDE}]; got ${show(x.shape)}.`,
  );
  const floats = x.dtype === "u8" ? bytes(x, { scale: 1 / 255 }) : x;
  return sub(mul(reshape(floats, [n, 1, SIDE, SIDE]), 2), 1);
}
