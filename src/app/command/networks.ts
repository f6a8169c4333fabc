import { check, LatentError, quote, show } from "../../formats/errors.ts";
import { parseSafetensors } from "../../formats/safetensors.ts";
import { Digits, type Gpu, Inception, MobileNetV1, MobileNetV2, type Tensor } from "../../index.ts";

/** What images become before they are measured. */
export interface Features {
  /** For reports. */
  readonly name: string;
  readonly checksum?: string;
  /** Whether it is the network that FID and Inception Score are defined by. */
  readonly isInception: boolean;
  /** x: [n, c, h, w] from 0 to 1. Returns [n, d]. */
  features(x: Tensor): Tensor;
  /** p(class | image), [n, classes]. */
  probabilities?(x: Tensor): Tensor;
  /** Features that say where in the image things are, [n, d]: sFID's. */
  spatial?(x: Tensor): Tensor;
  /** Throws LatentError("shape") where images of these sizes cannot be used. */
  check(file: string, shape: readonly number[]): void;
  dispose(): void;
}

/** A network as it is loaded. */
type Network = Omit<Features, "check" | "isInception" | "spatial">;

/** A network by a tensor that only its files have. */
interface Loader {
  readonly tensor: string;
  readonly channels: 1 | 3;
  /** The only sizes that it takes; any without. */
  readonly size?: string;
  load(gpu: Gpu, file: Uint8Array): Promise<Network>;
}

const DIGITS: Loader = {
  tensor: "conv1.weight",
  channels: 1,
  size: "28,28",
  load: (gpu, file) => Promise.resolve(Digits.load(gpu, file)),
};

const LOADERS: readonly Loader[] = [
  { tensor: "Conv2d_1a_3x3.conv.weight", channels: 3, load: (gpu, file) => Inception.load(gpu, file) },
  { tensor: "block17.project.weight", channels: 3, load: (gpu, file) => MobileNetV2.load(gpu, file) },
  { tensor: "block13.pointwise.weight", channels: 3, load: (gpu, file) => MobileNetV1.load(gpu, file) },
  DIGITS,
];

/** Features and classes of the network that FID and the Inception Score are defined by. */
const INCEPTION = "2048,1008";

/**
 * The network of a safetensors file, told by the names of its tensors: the FID Inception, MobileNet V1 and V2, the digit classifier.
 * Throws LatentError: "format" on another file, and as the network's load() does.
 */
export async function networkOf(file: string, gpu: Gpu, bytes: Uint8Array): Promise<Features> {
  const { tensors } = parseSafetensors(bytes, { where: file });
  const loader = LOADERS.find(({ tensor }) => tensors.has(tensor));
  check(loader !== undefined, "format", file, () => {
    const found = [...tensors.keys()]
      .slice(0, 4)
      .map((name) => quote(name))
      .join(", ");
    return `no network that this version knows. Expected tensors of the FID Inception, MobileNet V1 or V2, or the digit classifier; got ${found} ….`;
  });
  const network = await loader.load(gpu, bytes).catch((cause: unknown) => {
    if (!(cause instanceof LatentError)) throw cause;
    throw new LatentError(cause.code, `${file}: ${cause.message}`, { cause });
  });
  const [classes, width] = tensors.get("fc.weight")?.shape ?? [];
  const isInception = network instanceof Inception && `${width},${classes}` === INCEPTION;
  return { ...featuresIn(network, loader), isInception };
}

/** The digit classifier of this package. */
export const digitsV1 = async (gpu: Gpu): Promise<Features> => featuresIn(await Digits.v1(gpu), DIGITS);

function featuresIn(network: Network, { channels, size }: Pick<Loader, "channels" | "size">): Features {
  return {
    name: network.name,
    ...(network.checksum !== undefined && { checksum: network.checksum }),
    isInception: false,
    features: (x) => network.features(x),
    ...(network instanceof Inception && { spatial: (x: Tensor) => network.spatial.features(x) }),
    ...(network.probabilities && { probabilities: (x: Tensor) => network.probabilities!(x) }),
    check(path, shape) {
      const [found, ...sizes] = shape;
      const fits = found === channels && (size === undefined || String(sizes) === size);
      check(fits, "shape", path, () => {
        const expected = `${channels === 1 ? "grey" : "RGB"} images${size ? ` of ${size.replace(",", " × ")}` : ""}`;
        const remedy = `Give --channels ${channels}${size ? " --resize 28" : ""}.`;
        return `${network.name} takes ${expected}. Expected [${channels}, ${size?.replace(",", ", ") ?? "h, w"}]; got ${show(shape)}. ${remedy}`;
      });
    },
    dispose: () => network.dispose(),
  };
}
