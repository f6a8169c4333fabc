import { assign, Dataset, linalg, matmul, openGpu, sum, type Tensor } from "../../../src/index.ts";
import { type LongCall, onRows, readAll, values } from "../call.ts";

/** The engine itself: opened, tested, tuned, compiled for, read. */
export const engineCalls: readonly LongCall[] = [
  {
    name: "openGpu",
    covers: ["openGpu", "openNodeGpu"],
    aborts: true,
    outlives: true,
    prepare: (_, open) => ({
      run: (call) => open(call.signal ? { signal: call.signal } : {}),
      refusals: [() => open({ signal: {} as AbortSignal })],
      free: () => {},
    }),
  },
  {
    name: "openGpu on a device of one's own",
    covers: ["openGpu"],
    aborts: false,
    prepare: (gpu) => ({
      async run() {
        using guest = await openGpu({ device: gpu.device });
        await guest.tensor(values(64)).mul(2).read();
        await guest.selfTest();
      },
      refusals: [() => openGpu({ device: {} as GPUDevice })],
      free: () => {},
    }),
  },
  {
    name: "selfTest and idle",
    covers: ["Gpu.selfTest", "Gpu.idle"],
    aborts: false,
    prepare: (gpu) => ({
      async run() {
        await gpu.selfTest();
        await gpu.idle();
      },
      refusals: [],
      free: () => {},
    }),
  },
  {
    name: "tune",
    covers: ["Gpu.tune"],
    aborts: true,
    prepare(gpu) {
      const x = gpu.tensor(values(96 * 96), [96, 96]);
      return {
        async run(call) {
          const before = gpu.tuning.export();
          await gpu.tune((a) => matmul(a, a), [x], call).finally(() => gpu.tuning.import(before));
        },
        refusals: [() => gpu.tune((a) => matmul(a, a.reshape([1, -1])), [x])],
        free: () => x.dispose(),
      };
    },
  },
  {
    name: "compile, run and repeat",
    covers: ["Gpu.compile", "Program.run", "Program.repeat", "Tensor.item"],
    aborts: false,
    prepare(gpu) {
      const x = gpu.tensor(values(4096), [64, 64]);
      return {
        async run() {
          using step = await gpu.compile((a) => sum(matmul(a, a)), x);
          await (await step.run(x)).item();
          await (await step.repeat(20, x)).item();
        },
        refusals: [() => gpu.compile((a) => matmul(a, a.reshape([1, -1])), x)],
        free: () => x.dispose(),
      };
    },
  },
  {
    name: "a long repeat",
    covers: ["Program.repeat"],
    aborts: false,
    prepare(gpu) {
      const w = gpu.state(new Float32Array(256 * 256).fill(0.001), [256, 256]);
      return {
        async run() {
          using step = await gpu.compile(() => assign(w, matmul(w, w)));
          await step.repeat(60);
          await gpu.idle();
        },
        refusals: [
          async () => {
            using step = await gpu.compile(() => assign(w, w.mul(2)));
            await step.repeat(0);
          },
        ],
        free: () => w.dispose(),
      };
    },
  },
  {
    name: "pictures in and out",
    covers: ["Gpu.toTexture", "Gpu.draw"],
    aborts: false,
    prepare(gpu) {
      const x = gpu.tensor(values(64), [8, 8]);
      return {
        async run() {
          using picture = gpu.fromImage({ data: new Uint8ClampedArray(256), width: 8, height: 8 });
          using half = x.mul(0.5);
          for (const image of [half, picture]) (await gpu.toTexture(image)).destroy();
          // Node has no canvas
          if (globalThis.OffscreenCanvas) await gpu.draw(x, new OffscreenCanvas(8, 8));
        },
        refusals: [() => gpu.toTexture(gpu.zeros([3])), () => gpu.draw(x, {} as OffscreenCanvas)],
        free: () => x.dispose(),
      };
    },
  },
  {
    name: "tensors evaluated, copied, written and read in a scope",
    covers: ["Gpu.scope", "Gpu.evaluate", "Tensor.copy", "Tensor.write", "Tensor.buffer", "Tensor.read"],
    aborts: false,
    prepare(gpu) {
      const state = gpu.state(values(512), [512]);
      return {
        run: () =>
          gpu.scope(async () => {
            const x = gpu.tensor(values(512)).mul(2);
            const y = x.add(1);
            await gpu.evaluate([x, y]);
            await state.write(await y.copy());
            await y.buffer();
            await Promise.all([state.read(), x.read()]);
          }),
        refusals: [
          async () => {
            using short = gpu.tensor([1, 2]);
            await state.write(short);
          },
        ],
        free: () => state.dispose(),
      };
    },
  },
  {
    name: "Dataset.validate",
    covers: ["Dataset.validate"],
    aborts: false,
    prepare: (gpu) => ({
      async run() {
        using data = Dataset.from(gpu, values(4000), [400, 10]);
        await data.validate("validate");
      },
      refusals: [
        async () => Dataset.from(gpu, values(40), [4, 10], { labels: [1, 2, 300, 4] }),
        async () => Dataset.from(gpu, values(40).fill(Number.NaN, 3, 4), [4, 10]),
        async () => {
          using data = Dataset.from(gpu, values(4000), [400, 10]);
          await data.validate("validate", [0, 0.5]);
        },
      ],
      free: () => {},
    }),
  },
  {
    name: "linalg.eigh, svd and svdvals, read",
    covers: ["linalg.eigh", "linalg.svd", "linalg.svdvals"],
    aborts: true,
    prepare: onRows(40, 40, async (x, { signal }) => {
      const square = matmul(x, x.transpose());
      const made: Tensor[] = [];
      try {
        const { values: spectrum, vectors } = await linalg.eigh(square, { signal });
        made.push(spectrum, vectors);
        made.push(await linalg.svdvals(x, { signal }));
        made.push(...Object.values(await linalg.svd(x, { signal })));
        await Promise.all(made.map((t) => t.read()));
      } finally {
        for (const t of [...made, square]) t.dispose();
      }
    }),
  },
  {
    name: "factors and roots of linalg, read",
    covers: ["Tensor.read"],
    aborts: false,
    prepare: (gpu) =>
      onRows(30, 30, (x) =>
        gpu.scope(async () => {
          const square = linalg.covariance(x, { ddof: 0 }).add(0.01);
          const { root } = linalg.sqrtm(square);
          const { q, r } = linalg.qr(x);
          const { unitary, positive } = linalg.polar(x);
          const made = [root, q, r, unitary, positive, linalg.cholesky(square).factor, linalg.inverse(x)];
          await readAll([...made, linalg.logdet(square), linalg.det(x), linalg.solve(x, q)]);
        }),
      )(gpu),
  },
];
