import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  adam,
  adamW,
  assign,
  AutoEncoder,
  dropout,
  Gaussian,
  GaussianMixture,
  type Gpu,
  grad,
  random,
  sgd,
  sum,
  type Tensor,
  VAE,
  where,
} from "../src/index.ts";
import { failure, openShared } from "./helpers.ts";

// No object moves or overwrites what another one counts on: parameters that several optimisers, models or passes of the app use.

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const valuesOf = async (x: Tensor): Promise<number[]> => [...(await x.read())];
const images = Float32Array.from({ length: 8 * 16 }, (_, i) => ((i * 37) % 101) / 101);

describe("a model's parameter in an optimiser of one's own", () => {
  it("moves in the model, and goes on moving in the model's fit", async () => {
    const vae = new VAE(gpu, { image: [1, 4, 4], hidden: 6, latent: 2 });
    const p = vae.parameters["fc4.weight"]!;
    const start = await valuesOf(p);
    const x = gpu.tensor(images, [8, 1, 4, 4]);
    const optimiser = adam(gpu, [p], { learningRate: 0.01 });
    const step = await gpu.compile(() => {
      const { elbo } = vae.elbo(x);
      const loss = sum(elbo).neg();
      optimiser.update(grad(loss, [p]));
      return loss;
    });
    const losses: number[] = [];
    for (let k = 0; k < 5; k++) losses.push(await (await step.run()).item());
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    const own = await valuesOf(p);
    expect(own).not.toEqual(start);
    await vae.fit(images, { epochs: 1, batch: 4 });
    const fitted = await valuesOf(p);
    expect(fitted.every((v, i) => v !== own[i])).toBe(true);
    // and what the model computes with is the parameter itself
    p.write(new Float32Array(p.size));
    vae.parameters["fc4.bias"]!.write(new Float32Array(16));
    expect(new Set(await valuesOf(vae.sample(2)))).toEqual(new Set([0.5]));
    for (const owner of [step, optimiser, vae, x]) owner.dispose();
  });

  it("may be a part of one: gradients reach it, and its neighbours stay", async () => {
    const vae = new VAE(gpu, { image: [1, 4, 4], hidden: 64, latent: 2 });
    const [mean, logVar] = [vae.parameters["fc21.weight"]!, vae.parameters["fc22.weight"]!];
    const x = gpu.tensor(images, [8, 1, 4, 4]);
    const loss = sum(vae.encode(x).mean);
    const [dMean, dLogVar] = grad(loss, [mean, logVar]);
    const [a, b] = [await valuesOf(dMean), await valuesOf(dLogVar)];
    expect(a.some((v) => v !== 0)).toBe(true);
    expect(new Set(b)).toEqual(new Set([0]));
    const before = [await valuesOf(mean), await valuesOf(logVar)];
    const optimiser = sgd(gpu, [mean], { learningRate: 0.5 });
    const step = await gpu.compile(() => optimiser.update(grad(sum(vae.encode(x).mean), [mean])));
    await step.run();
    const after = await valuesOf(mean);
    for (const [i, v] of after.entries()) expect(v).toBeCloseTo(before[0]![i]! - 0.5 * a[i]!, 4);
    expect(await valuesOf(logVar)).toEqual(before[1]);
    for (const owner of [step, optimiser, vae, x]) owner.dispose();
  });
});

