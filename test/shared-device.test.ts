import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { globals } from "webgpu";
import { assign, type Gpu, grad, linalg, matmul, openGpu, random, sum, type Tensor } from "../src/index.ts";
import { dawnWith, failure, opener } from "./helpers.ts";

// The engine and other code on one device: neither hears of the other's mistakes, and tensors of other engines and buffers of
// the app's own are used where they lie.

Object.defineProperties(globalThis, Object.getOwnPropertyDescriptors(globals));
const dawn = dawnWith();
const open = opener();

let device: GPUDevice;
let gpu: Gpu;
/** What the app's own listener heard. */
const heard: { message: string; prevented: boolean }[] = [];

beforeAll(async () => {
  device = await (await dawn.requestAdapter())!.requestDevice();
  device.addEventListener("uncapturederror", (event) => {
    heard.push({ message: event.error.message, prevented: event.defaultPrevented });
    // so that Node does not print it
    event.preventDefault();
  });
  gpu = await openGpu({ device });
});
afterAll(() => {
  gpu.dispose();
  device.destroy();
});

const STORAGE = () => GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
const valuesOf = async (x: Tensor): Promise<number[]> => [...(await x.read())];

/** A mistake of the app: a write past the end of its own buffer. */
function blunder(): void {
  const own = device.createBuffer({ label: "the app's", size: 16, usage: GPUBufferUsage.COPY_DST });
  device.queue.writeBuffer(own, 12, new Float32Array(4));
  own.destroy();
}

describe("a mistake of the app's own", () => {
  const w = () => gpu.state([1, 2, 3]);
  const calls: [name: string, call: () => Promise<unknown>][] = [
    ["read", () => gpu.tensor([1, 2]).mul(3).read()],
    ["copy", () => gpu.tensor([1, 2]).copy()],
    ["evaluate", () => gpu.evaluate([gpu.tensor([1, 2]).mul(4)])],
    ["idle", () => gpu.idle()],
    ["compile", () => gpu.compile((x) => x.mul(5), gpu.tensor([1]))],
    [
      "a training step",
      async () => {
        const p = w();
        const step = await gpu.compile(() => {
          const loss = sum(p.mul(p));
          const [dp] = grad(loss, [p]);
          assign(p, p.sub(dp.mul(0.1)));
          return loss;
        });
        for (let k = 0; k < 3; k++) {
          blunder();
          await (await step.run()).item();
        }
        blunder();
        await step.repeat(50);
      },
    ],
  ];

  it.each(calls)("neither rejects %s nor is hidden", async (_name, call) => {
    const before = heard.length;
    blunder();
    const work = call();
    blunder();
    await work;
    blunder();
    await device.queue.onSubmittedWorkDone();
    const own = heard.slice(before);
    expect(own.length).toBeGreaterThanOrEqual(3);
    expect(own.every(({ message, prevented }) => message.includes("the app's") && !prevented)).toBe(true);
  });

  it("is heard by the app alone on a device that the engine opened, too", async () => {
    const owner = await open();
    const errors: string[] = [];
    owner.device.addEventListener("uncapturederror", (event) => {
      errors.push(event.error.message);
      event.preventDefault();
    });
    owner.device.createBuffer({ label: "wrong usage", size: 16, usage: 0xffff }).destroy();
    expect(await valuesOf(owner.tensor([1, 2]).mul(2))).toEqual([2, 4]);
    await owner.device.queue.onSubmittedWorkDone();
    expect(errors).toHaveLength(1);
  });
});

describe("a mistake in the engine's own calls", () => {
  it("reaches no listener of the app", async () => {
    const before = heard.length;
    const buffer = device.createBuffer({ label: "lent", size: 16, usage: STORAGE() });
    const x = gpu.fromBuffer(buffer, [4]);
    await x.read();
    buffer.destroy();
    for (const call of [() => x.read(), () => x.mul(2).read(), () => x.write([1, 2, 3, 4])]) {
      const error = await failure(async () => {
        const made: unknown = call();
        await made;
        await gpu.idle();
      });
      expect(error.message).toMatch(/lent/);
    }
    await device.queue.onSubmittedWorkDone();
    expect(heard.slice(before)).toEqual([]);
    expect(await valuesOf(gpu.tensor([1]).mul(2))).toEqual([2]);
  });
});

