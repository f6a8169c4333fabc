import { AutoEncoder, Dataset, Digits, type Gpu, load, VAE } from "../../../src/index.ts";
import { bytes, type LongCall, onRows, type Prepared, readAll, values, withModel } from "../call.ts";

const image = [1, 8, 8] as const;
const small = { image, hidden: 16, latent: 2 };

interface Trained {
  fit(images: Uint8Array, options: object): Promise<unknown>;
  dispose(): void;
}

const fitting = (make: (gpu: Gpu) => Trained, size: number, further: object = {}): ((gpu: Gpu) => Prepared) => {
  return (gpu) => {
    const made = make(gpu);
    const options = { epochs: 2, batch: 16, ...further };
    return {
      run: (call) => made.fit(bytes(size), { ...options, ...call }),
      refusals: [
        () => made.fit(bytes(size), { ...options, learningRate: -1 }),
        () => made.fit(bytes(size), { ...options, clipNorm: 0 }),
        () => made.fit(bytes(size), { ...options, learningRate: 1e30 }),
        () => made.fit(bytes(size).subarray(1), options),
        () => made.fit(values(size).fill(Number.NaN, 9, 10) as never, options),
        () => made.fit(values(size, 9) as never, options),
        () => made.fit(bytes(size), { ...options, resume: new Uint8Array(9) }),
        () => made.fit(bytes(size), { ...options, validation: new Uint8Array(1) }),
      ],
      free: () => made.dispose(),
    };
  };
};

/** Networks: trained, evaluated over batches, saved. */
export const networkCalls: readonly LongCall[] = [
  {
    name: "vae.fit",
    covers: ["LatentModel.fit", "train"],
    aborts: true,
    prepare: fitting((gpu) => new VAE(gpu, small), 64 * 60, {
      validation: bytes(64 * 20),
      earlyStopping: { patience: 3 },
    }),
  },
  {
    name: "vae.fit, convolutions and checkpoints",
    covers: ["LatentModel.fit"],
    aborts: true,
    prepare(gpu) {
      const made = new VAE(gpu, { image: [1, 8, 8], encoder: "conv", hidden: 8, latent: 2 });
      const checkpoint = { everySteps: 2, save: () => {} };
      return {
        run: (call) => made.fit(bytes(64 * 40), { epochs: 1, batch: 16, checkpoint, ...call }),
        refusals: [
          () =>
            made.fit(bytes(64 * 40), {
              batch: 16,
              checkpoint: {
                everySteps: 1,
                save: (file) => void VAE.load(gpu, file.subarray(1)),
              },
            }),
        ],
        free: () => made.dispose(),
      };
    },
  },
  {
    name: "autoEncoder.fit",
    covers: ["LatentModel.fit"],
    aborts: true,
    // a model for each call: what it keeps of its codes goes with it
    prepare: fitting((gpu) => {
      const fit = async (images: Uint8Array, options: object): Promise<unknown> => {
        using made = new AutoEncoder(gpu, small);
        return await made.fit(images, options);
      };
      return { fit, dispose: () => {} };
    }, 64 * 50),
  },
  {
    name: "digits.fit and accuracy",
    covers: ["Digits.fit", "Digits.accuracy"],
    aborts: true,
    prepare(gpu) {
      const digits = new Digits(gpu);
      const [images, labels] = [bytes(784 * 40), Uint8Array.from({ length: 40 }, (_, i) => i % 10)];
      return {
        async run(call) {
          await digits.fit(images, labels, { epochs: 2, batch: 16, ...call });
          await digits.accuracy(images, labels);
        },
        refusals: [
          () => digits.fit(images, labels.subarray(1)),
          () => digits.fit(images, labels, { learningRate: -1 }),
          () => digits.fit(images, labels, { epochs: 0 }),
          () => digits.accuracy(images),
        ],
        free: () => digits.dispose(),
      };
    },
  },
  {
    name: "vae.logProb, read",
    covers: ["Tensor.read"],
    aborts: false,
    prepare: withModel(
      (gpu) => new VAE(gpu, small),
      (vae) =>
        onRows(
          4,
          64,
          (x) => readAll([vae.logProb(x, { samples: 8 })]),
          (x) => [async () => vae.logProb(x, { samples: 0 })],
        ),
    ),
  },
  {
    name: "vae.elbo and logProb over batches",
    covers: ["Tensor.read"],
    aborts: false,
    prepare(gpu) {
      const vae = new VAE(gpu, small);
      const data = Dataset.from(gpu, bytes(64 * 50), [50, 1, 8, 8]);
      return {
        async run() {
          for (let at = 0; at < data.count; at += 16) {
            const x = data.slice(at, Math.min(data.count, at + 16));
            const made = Object.values(vae.elbo(x, { step: at }));
            try {
              await readAll([...made, vae.logProb(x, { samples: 4, step: at })]);
            } finally {
              x.dispose();
            }
          }
        },
        refusals: [],
        free: () => (data.dispose(), vae.dispose()),
      };
    },
  },
  {
    name: "models saved and loaded",
    covers: ["LatentModel.save", "load", "Digits.save"],
    aborts: false,
    prepare(gpu) {
      const made = [new VAE(gpu, small), new AutoEncoder(gpu, small), new Digits(gpu)] as const;
      const [vae, autoEncoder, digits] = made;
      return {
        async run() {
          using other = VAE.load(gpu, await vae.save());
          await readAll([other.sample(3)]);
          using another = await load(gpu, await autoEncoder.save());
          await readAll([(another as AutoEncoder).decode(gpu.zeros([2, 2]))]);
          using third = Digits.load(gpu, await digits.save());
          await readAll([third.probabilities(gpu.zeros([2, 784]))]);
        },
        refusals: [
          async () => VAE.load(gpu, await autoEncoder.save()),
          async () => AutoEncoder.load(gpu, await vae.save()),
          async () => Digits.load(gpu, await vae.save()),
          () => load(gpu, new Uint8Array(99)),
          async () => VAE.load(gpu, (await vae.save()).subarray(0, 999)),
        ],
        free: () => {
          for (const model of made) model.dispose();
        },
      };
    },
  },
];