describe("parameters that are in use", () => {
  const makers = {
    adam: (p: readonly Tensor[]) => adam(gpu, p, { learningRate: 0.1, weightDecay: 0.01 }),
    "adam, clipped": (p: readonly Tensor[]) => adam(gpu, p, { learningRate: 0.1, clipNorm: 0.5 }),
    adamW: (p: readonly Tensor[]) => adamW(gpu, p, { learningRate: (step) => step.mul(0.01).add(0.05) }),
    sgd: (p: readonly Tensor[]) => sgd(gpu, p, { learningRate: 0.1, momentum: 0.9, weightDecay: 0.01 }),
    nesterov: (p: readonly Tensor[]) => sgd(gpu, p, { learningRate: 0.1, momentum: 0.9, nesterov: true, clipNorm: 1 }),
  };

  it.each(Object.entries(makers))("are updated where they lie as new ones are: %s", async (_name, make) => {
    const initial = [
      [1, -2, 3],
      [0.5, 4],
    ];
    const run = async (used: boolean): Promise<number[]> => {
      const parameters = initial.map((values) => gpu.state(values));
      const places = used ? parameters.map((p) => p.location()) : [];
      const optimiser = make(parameters);
      const step = await gpu.compile(() => {
        const [p, q] = parameters as [Tensor, Tensor];
        const loss = sum(p.mul(p)).add(sum(q.mul(q).mul(q)));
        optimiser.update(grad(loss, [p, q]), { loss });
        return loss;
      });
      for (let k = 0; k < 6; k++) await step.run();
      for (const [i, place] of places.entries()) expect(parameters[i]!.location()).toEqual(place);
      // neighbours in one dispatch, all others in one each, and the counters
      const updates = step
        .explain()
        .split("\n")
        .filter((line) => /(adam|sgd)\.update/.test(line));
      expect(updates).toHaveLength(used ? 2 : 1);
      const values = (await Promise.all(parameters.map(valuesOf))).flat();
      for (const owner of [step, optimiser]) owner.dispose();
      return values;
    };
    const [fresh, used] = [await run(false), await run(true)];
    // the same kernel: four elements at a time or one, the norm in one sum or two
    for (const [i, v] of used.entries()) expect(Math.abs(v - fresh[i]!)).toBeLessThanOrEqual(2e-6 * (1 + Math.abs(v)));
  });

  it("stop where the loss is no number, like new ones", async () => {
    const p = gpu.state([1, 2]);
    p.location();
    const scale = gpu.state([1]);
    const optimiser = adam(gpu, [p], { learningRate: 0.1 });
    const step = await gpu.compile(() => {
      const loss = sum(p.mul(p).mul(scale));
      optimiser.update(grad(loss, [p]), { loss });
    });
    await step.run();
    const before = await valuesOf(p);
    scale.write([NaN]);
    await step.repeat(3);
    expect(await valuesOf(p)).toEqual(before);
  });

  it("keep earlier views, captured places and other optimisers", async () => {
    const p = gpu.state([1, 2, 3, 4]);
    const look = p.reshape([2, 2]);
    await look.mul(2).read();
    const first = adam(gpu, [p]);
    const q = gpu.state([5]);
    const second = sgd(gpu, [p, q], { learningRate: 1 });
    const step = await gpu.compile(() => second.update(grad(sum(p).add(sum(q)), [p, q])));
    await step.run();
    expect(await valuesOf(p)).toEqual([0, 1, 2, 3]);
    expect(await valuesOf(look)).toEqual([0, 1, 2, 3]);
    expect(await valuesOf(q)).toEqual([4]);
    for (const owner of [step, first, second]) owner.dispose();
  });

  it("are refused where they are no states, twice the same, or no list", async () => {
    const p = gpu.state([1]);
    for (const wrong of [
      [gpu.tensor([1])],
      [p.mul(2)],
      [p, p],
      [],
      p as unknown as Tensor[],
      [gpu.state([1], { dtype: "i32" })],
    ])
      expect((await failure(() => adam(gpu, wrong))).code).toBe("argument");
  });
});

describe("what a run returns", () => {
  it("is a handle of that run: the next one ends it, whatever has been recorded from it", async () => {
    const x = [gpu.tensor([1, 2]), gpu.tensor([10, 20])] as const;
    const step = await gpu.compile((input) => input.mul(3), x[0]);
    const a = await step.run(x[0]);
    expect(await valuesOf(a)).toEqual([3, 6]);
    const kept = await a.copy();
    const late = a.add(1);
    const reading = a.read();
    const b = await step.run(x[1]);
    expect([...(await reading)]).toEqual([3, 6]);
    expect(await valuesOf(b)).toEqual([30, 60]);
    for (const use of [() => a.read(), () => late.read(), () => a.mul(2), () => a.location(), () => step.run(a)]) {
      const error = await failure(use);
      expect(error.code).toBe("disposed");
      expect(error.message).toMatch(/copy\(\)/);
    }
    expect(await valuesOf(kept)).toEqual([3, 6]);
    // fed back, it is read before it ends
    const c = await step.run(b);
    expect(await valuesOf(c)).toEqual([90, 180]);
    const [d, e] = await Promise.all([step.run(x[0]), step.run(x[1])]);
    expect((await failure(() => d.read())).code).toBe("disposed");
    expect(await valuesOf(e)).toEqual([30, 60]);
    const other = await gpu.compile(() => e.mul(2));
    expect(await valuesOf(await other.run())).toEqual([60, 120]);
    await step.run(x[0]);
    expect((await failure(() => other.run())).code).toBe("disposed");
    step.dispose();
    other.dispose();
  });
});

