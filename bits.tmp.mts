import { writeFileSync } from "node:fs";
import { openNodeGpu } from "/tmp/wt/floor/src/node.ts";
import * as all from "/tmp/wt/floor/src/index.ts";
import { loadMnistNode } from "/tmp/wt/floor/src/data/mnist-node.ts";
import { gridPicture } from "/tmp/wt/floor/src/app/job/pictures.ts";
const gpu = await openNodeGpu();
const { train, test } = await loadMnistNode();
const n = Number(process.env.N ?? 12000), epochs = Number(process.env.EPOCHS ?? 1);
const labels = train.labels.slice(0, n);
const data = all.Dataset.from(gpu, train.images.slice(0, n * 784) as any, [n, 1, 28, 28], { labels });
const held = all.Dataset.from(gpu, test.images.slice(0, 1000 * 784) as any, [1000, 1, 28, 28]);
const want = (process.env.MODELS ?? "BetaVAE,BetaTCVAE,FactorVAE").split(",");
const own: any = { VQVAE: { ema: true }, BetaVAE: { beta: 4 } };
for (const name of want) {
  const t = performance.now();
  const model = new (all as any)[name](gpu, { image: [1, 28, 28], hidden: 400, ...(own[name] ?? {latent: 20}), seed: 1 });
  const { history, dispatches } = await model.fit(data, { epochs, batch: 128, seed: 1 });
  console.log(name, ((performance.now() - t) / 1000).toFixed(0) + " s", "dispatches", dispatches, JSON.stringify(history.at(-1)));
  if (model.elbo && !["WAE", "SWAE", "RAE", "ConditionalVAE"].includes(name)) {
    const { elbo, reconstruction, kl } = model.elbo(held.slice(0, 1000), { seed: 1 });
    const m = async (x: any) => { const v = await x.read(); return v.reduce((a: number, b: number) => a + b, 0) / v.length; };
    console.log("  test reconstruction", await m(reconstruction), "kl", await m(kl));
  }
  const images = model.sample(64, name === "ConditionalVAE" ? { seed: 1, labels: Array.from({ length: 64 }, (_, i) => i % 10) } : { seed: 1 });
  const picture: any = gridPicture("x", "x", (await images.read()) as any, images.shape, 8);
  const png = picture.png ?? picture.bytes ?? picture.data ?? picture;
  const bytes = typeof png === "string" ? Buffer.from(png.split(",").at(-1)!, "base64") : png;
  writeFileSync(`/tmp/grid-${name}.png`, bytes);
  model.dispose();
}
gpu.dispose();
