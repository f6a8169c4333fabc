import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gpu } from "../src/index.ts";
import { meanDiscrepancy } from "../src/models/latent/discrepancy.ts";
import { gammaKl, implicitSlope } from "../src/models/latent/gamma.ts";
import { merged } from "../src/models/latent/ladder.ts";
import { continuousBernoulli } from "../src/models/latent/likelihood/continuousBernoulli.ts";
import { logCosh } from "../src/models/latent/likelihood/logCosh.ts";
import { movedCodebook, type Quantised } from "../src/models/latent/codebook.ts";
import { normal } from "../src/models/latent/normal.ts";
import * as family from "../src/models/family/index.ts";
import { caseOf, functions, near, tensorOf, valuesOf } from "./oracles/family.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const average = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

describe("functions of the family equal float64", () => {
  const vector = (values: readonly number[], shape?: number[]) => gpu.tensor(Float32Array.from(values), shape);

  it("continuous Bernoulli: normaliser and mean", async () => {
    const { logits, logNormaliser, mean } = functions.continuousBernoulli!;
    const at = continuousBernoulli().at(vector(logits!, [logits!.length, 1]));
    near(await at.mean.read(), mean!);
    // log p(0|o) = −softplus(o) + log C(o)
    const softplus = logits!.map((o) => Math.max(o, 0) + Math.log1p(Math.exp(-Math.abs(o))));
    near(
      Array.from(await at.logProb(gpu.zeros([logits!.length, 1])).read(), (value, i) => value + softplus[i]!),
      logNormaliser!,
    );
  });

  it("continuous Bernoulli: draws have its mean", async () => {
    for (const o of [-30, -1, 0, 0.0005, 4]) {
      const at = continuousBernoulli().at(gpu.full([20_000, 1], o));
      const drawn = (await at.draw({ seed: 1, name: "pixels" }).read()) as Float32Array;
      expect(drawn.every((v) => v >= 0 && v <= 1)).toBe(true);
      const [mean] = await at.mean.read();
      // the variance is at most 1/12: four standard errors
      expect(Math.abs(average(drawn) - mean!)).toBeLessThan(4 * Math.sqrt(1 / 12 / 20_000));
    }
  });

  it("Gamma: divergence and the implicit derivative of a draw", async () => {
    const { shape, rate, priorShape, priorRate, kl } = functions.gammaKl!;
    for (const [i, value] of kl!.entries())
      near(
        await gammaKl(
          vector([shape![i]!], [1, 1]),
          vector([rate![i]!], [1, 1]),
          priorShape![i]!,
          priorRate![i]!,
        ).read(),
        [value],
      );
    const implicit = functions.gammaImplicit!;
    near(
      await implicitSlope(vector(implicit.shape!), vector(implicit.sample!)).read(),
      implicit["dSample/dShape"]!,
      1e-4,
    );
  });

  it("log cosh: values and normaliser", async () => {
    for (const { alpha, t, value, logNormaliser } of functions.logCosh as unknown as {
      alpha: number;
      t: number[];
      value: number[];
      logNormaliser: number;
    }[]) {
      const found = logCosh({ alpha })
        .at(gpu.zeros([t.length, 1]))
        .logProb(vector(t, [t.length, 1]));
      near(
        await found.read(),
        value.map((v) => -v - logNormaliser),
      );
    }
  });

  it("log cosh: a density, whose draws have its spread", async () => {
    const density = logCosh({ alpha: 3 });
    const steps = 4001;
    const t = Float32Array.from({ length: steps }, (_, i) => (i - 2000) / 100);
    const logs = (await density
      .at(gpu.zeros([steps, 1]))
      .logProb(gpu.tensor(t, [steps, 1]))
      .read()) as Float32Array;
    expect(average(logs.map(Math.exp)) * steps * 0.01).toBeCloseTo(1, 4);
    const second = logs.reduce((sum, value, i) => sum + Math.exp(value) * t[i]! ** 2 * 0.01, 0);
    const drawn = await density
      .at(gpu.zeros([40_000, 1]))
      .draw({ seed: 5, name: "pixels" })
      .read();
    expect(Math.abs(average(drawn.map((v) => v * v)) / second - 1)).toBeLessThan(0.06);
    expect(Math.abs(average(drawn))).toBeLessThan(4 * Math.sqrt(second / 40_000));
  });

  it("the ladder's merge", async () => {
    const { mean, logVar, priorMean, priorLogVar, mergedMean, mergedLogVar } = functions.ladderMerge!;
    const row = (values: readonly number[]) => vector(values, [1, values.length]);
    const found = merged(normal(row(mean!), row(logVar!)), normal(row(priorMean!), row(priorLogVar!)));
    near(await found.mean.read(), mergedMean!);
    near(await found.logVar.read(), mergedLogVar!);
  });

  it("the mean discrepancy", async () => {
    const { a, b, rbf, imq, imqOneScale } = functions.mmd as unknown as {
      [name: string]: number[][] & number;
    };
    const sets = [gpu.tensor(a!), gpu.tensor(b!)] as const;
    const scales = [0.1, 0.2, 0.5, 1, 2, 5, 10];
    for (const [options, value] of [
      [{ kernel: "rbf", bandwidth: 1, scales }, rbf],
      [{ kernel: "imq", bandwidth: 1, scales }, imq],
      [{ kernel: "imq", bandwidth: 1, scales: [1] }, imqOneScale],
    ] as const)
      near([await meanDiscrepancy(...sets, options).item()], [value!]);
  });
});