describe("what the device refuses of a run", () => {
  const lent = () => {
    const buffer = device.createBuffer({ label: "lent", size: 16, usage: STORAGE() });
    return { buffer, x: gpu.fromBuffer(buffer, [4]) };
  };

  it("rejects the reading of its results, and no other call", async () => {
    const { buffer, x } = lent();
    const good = gpu.tensor([9, 9]);
    await x.mul(2).read();
    buffer.destroy();
    const settled = await Promise.allSettled([good.mul(2).read(), x.mul(3).read(), good.mul(3).read()]);
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(settled[1]).toMatchObject({
      reason: { code: "argument", message: expect.stringMatching(/^read \[4\].*lent/s) },
    });
  });

  it("rejects what reads a program's results, each time", async () => {
    const { buffer, x } = lent();
    const step = await gpu.compile(() => x.mul(2));
    expect((await (await step.run()).read()).length).toBe(4);
    buffer.destroy();
    const y = await step.run();
    const uses = [() => y.read(), () => y.read(), () => y.mul(2).read(), () => gpu.evaluate([y])];
    for (const use of uses) expect((await failure(use)).message).toMatch(/^run: .*lent/s);
    expect(await valuesOf(gpu.tensor([1]).mul(2))).toEqual([2]);
    step.dispose();
  });

  it("rejects the next call where a program has no results", async () => {
    const { buffer, x } = lent();
    const total = gpu.state([0, 0, 0, 0]);
    const step = await gpu.compile(() => assign(total, total.add(x)));
    await step.run();
    buffer.destroy();
    for (const next of [() => gpu.idle(), () => total.read(), () => step.run().then(() => gpu.idle())]) {
      await step.run();
      expect((await failure(next)).message).toMatch(/^run: .*lent/s);
    }
    await gpu.idle().catch(() => {});
    expect(await valuesOf(total)).toEqual([0, 0, 0, 0]);
    step.dispose();
  });
});

describe("two engines on one device", () => {
  it("use each other's tensors, computed or not, and leave them to their owner", async () => {
    const other = await openGpu({ device });
    const before = [gpu.memory().buffers, other.memory().buffers];
    const a = gpu.tensor([1, 2, 3]);
    const b = other.tensor([10, 20, 30]);
    expect(await valuesOf(a.add(b))).toEqual([11, 22, 33]);
    expect(await valuesOf(b.mul(2).sub(a))).toEqual([19, 38, 57]);
    expect(await valuesOf(a.mul(3).add(b.mul(2)))).toEqual([23, 46, 69]);
    const step = await gpu.compile((x) => x.mul(b), a);
    expect(await valuesOf(await step.run(b))).toEqual([100, 400, 900]);
    const late = a.mul(b);
    b.dispose();
    expect(await valuesOf(late)).toEqual([10, 40, 90]);
    step.dispose();
    // one result is its own, and still held
    expect(other.memory().buffers).toBe(before[1]! + 1);
    const c = other.tensor([1]);
    const unrun = gpu.tensor([2]).add(c);
    other.dispose();
    expect((await failure(() => unrun.read())).code).toBe("disposed");
    expect(await valuesOf(a)).toEqual([1, 2, 3]);
  });
});

describe("a tensor of another device", () => {
  it("is refused by every call that takes it, and no later call is blamed", async () => {
    const elsewhere = await open();
    const far = elsewhere.tensor([
      [4, 2],
      [2, 5],
    ]);
    const near = gpu.tensor([
      [1, 2],
      [3, 4],
    ]);
    const step = await gpu.compile((x) => x.mul(2), near);
    const w = gpu.state([
      [1, 2],
      [3, 4],
    ]);
    const { adam, Dataset, VAE, Gaussian, concat, where } = await import("../src/index.ts");
    const vae = new VAE(gpu, { image: [1, 1, 2], hidden: 2, latent: 1 });
    const gaussian = await Gaussian.fit(
      gpu.tensor([
        [1, 2],
        [2, 1],
        [0, 4],
        [5, 5],
      ]),
    );
    const calls: { readonly [name: string]: () => unknown } = {
      add: () => near.add(far),
      matmul: () => matmul(near, far),
      concat: () => concat([near, far], 0),
      where: () => where(near, near, far),
      run: () => step.run(far),
      repeat: () => step.repeat(3, far),
      encode: () => step.encode(device.createCommandEncoder(), far),
      "compile, example": () => gpu.compile((x) => x.mul(2), far),
      "compile, captured": () => gpu.compile(() => far.mul(2)),
      evaluate: () => gpu.evaluate([far.mul(2)]),
      grad: () => grad(sum(near.mul(near)), [far]),
      write: () => w.write(far),
      adam: () => adam(gpu, [elsewhere.state([1])]),
      "random, step": () => random.normal(gpu, [4], { seed: 1, step: elsewhere.tensor(Uint32Array.of(1)) }).read(),
      solveTriangular: () => linalg.solveTriangular(near, far),
      "Dataset.from": () => Dataset.from(gpu, far),
      "vae.encode": () => vae.encode(far),
      "vae.elbo": () => vae.elbo(far),
      "vae.fit": () => vae.fit(Dataset.from(elsewhere, far.div(10), [2, 1, 1, 2]), { epochs: 1 }),
      "gaussian.logProb": () => gaussian.logProb(far),
    };
    for (const [name, call] of Object.entries(calls)) {
      const error = await failure(call).catch((cause: Error) => ({ code: `${name}: ${cause.message}` }));
      expect([name, error.code]).toEqual([name, "wrong-device"]);
      expect(await valuesOf(near.mul(2))).toEqual([2, 4, 6, 8]);
    }
    expect(await valuesOf(far)).toEqual([4, 2, 2, 5]);
  });
});

