import {
  BatchNorm,
  BlazeFace,
  Conv2d,
  detectionRate,
  extract,
  foldBatchNorm,
  type Gpu,
  Inception,
  type Layer,
  MobileNetV1,
  MobileNetV2,
  Objectron,
  type Tensor,
  TinyFace,
  TrainingControl,
  VAE,
} from "../../../src/index.ts";
import { formulaFile } from "../../oracles/networks.ts";
import { smallObjectron } from "../../oracles/objectron.ts";
import { bytes, type LongCall } from "../call.ts";
import { file } from "../file.ts";

type Shapes = { readonly [name: string]: readonly number[] };
interface Loader<N> {
  load(gpu: Gpu, file: Uint8Array, options?: object): Promise<N>;
}
type Network = Disposable & { features(x: Tensor): Tensor };

/** Loads a network of weights by formula and takes the codes of images of its own size. */
const extracting = (
  name: "Inception" | "MobileNetV1" | "MobileNetV2",
  loader: Loader<Network & { readonly name: string; readonly checksum: string }>,
): LongCall => ({
  name: `${name}.load and extract`,
  covers: [`${name}.load`, "extract"],
  aborts: true,
  async prepare(gpu) {
    const text = new TextDecoder().decode(await file("test/oracles/networks.json"));
    const { side, shapes } = (JSON.parse(text) as { readonly [name: string]: { side: number; shapes: Shapes } })[name]!;
    const weights = formulaFile(shapes, name === "Inception" ? {} : { input_size: String(side) });
    const images = gpu.tensor(bytes(2 * 3 * side * side), [2, 3, side, side]);
    const loaded = async <T>(use: (network: Parameters<typeof extract>[0]) => Promise<T>): Promise<T> => {
      using network = await loader.load(gpu, weights);
      return await use(network as never);
    };
    return {
      run: (call) => loaded((network) => extract(network, images, { batch: 1, ...call })),
      refusals: [
        () => loader.load(gpu, weights.subarray(0, 999)),
        () => loader.load(gpu, formulaFile(Object.fromEntries(Object.entries(shapes).slice(1)))),
        () => loaded((network) => extract(network, images, { batch: 0 })),
        () => loaded((network) => extract(network, images.reshape([6, side, side]))),
      ],
      free: () => images.dispose(),
    };
  },
});

type Detecting = Network & { readonly name: string; detect(images: Tensor): Promise<readonly (readonly object[])[]> };

/** Loads a detector and finds boxes in images; its file is asked for when the call is made. */
const detecting = (
  name: "BlazeFace" | "Objectron" | "TinyFace",
  loader: Loader<Detecting>,
  weights: () => Promise<Uint8Array>,
): LongCall => ({
  name: `${name}.load, detect and detectionRate`,
  covers: [`${name}.load`, `${name}.detect`, "detectionRate"],
  aborts: true,
  async prepare(gpu) {
    const whole = await weights();
    const images = gpu.tensor(
      Float32Array.from(bytes(2 * 3 * 64 * 64), (v) => v / 255),
      [2, 3, 64, 64],
    );
    const loaded = async (use: (network: Detecting) => Promise<unknown>): Promise<unknown> => {
      using network = await loader.load(gpu, whole);
      return await use(network);
    };
    return {
      run: (call) =>
        loaded(async (network) => {
          // detect takes no signal
          if (!call.signal) await network.detect(images);
          return detectionRate(images, network as never, { batch: 1, ...call });
        }),
      refusals: [
        () => loader.load(gpu, whole.subarray(0, 5000)),
        () => loader.load(gpu, whole, { threshold: 2 }),
        () => loaded((network) => network.detect(images.reshape([6, 64, 64]))),
        () => loaded((network) => detectionRate(images, network as never, { batch: 0 })),
      ],
      free: () => images.dispose(),
    };
  },
});

function free({ parameters, buffers = {} }: Layer): void {
  for (const state of Object.values({ ...parameters, ...buffers })) state.dispose();
}

/** Ninety-four convolutions, whose kernels take long to compile. */
export const inceptionCall = extracting("Inception", Inception as never);

/** Fixed networks, and what else networks wait for. */
export const detectorCalls: readonly LongCall[] = [
  extracting("MobileNetV1", MobileNetV1 as never),
  extracting("MobileNetV2", MobileNetV2 as never),
  detecting("TinyFace", TinyFace as never, () =>
    file("node_modules/@vladmandic/face-api/model/tiny_face_detector_model.bin"),
  ),
  detecting("BlazeFace", BlazeFace as never, () =>
    file("node_modules/@mediapipe/face_detection/face_detection_short_range.tflite"),
  ),
  detecting("Objectron", Objectron as never, () =>
    Promise.resolve(
      smallObjectron(
        () => 0,
        (i) => (i % 24) - 20,
      ),
    ),
  ),
  {
    name: "foldBatchNorm",
    covers: ["foldBatchNorm"],
    aborts: false,
    prepare(gpu) {
      const [layer, norm, other] = [new Conv2d(gpu, 3, 8), new BatchNorm(gpu, 8), new BatchNorm(gpu, 9)];
      return {
        run: async () => free(await foldBatchNorm(layer, norm)),
        refusals: [() => foldBatchNorm(layer, other)],
        free: () => {
          for (const one of [layer, norm, other]) free(one);
        },
      };
    },
  },
  {
    name: "a training that is paused",
    covers: ["TrainingControl.pause", "TrainingControl.step", "LatentModel.fit"],
    aborts: true,
    prepare(gpu) {
      const vae = new VAE(gpu, { image: [1, 8, 8], hidden: 16, latent: 2 });
      const fit = (control: TrainingControl, further: object): Promise<unknown> => {
        const fitting = vae.fit(bytes(64 * 40), { epochs: 2, batch: 8, control, ...further });
        void control
          .pause()
          .then(() => control.step())
          .then(() => control.resume());
        return fitting;
      };
      return {
        run: (call) => fit(new TrainingControl(), call),
        refusals: [() => fit(new TrainingControl(), { learningRate: -1 })],
        free: () => vae.dispose(),
      };
    },
  },
];