describe("a loss that has been read", () => {
  it("is differentiated as one that has not", async () => {
    const x = gpu.tensor([1, 2, 3]);
    const w = gpu.state([2, 2, 2]);
    const hidden = x.mul(w).exp();
    const loss = sum(hidden.mul(x));
    const fresh = grad(sum(x.mul(w).exp().mul(x)), [w, x]);
    const expected = [await valuesOf(fresh[0]), await valuesOf(fresh[1])];
    await hidden.read();
    await loss.read();
    const [dw, dx] = grad(loss, [w, x]);
    expect([await valuesOf(dw), await valuesOf(dx)]).toEqual(expected);
    const [again] = grad(sum(dw), [w]);
    expect((await valuesOf(again)).every((v) => v > 0)).toBe(true);
    // what was recorded before a dispose() still runs
    const [late] = grad(loss, [w]);
    x.dispose();
    expect(await valuesOf(late)).toEqual(expected[0]);
    expect((await failure(() => grad(loss, [w]))).message).toMatch(/Call grad before that/);
  });

  it("is refused once a state that it came from has changed", async () => {
    const w = gpu.state([2, 3]);
    const loss = sum(w.mul(w));
    const step = await gpu.compile(() => assign(w, w.add(1)));
    await loss.read();
    expect(await valuesOf(grad(loss, [w])[0])).toEqual([4, 6]);
    w.write([1, 1]);
    expect((await failure(() => grad(loss, [w]))).code).toBe("argument");
    const second = sum(w.mul(w));
    await second.read();
    await step.run();
    expect((await failure(() => grad(second, [w]))).code).toBe("argument");
  });

  it("keeps nothing of its inputs alive: a long loop grows no chain, whether these are disposed or dropped", async () => {
    const { setFlagsFromString } = await import("node:v8");
    const { runInNewContext } = await import("node:vm");
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const settle = async () => {
      for (let k = 0; k < 4; k++) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        gc();
      }
    };
    for (const disposes of [true, false]) {
      let x: Tensor = gpu.tensor([1, 2, 3]);
      const seen: WeakRef<Tensor>[] = [];
      for (let k = 0; k < 60; k++) {
        const next = x.mul(0.9).add(0.1);
        await next.read();
        if (disposes) x.dispose();
        seen.push(new WeakRef(x));
        x = next;
      }
      await settle();
      expect(seen.filter((ref) => ref.deref()).length).toBeLessThanOrEqual(3);
      if (!disposes) expect(await valuesOf(grad(sum(x.mul(x)), [x])[0])).toHaveLength(3);
      x.dispose();
    }
  });
});

describe("whatever draws", () => {
  it("takes a step, a number or a tensor: in a compiled step new numbers each run, the same ones as outside", async () => {
    const rows = gpu.tensor(images, [32, 4]);
    const vae = new VAE(gpu, { image: [1, 4, 4], hidden: 6, latent: 2, likelihood: "gaussian" });
    const coder = new AutoEncoder(gpu, { image: [1, 4, 4], hidden: 6, latent: 2 });
    await coder.fit(images, { epochs: 1 });
    const gaussian = await Gaussian.fit(rows);
    const x = gpu.tensor(images, [8, 16]);
    const logits = gpu.tensor([0.1, 0.2, 0.3]);
    const draws: { [name: string]: (draw: { seed: number; step?: Tensor | number }) => Tensor } = {
      "random.normal": (draw) => random.normal(gpu, [8], draw),
      "random.categorical": (draw) => random.categorical(gpu, logits, [32], draw),
      dropout: (draw) => dropout(x, { p: 0.5, ...draw }),
      "gaussian.sample": (draw) => gaussian.sample(8, draw),
      "vae.elbo": (draw) => vae.elbo(x, draw).elbo,
      "vae.logProb": (draw) => vae.logProb(x, { samples: 3, ...draw }),
      "vae.sample, drawn": (draw) => vae.sample(3, { draw: true, ...draw }),
      "autoEncoder.sample, drawn": (draw) => coder.sample(3, { draw: true, ...draw }),
    };
    for (const covariance of ["full", "diag"] as const) {
      const mixture = await GaussianMixture.fit(rows, {
        components: 3,
        covariance,
        seed: 1,
        maxIterations: 2,
        regularization: 0.01,
      });
      draws[`mixture.sample, ${covariance}`] = (draw) => mixture.sample(24, draw);
    }
    const at = gpu.state(Uint32Array.of(0), []);
    for (const [name, draw] of Object.entries(draws)) {
      at.write([0]);
      const step = await gpu.compile(() => {
        assign(at, at.add(1));
        return draw({ seed: 7, step: at });
      });
      const runs: number[][] = [];
      for (let k = 0; k < 3; k++) runs.push(await valuesOf(await step.run()));
      expect([name, new Set(runs.map(String)).size]).toEqual([name, 3]);
      const numbers = [undefined, 1, 2].map((k) => draw({ seed: 7, ...(k === undefined ? {} : { step: k }) }));
      for (const [k, tensor] of numbers.entries())
        for (const [i, v] of (await valuesOf(tensor)).entries())
          expect([name, Math.abs(v - runs[k]![i]!) <= 1e-5 * (1 + Math.abs(v))]).toEqual([name, true]);
      const error = await failure(() => draw({ seed: 7, step: -1 }));
      expect([name, error.code]).toEqual([name, "argument"]);
      step.dispose();
    }
  });
});

describe("a state that two updates read", () => {
  it("is overwritten after the other's map, which reads it within an expression", async () => {
    const [s, w] = [gpu.state([1, 2, 3, 4]), gpu.state([5, 6, 7, 8])];
    const mask = gpu.tensor([true, false, false, true], { dtype: "bool" });
    const step = await gpu.compile(() => {
      const next = s.mul(0.5).add(1);
      assign(s, where(mask, 9, next));
      assign(w, where(mask, w, next.div(2)));
    });
    await step.run();
    expect([await valuesOf(s), await valuesOf(w)]).toEqual([
      [9, 2, 2.5, 9],
      [5, 1, 1.25, 8],
    ]);
  });
});