describe("fromBuffer", () => {
  it("refuses a mapped buffer at once; another device's and a destroyed one by name at their first use", async () => {
    const mapped = device.createBuffer({ label: "mapped one", size: 16, usage: STORAGE(), mappedAtCreation: true });
    const early = await failure(() => gpu.fromBuffer(mapped, [4]));
    expect([early.code, early.message]).toEqual([
      "argument",
      'fromBuffer: the buffer "mapped one" is mapped. Call unmap() first.',
    ]);
    const far = (await open()).device.createBuffer({ label: "far one", size: 16, usage: STORAGE() });
    const gone = device.createBuffer({ label: "gone one", size: 16, usage: STORAGE() });
    gone.destroy();
    const step = await gpu.compile((x) => x.mul(2), gpu.tensor([1, 2, 3, 4]));
    const uses: ((x: Tensor<"f32">) => unknown)[] = [
      (x) => x.read(),
      (x) => x.mul(2).read(),
      (x) => step.run(x),
      (x) => gpu.compile(() => x.mul(2)),
    ];
    for (const use of uses)
      for (const [buffer, code, words] of [
        [far, "wrong-device", /"far one" belongs to another device/],
        [gone, "disposed", /"gone one" is destroyed/],
      ] as const) {
        const error = await failure(() => use(gpu.fromBuffer(buffer, [4])));
        expect(error.code).toBe(code);
        expect(error.message).toMatch(words);
        expect(await valuesOf(gpu.tensor([1]).mul(2))).toEqual([2]);
      }
    expect((await failure(() => gpu.fromBuffer({} as GPUBuffer, [4]))).message).toMatch(
      /expected a GPUBuffer; got Object/,
    );
  });

  it("takes results: by a step's assign, and by write", async () => {
    const buffer = device.createBuffer({ size: 16, usage: STORAGE() });
    const out = gpu.fromBuffer(buffer, [4]);
    const x = gpu.tensor([1, 2, 3, 4]);
    const step = await gpu.compile((input) => assign(out, input.mul(2)), x);
    await step.run(x);
    expect(await valuesOf(out)).toEqual([2, 4, 6, 8]);
    await out.write(x.add(0.5));
    expect(await valuesOf(out)).toEqual([1.5, 2.5, 3.5, 4.5]);
    out.write([9, 8, 7, 6]);
    expect(await valuesOf(gpu.fromBuffer(buffer, [2, 2]))).toEqual([9, 8, 7, 6]);
    buffer.destroy();
  });
});

describe("a place on the GPU", () => {
  it("is told by location, also of a part in order, and read by the app's own commands", async () => {
    const x = gpu.tensor(
      Float32Array.from({ length: 128 }, (_, i) => i),
      [2, 64],
    );
    const { slice } = await import("../src/index.ts");
    const part = slice(x, 0, 1, 2);
    const { buffer, offset, size } = part.location();
    expect([offset, size]).toEqual([256, 256]);
    expect(buffer).toBe(x.location().buffer);
    const computed = x.mul(2);
    expect((await failure(() => computed.location())).message).toMatch(/has not been computed yet/);
    await computed.read();
    expect(computed.location().size).toBe(512);
  });

  it("is written by write: states and their parts, in the dtype that they have", async () => {
    const w = gpu.state(new Float32Array(6), [2, 3]);
    w.write([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(await valuesOf(w)).toEqual([1, 2, 3, 4, 5, 6]);
    w.write(Float64Array.of(6, 5, 4, 3, 2, 1));
    expect(await valuesOf(w)).toEqual([6, 5, 4, 3, 2, 1]);
    await w.write(gpu.tensor([1, 1, 1, 1, 1, 1]).mul(3));
    expect(await valuesOf(w)).toEqual([3, 3, 3, 3, 3, 3]);
    const n = gpu.state(new Uint32Array(2));
    n.write([7, 8]);
    expect(await valuesOf(n)).toEqual([7, 8]);
    expect((await failure(() => w.write([1, 2]))).message).toMatch(
      /write: expected 6 values of f32 for \[2, 3\]; got 2/,
    );
    expect((await failure(() => n.write(Float32Array.of(1, 2)))).code).toBe("shape");
    for (const fixed of [gpu.tensor([1]), gpu.tensor([1]).mul(2)])
      expect((await failure(() => fixed.write([2]))).message).toMatch(/expected a tensor made by gpu\.state/);
  });

  it("is filled by full, zeros, ones and arange, and shown in one line", async () => {
    expect(await valuesOf(gpu.full([2, 2], 1.5))).toEqual([1.5, 1.5, 1.5, 1.5]);
    expect(await valuesOf(gpu.zeros([3]).add(gpu.ones([3])))).toEqual([1, 1, 1]);
    expect(await valuesOf(gpu.arange(4))).toEqual([0, 1, 2, 3]);
    expect(gpu.full([2], 3, { dtype: "i32" }).dtype).toBe("i32");
    const { inspect } = await import("node:util");
    const x = gpu.tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect([x.toString(), inspect(x), inspect({ x })]).toEqual([
      "Tensor f32 [2, 3]",
      "Tensor f32 [2, 3]",
      "{ x: Tensor f32 [2, 3] }",
    ]);
  });
});
