import { Gaussian, GaussianMixture, type Gpu, openGpu, VAE } from "../../index.ts";
import { bytesOf } from "./modelFiles.ts";

/** The models by name. */
export interface Models {
  readonly vae: VAE;
  readonly gaussian: Gaussian;
  readonly mixture: GaussianMixture;
}

/** The GPU with the three models on it. */
export interface Engine extends Models {
  readonly gpu: Gpu;
  /** Frees it with the engine. */
  own<T extends { dispose(): void }>(one: T): T;
  /** Ends it for all parts of the page, which hear of it through `gpu.lost`. */
  dispose(): void;
}

/** Does something with a model as soon as it is loaded. */
export type Use = <N extends keyof Models>(name: N, model: Models[N]) => Promise<void>;

/** The page's engine, from the call that opens it until it is lost or disposed. */
let current: Promise<Engine> | undefined;

const forget = (opening: Promise<Engine>): void => {
  if (current === opening) current = undefined;
};

/**
 * The engine that parts of the page share: opened by the first that asks, and anew after it has ended. The call ends when
 * `use` is through with all models. Throws where there is no WebGPU or a file is missing.
 */
export async function sharedEngine(use: Use = async () => {}): Promise<Engine> {
  if (current) {
    const engine = await current;
    for (const name of ["vae", "mixture", "gaussian"] as const) await use(name, engine[name]);
    return engine;
  }
  const opening: Promise<Engine> = openEngine(use, () => forget(opening));
  current = opening;
  // who asked hears of it
  opening.catch(() => forget(opening));
  const engine = await opening;
  void engine.gpu.lost.then(() => engine.dispose());
  addEventListener("pagehide", ({ persisted }) => {
    if (!persisted) engine.dispose();
  });
  return engine;
}

/**
 * Opens the GPU and loads the models: the VAE, whose samples take fewest kernels, and then the others side by side.
 * `ended` hears that it was disposed.
 */
async function openEngine(use: Use, ended: () => void): Promise<Engine> {
  const files = Object.fromEntries(
    ["vae", "gaussian", "mixture"].map((name) => [name, bytesOf(`${name}.safetensors`)]),
  ) as { readonly [name in keyof Models]: Promise<Uint8Array<ArrayBuffer>> };
  // one that fails is told below, with the others
  for (const file of Object.values(files)) file.catch(() => {});
  const gpu = await openGpu({ powerPreference: "high-performance" });
  const owned: { dispose(): void }[] = [gpu];
  const own = <T extends { dispose(): void }>(one: T): T => (owned.push(one), one);
  const dispose = (): void => {
    ended();
    for (const one of owned.splice(0).reverse()) one.dispose();
  };
  try {
    const vae = own(VAE.load(gpu, await files.vae));
    await use("vae", vae);
    const [gaussian, mixture] = await Promise.all([
      files.gaussian.then(async (bytes) => {
        const model = own(await Gaussian.load(gpu, bytes));
        await use("gaussian", model);
        return model;
      }),
      files.mixture.then(async (bytes) => {
        const model = own(await GaussianMixture.load(gpu, bytes));
        await use("mixture", model);
        return model;
      }),
    ]);
    return { gpu, vae, gaussian, mixture, own, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}
