// A page whose GPU process ends while calls of every kind are under way.
import { linalg, matmul, openGpu, sum, VAE } from "../../src/index.ts";
import { pause, pipelinesOf } from "../stress/harness.ts";
import { reopen } from "../stress/reopen.ts";

declare const crash: () => Promise<void>;

/** How a call ended, and how many turns of the event loop after the device told its loss. */
export interface End {
  readonly call: string;
  readonly code: string;
  readonly turns: number;
}

/** What a crash came to, and a sum by an engine opened afterwards. */
export interface Crash {
  readonly ends: readonly End[];
  readonly next: number;
}

/** Turns of the event loop after which every call has to have ended. */
const MOST = 100;

async function run(): Promise<Crash> {
  const gpu = await openGpu();
  const x = gpu.tensor(
    Float32Array.from({ length: 96 * 96 }, (_, i) => Math.sin(i)),
    [96, 96],
  );
  const vae = new VAE(gpu, { image: [1, 8, 8], hidden: 16, latent: 2 });
  const images = Uint8Array.from({ length: 64 * 60 }, (_, i) => (i * 7919) % 251);
  const step = await gpu.compile((a) => sum(matmul(a, a)), x);
  const calls: { readonly [name: string]: () => Promise<unknown> } = {
    repeat: () => step.repeat(100_000, x),
    compile: () => gpu.compile((a) => sum(matmul(a.exp(), a.tanh()), 1), x),
    tune: () => gpu.tune((a) => matmul(a, a.transpose()), [x]),
    fit: () => vae.fit(images, { epochs: 1000, batch: 16 }),
    read: () => matmul(x.sin(), x).read(),
    eigh: () => linalg.eigh(matmul(x, x.transpose())),
    selfTest: () => gpu.selfTest(),
    idle: async () => {
      for (;;) await gpu.idle();
    },
  };
  const compiling = pipelinesOf(gpu.device);
  let turns = Number.NaN;
  const ends = Object.entries(calls).map(async ([call, begin]): Promise<End> => {
    const code = await begin().then(
      () => "none",
      (error: { code?: string }) => error.code ?? String(error),
    );
    return { call, code, turns };
  });
  while (compiling() === 0) await pause(0);
  turns = 0;
  void crash();
  await gpu.device.lost;
  let isOver = false;
  const all = Promise.all(ends).finally(() => (isOver = true));
  for (; !isOver && turns < MOST; turns++) await pause(0);
  const ended = await Promise.race([all, Promise.resolve([])]);
  if (ended.length === 0) throw new Error(`calls are under way ${MOST} turns after the loss`);
  for (const end of ended) if (Number.isNaN(end.turns)) throw new Error(`${end.call} ended before the crash`);
  gpu.dispose();
  using next = await reopen();
  return { ends: ended, next: await sum(next.tensor([20, 22])).item() };
}

Object.assign(globalThis, { run });
