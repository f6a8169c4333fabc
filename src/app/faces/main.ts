import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { encodePng, imageGrid } from "../../formats/png.ts";
import { bitsPerDim } from "../../metrics/logLikelihood.ts";
import { openNodeGpu, writeFileWhole } from "../../node.ts";
import { checkModels, type PresetRequest, standingReport } from "../presets.ts";
import { pollOnceAMillisecond } from "../command/poll.ts";
import { LEVEL } from "../job/pixels.ts";
import { seldom } from "../seldom.ts";
import { storedAvatars } from "./avatars.ts";
import { type FaceContext, faceContext } from "./context.ts";
import { type FaceModel, faceModels } from "./models.ts";
import type { FaceReport, FaceRow } from "./report.ts";
import { scoresOf, SIZE, THRESHOLD } from "./scores.ts";
import { facePresets, type FaceSettings } from "./settings.ts";
import { markdown } from "./table.ts";

/** Images of a picture: columns and rows. */
const [COLUMNS, ROWS] = [8, 4];

/**
 * Fits models to drawn faces, judges their samples, and writes report, table and pictures. Returns the report and the table. Where the report that stands is of
 * the same settings, seed and adapter, it keeps its rows of models that are not asked for.
 */
export async function faces(
  request: PresetRequest<FaceSettings>,
): Promise<{ readonly report: FaceReport; readonly table: string }> {
  const { preset, seed, out, store, signal, tell } = request;
  const settings = { ...facePresets[preset], ...request.settings };
  const names = Object.keys(faceModels);
  const { models = names } = request;
  checkModels("faces", models, names);
  const { width, trainImages, testImages } = settings;
  const folder = join(dirname(out), "faces");
  mkdirSync(folder, { recursive: true });
  tell(`drawing ${trainImages + testImages} avatars`);
  const images = await storedAvatars(store, trainImages + testImages, width, signal);
  pollOnceAMillisecond();
  const gpu = await openNodeGpu();
  try {
    tell(`adapter ${gpu.info.description}${gpu.info.software ? ", software" : ""}; preset ${preset}, seed ${seed}`);
    const context = await faceContext(gpu, images, settings, seed, signal);
    const picture = async (name: string, values: Float32Array): Promise<void> => {
      const shape = [values.length / (3 * width * width), 3, width, width];
      await writeFileWhole(join(folder, `${name}.png`), encodePng(imageGrid(values, shape, { columns: COLUMNS })));
    };
    using some = context.test.slice(0, Math.min(COLUMNS * ROWS, context.test.count));
    await picture("real", (await some.read()) as Float32Array);
    const real = await scoresOf(context, context.test);
    const shuffled = await scoresOf(context, context.shuffled);
    tell(
      `faces found by BlazeFace: ${real.blazeFace.value} of real images, ${shuffled.blazeFace.value} in shuffled tiles`,
    );
    const standing = standingReport<FaceReport>(out);
    const stands =
      standing?.seed === seed &&
      standing.adapter === gpu.info.description &&
      JSON.stringify(standing.settings) === JSON.stringify(settings);
    const rows = new Map((stands ? standing.rows : []).map((row) => [row.model, row]));
    for (const name of models) rows.delete(name);
    const reported = (): FaceReport => ({
      schema: 1,
      tool: "latentgpu",
      preset,
      seed,
      adapter: gpu.info.description,
      software: gpu.info.software,
      data: "avatars of DiceBear's style micah (design: Micah Lanier, CC BY 4.0)",
      settings,
      detectors: [context.blazeFace, context.tinyFace].map(({ name, checksum }) => `${name} (${checksum})`),
      threshold: THRESHOLD,
      minSize: Math.floor(SIZE * width),
      real,
      shuffled,
      rows: names.flatMap((name) => rows.get(name) ?? []),
    });
    // after each model, so that what was found outlives an end
    const write = async (): Promise<void> => {
      const [text, report] = [new TextEncoder(), reported()];
      await writeFileWhole(out, text.encode(`${JSON.stringify(report, undefined, 1)}\n`));
      await writeFileWhole(out.replace(/\.json$/, ".md"), text.encode(`${markdown(report)}\n`));
    };
    await write();
    for (const name of models) {
      signal?.throwIfAborted();
      const say = seldom((status) => tell(`  ${name}: ${status}`));
      const start = performance.now();
      const model = await faceModels[name]!(context, say);
      try {
        await gpu.idle();
        const { row, shown } = await gpu.scope(() => judged(context, name, model, (performance.now() - start) / 1000));
        rows.set(name, row);
        await picture(name, shown);
        await write();
        const { frechet, blazeFace } = row.scores;
        tell(`${name}: ${row.bitsPerDim.toFixed(2)} bits/dim, FD ${frechet.value.toFixed(1)}, faces ${blazeFace.value}; ${row.seconds.toFixed(0)} s`); // prettier-ignore
      } finally {
        model.dispose();
      }
    }
    return { report: reported(), table: markdown(reported()) };
  } finally {
    gpu.dispose();
  }
}

/** A model's row, and the first of its samples. */
async function judged(
  context: FaceContext,
  name: string,
  model: FaceModel,
  seconds: number,
): Promise<{ readonly row: FaceRow; readonly shown: Float32Array }> {
  const { gpu, settings } = context;
  const { about, parameters } = model;
  const { bytes } = gpu.memory();
  const likelihood = await model.likelihood();
  const samples = model.sample(settings.samples);
  await gpu.evaluate([samples]);
  const shown = ((await samples.read()) as Float32Array).slice(0, COLUMNS * ROWS * 3 * settings.width ** 2);
  const scores = await scoresOf(context, samples);
  samples.dispose();
  const bits = bitsPerDim(likelihood.value, 3 * settings.width ** 2, LEVEL);
  return { row: { model: name, about, parameters, seconds, bytes, likelihood, bitsPerDim: bits, scores }, shown };
}