describe("what a step moves besides its loss", () => {
  const { input, buffers, parameters, extra, image, hidden, options } = caseOf("vq-ema");
  const made = (own: object) => {
    const model = new family.VQVAE(gpu, { image, hidden, ...options, ...own });
    for (const [name, values] of Object.entries(parameters)) model.parameters[name]!.write(valuesOf(values));
    for (const [name, values] of Object.entries(buffers!)) model.buffers[name]!.write(valuesOf(values));
    return model;
  };
  const expected = extra as unknown as { readonly [when: string]: { readonly [name: string]: readonly number[] } };

  it("a codebook follows its codes, and dead entries become codes of the batch", async () => {
    using model = made({});
    const { "codebook.weight": weight, "codebook.count": count, "codebook.sum": sum } = model.buffers;
    const q = model.encode(tensorOf(gpu, input.x)) as Quantised;
    const next = movedCodebook({ weight: weight!, count: count!, sum: sum! }, q, model.options, {
      seed: 0,
      given: tensorOf(gpu, input.noise!.reset!),
    });
    for (const name of ["weight", "count", "sum"] as const)
      near(await next[name].read(), expected.afterReset![`codebook.${name}`]!.flat());
  });

  it("a fit does so after the step that used the old codebook", async () => {
    using model = made({ deadBelow: 0 });
    await model.fit(valuesOf(input.x), { epochs: 1, batch: 4, learningRate: 0 });
    for (const name of ["weight", "count", "sum"])
      near(await model.buffers[`codebook.${name}`]!.read(), expected.afterUpdate![`codebook.${name}`]!.flat());
  });

  it("a discriminator moves in the same step, by its own loss and rate, and the rest by theirs", async () => {
    const pixels = Float32Array.from({ length: 8 * 6 }, (_, i) => ((i * 7) % 11) / 11);
    for (const [learningRate, encoderMoves] of [
      [0, false],
      [1e-3, true],
    ] as const) {
      using model = new family.FactorVAE(gpu, { image: [1, 2, 3], hidden: 5, latent: 3, discriminatorHidden: [4] });
      const before = await Promise.all(Object.values(model.parameters).map((t) => t.read()));
      await model.fit(pixels, { epochs: 1, batch: 8, learningRate });
      for (const [i, [name, tensor]] of Object.entries(model.parameters).entries()) {
        const moved = (await tensor.read()).some((value, k) => value !== before[i]![k]);
        expect([name, moved]).toEqual([name, name.startsWith("discriminator.") || encoderMoves]);
      }
    }
  });
});
