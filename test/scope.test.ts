import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { assign, type Gpu, sum, type Tensor, VAE } from "../src/index.ts";
import { failure, openShared } from "./helpers.ts";

// What belongs to a scope, what another task makes meanwhile, and steps in passes and frames of the app's own.

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const valuesOf = async (x: Tensor): Promise<number[]> => [...(await x.read())];

describe("a scope", () => {
  it("disposes what is made while it is open, also where an await of the gpu's goes on, but not what it keeps", async () => {
    const outer = gpu.tensor([1, 2]);
    const before = gpu.memory().buffers;
    const scope = gpu.scope();
    const a = gpu.tensor([3, 4]);
    const kept = scope.keep(a.add(outer));
    await kept.read();
    const b = gpu.tensor([5, 6]);
    await a.mul(b).read();
    const c = gpu.tensor([7]);
    await sleep(1);
    const late = scope.run(() => gpu.tensor([8]));
    const free = gpu.tensor([9]);
    scope.dispose();
    scope.dispose();
    expect([a, b, c, late, kept, free, outer].map((t) => t.disposed)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(await valuesOf(kept)).toEqual([4, 6]);
    for (const t of [kept, free]) t.dispose();
    expect(gpu.memory().buffers).toBe(before);
    outer.dispose();
  });

  it("that ends before what it made has run leaves no claim on a model's parameters", async () => {
    const before = gpu.memory().buffers;
    const x = gpu.tensor(new Float32Array(20), [5, 4]);
    const model = new VAE(gpu, { image: [1, 2, 2], hidden: 4, latent: 2, likelihood: "gaussian" });
    {
      using _scope = gpu.scope();
      model.encode(x);
    }
    model.dispose();
    x.dispose();
    expect(gpu.memory().buffers).toBe(before);
  });

  it("touches nothing that another task makes while it waits", async () => {
    const others: Tensor[] = [];
    const timer = setInterval(() => others.push(gpu.tensor([others.length])), 2);
    const task = async (): Promise<number[]> => {
      const mine: Tensor[] = [];
      for (let k = 0; k < 20; k++) {
        mine.push(gpu.tensor([k]));
        await mine.at(-1)!.mul(2).read();
      }
      others.push(...mine);
      return [];
    };
    const scoped = async (): Promise<void> => {
      for (let k = 0; k < 10; k++) {
        const scope = gpu.scope();
        const x = gpu.tensor([k]);
        await x.mul(2).read();
        await Promise.all([x.mul(3).read(), sleep(3)]);
        scope.dispose();
        expect(x.disposed).toBe(true);
      }
    };
    const called = async (): Promise<void> => {
      await gpu.scope(async () => {
        const x = gpu.tensor([1]);
        await sleep(20);
        await x.read();
      });
    };
    await Promise.all([task(), scoped(), task(), called(), task(), gpu.selfTest()]);
    clearInterval(timer);
    expect(others.length).toBeGreaterThan(60);
    expect(others.filter((t) => t.disposed)).toEqual([]);
    for (const t of others) t.dispose();
  });

  it("beside a fit leaves the model, the data and the training alone, and the fit's own memory to the fit", async () => {
    const images = Float32Array.from({ length: 16 * 16 }, (_, i) => ((i * 37) % 101) / 101);
    const fitted = async (beside: boolean): Promise<number[]> => {
      const vae = new VAE(gpu, { image: [1, 4, 4], hidden: 8, latent: 2 });
      const before = gpu.memory().buffers;
      let training = true;
      const scope = gpu.scope();
      // begun inside a scope that ends at once
      const fit = vae.fit(images, { epochs: 3, batch: 8 }).finally(() => (training = false));
      scope.dispose();
      while (beside && training) {
        const frame = gpu.scope();
        await sum(gpu.tensor([1, 2, 3]).mul(2)).item();
        frame.dispose();
        await sleep(1);
      }
      await fit;
      expect(gpu.memory().buffers).toBe(before);
      const weights = await valuesOf(vae.parameters["fc4.weight"]!);
      vae.dispose();
      return weights;
    };
    expect(await fitted(true)).toEqual(await fitted(false));
  });

  it("nests, hands on what it keeps, and ends with the function that it is given, whatever that does", async () => {
    const outer = gpu.scope();
    const inner = gpu.scope();
    const [a, b] = [gpu.tensor([1]), gpu.tensor([2])];
    inner.keep([a]);
    inner.dispose();
    const c = gpu.tensor([3]);
    expect([a, b, c].map((t) => t.disposed)).toEqual([false, true, false]);
    outer.dispose();
    expect([a, c].map((t) => t.disposed)).toEqual([true, true]);
    const made: Tensor[] = [];
    const failed = gpu.scope(() => {
      made.push(gpu.tensor([1]));
      throw new Error("stopped");
    });
    await expect(failed).rejects.toThrow("stopped");
    const kept = await gpu.scope((scope) => {
      made.push(scope.run(() => gpu.tensor([2])));
      return { x: gpu.tensor([3]).mul(2) };
    });
    expect(made.map((t) => t.disposed)).toEqual([true, true]);
    expect(await valuesOf(kept.x)).toEqual([6]);
    kept.x.dispose();
  });
});

describe("a step in the app's own commands", () => {
  it("runs in its pass or encoder, on inputs where they lie, and gives handles", async () => {
    const w = gpu.state([10, 20]);
    const x = [gpu.tensor([1, 2]), gpu.tensor([3, 4])] as const;
    const step = await gpu.compile((input) => {
      assign(w, w.add(input));
      return input.mul(w);
    }, x[0]);
    const encoder = gpu.device.createCommandEncoder();
    const first = step.encode(encoder, x[0]);
    const pass = encoder.beginComputePass();
    const second = step.encode(pass, x[1]);
    pass.end();
    expect((await failure(() => first.read())).message).toMatch(/copy\(\)/);
    gpu.device.queue.submit([encoder.finish()]);
    expect(await valuesOf(second)).toEqual([33, 88]);
    expect(await valuesOf(w)).toEqual([14, 26]);
    expect(await valuesOf(await step.run(x[0]))).toEqual([14, 52]);
    expect(step.stats.runs).toBe(3);
    const again = gpu.device.createCommandEncoder();
    const refused: [call: () => unknown, code: string, message: RegExp][] = [
      [() => step.encode(again, x[0].mul(2)), "argument", /has not been computed yet/],
      [() => step.encode(again, gpu.tensor([1, 2, 3])), "argument", /compiled for other inputs.*\[2\].*\[3\]/],
      [() => step.encode(again, w), "argument", /overwritten by this step.*copy\(\)/],
    ];
    for (const [call, code, message] of refused) {
      const error = await failure(call);
      expect(error.code).toBe(code);
      expect(error.message).toMatch(message);
    }
    const running = step.repeat(3, x[0]);
    await Promise.resolve();
    expect((await failure(() => step.encode(again, x[0]))).code).toBe("busy");
    await running;
  });
});

describe("a budget for each frame", () => {
  it("bounds what one submit takes, waits for the next frame, and changes no result", async () => {
    const run = async (budgetMs?: number) => {
      const w = gpu.state(new Float32Array(256 * 256).fill(1 / 256), [256, 256]);
      const step = await gpu.compile(() => assign(w, w.matmul(w)));
      const waits: number[] = [];
      const real = globalThis.requestAnimationFrame;
      let last = performance.now();
      globalThis.requestAnimationFrame = (callback) => {
        waits.push(performance.now() - last);
        last = performance.now();
        setTimeout(() => callback(last), 1);
        return 0;
      };
      try {
        await step.repeat(12, ...(budgetMs === undefined ? [] : [{ budgetMs }]));
      } finally {
        globalThis.requestAnimationFrame = real;
      }
      const values = await valuesOf(w);
      step.dispose();
      w.dispose();
      return { values, frames: waits.length };
    };
    const [free, bound] = [await run(), await run(0.01)];
    expect(bound.values).toEqual(free.values);
    expect([free.frames, bound.frames]).toEqual([0, 12]);
    const { frames } = await run(10_000);
    expect(frames).toBeLessThan(12);
  });
});
