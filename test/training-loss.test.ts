import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { permutation } from "../src/data/philox.ts";
import { streamOf } from "../src/data/streams.ts";
import { parseSafetensors } from "../src/formats/safetensors.ts";
import type { Tensor } from "../src/index.ts";
import { AutoEncoder, VAE } from "../src/models/family/index.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { blobs, small } from "./oracles/blobs.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const values = async (x: Tensor) => [...((await x.read()) as Float32Array)];

describe("the training loss, in float64 at given noise", () => {
  const n = 6;
  const x = Float64Array.from(blobs(n), (v) => v / 255);

  /** y = x · wᵀ + b of rows, with ReLU where asked. */
  const linear = (rows: Float64Array, inputs: number, w: ArrayLike<number>, b: ArrayLike<number>, relu: boolean) => {
    const outputs = b.length;
    return Float64Array.from({ length: (rows.length / inputs) * outputs }, (_, at) => {
      const [r, o] = [Math.floor(at / outputs), at % outputs];
      let total = b[o]!;
      for (let i = 0; i < inputs; i++) total += w[o * inputs + i]! * rows[r * inputs + i]!;
      return relu ? Math.max(0, total) : total;
    });
  };

  it.each([0.5, 1, 3])("of the VAE is beta · KL − reconstruction, and −mean(elbo): beta %s", async (beta) => {
    using vae = new VAE(gpu, { ...small, beta, seed: 2 });
    const { tensors } = parseSafetensors(await vae.save());
    const of = (name: string) => tensors.get(name)!.data as Float32Array;
    const latent = of("fc21.bias").length;
    const noise = Float32Array.from({ length: n * latent }, (_, i) => Math.sin(3 + 2 * i));
    const layer = (rows: Float64Array, name: string, relu = false) =>
      linear(rows, tensors.get(`${name}.weight`)!.shape[1]!, of(`${name}.weight`), of(`${name}.bias`), relu);
    const hidden = layer(x, "fc1", true);
    const [mu, l] = [layer(hidden, "fc21"), layer(hidden, "fc22")];
    const z = mu.map((m, i) => m + Math.exp(l[i]! / 2) * noise[i]!);
    const logits = layer(layer(z, "fc3", true), "fc4");
    const logLikelihood =
      logits.reduce((s, o, i) => s + x[i]! * o - (Math.max(0, o) + Math.log1p(Math.exp(-Math.abs(o)))), 0) / n;
    const kl = mu.reduce((s, m, i) => s + 0.5 * (m * m + Math.exp(l[i]!) - 1 - l[i]!), 0) / n;
    const terms = vae.terms(gpu.tensor(Float32Array.from(x), [n, 1, 8, 8]), {
      noise: gpu.tensor(noise, [n, latent]),
      count: 50,
    });
    const near = (found: number, expected: number) => expect(Math.abs(found / expected - 1)).toBeLessThan(1e-5);
    near(await terms.loss.item(), beta * kl - logLikelihood);
    near(await terms.kl!.item(), kl);
    near(await terms.reconstruction!.item(), logLikelihood);
    const { elbo } = vae.elbo(gpu.tensor(Float32Array.from(x), [n, 1, 8, 8]), {
      noise: gpu.tensor(noise, [n, latent]),
    });
    near(-(await elbo.mean().item()), beta * kl - logLikelihood);
    // what fit minimises is that: at rate 0 the first epoch's loss is the terms' at its own draws
    const { history } = await vae.fit(Uint8Array.from(blobs(n)), { epochs: 1, batch: n, learningRate: 0, seed: 4 });
    const order = permutation(n, { seed: 4, stream: streamOf("order"), step: 0 });
    const rows = Float32Array.from([...order].flatMap((r) => [...x.subarray(64 * r, 64 * r + 64)]));
    near(history[0]!.loss, await vae.terms(gpu.tensor(rows, [n, 1, 8, 8]), { seed: 4, step: 0, count: n }).loss.item());
  });

  it("of the auto-encoder is minus the mean log-likelihood", async () => {
    using model = new AutoEncoder(gpu, { ...small, seed: 2 });
    const t = gpu.tensor(Float32Array.from(x), [n, 1, 8, 8]);
    const own = await values(model.logProb(t));
    const { loss } = model.terms(t);
    expect(await loss.item()).toBeCloseTo(-own.reduce((s, v) => s + v, 0) / n, 3);
  });
});
