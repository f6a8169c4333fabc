import { afterAll, beforeAll, expect, test } from "vitest";
import { runJob, type JobOptions } from "../../src/app/job.ts";
import type { JobEvent } from "../../src/app/job/events.ts";
import type { Settings } from "../../src/app/job/settings.ts";
import { reportPage } from "../../src/app/report/page.ts";
import type { Report } from "../../src/app/report.ts";
import type { Mnist } from "../../src/data/mnist.ts";
import { loadMnistNode } from "../../src/data/mnist-node.ts";
import type { Gpu } from "../../src/program/gpu.ts";
import { openShared } from "../helpers.ts";

/** Every stage, and hardly any work. */
const tiny: Partial<Settings> = {
  trainImages: 600,
  testImages: 150,
  vaeEpochs: 2,
  autoEncoderEpochs: 1,
  components: 3,
  mixtureIterations: 4,
  samples: 100,
  reference: 300,
  paired: 60,
  grid: 16,
};

/** A software adapter compiles every kernel of the job first. */
const MINUTES = 600_000;

let gpu: Gpu;
let mnist: Mnist;

beforeAll(async () => {
  [gpu, mnist] = await Promise.all([openShared(), loadMnistNode()]);
});
afterAll(() => gpu.dispose());

async function job(options: Partial<JobOptions> = {}): Promise<{ report: Report; events: JobEvent[] }> {
  const events: JobEvent[] = [];
  const onProgress = (event: JobEvent) => events.push(event);
  const report = await runJob(gpu, mnist, { preset: "quick", seed: 5, settings: tiny, onProgress, ...options });
  return { report, events };
}

/** What must not depend on when and how fast the job ran. */
const lasting = (report: Report) => ({
  ...report,
  date: "",
  seconds: 0,
  models: report.models.map((model) => ({ ...model, seconds: 0 })),
  curves: report.curves.map(({ key }) => key),
});

test(
  "the job fits, scores and draws every model of the quick preset, and leaves no memory behind",
  async () => {
    const before = gpu.memory().bytes;
    const { report, events } = await job();
    expect(gpu.memory().bytes).toBe(before);
    expect(report.models.map(({ key }) => key)).toEqual(["gaussian", "mixture", "autoencoder", "vae"]);
    for (const { logDensity, loss, scores, parameters } of report.models) {
      expect([logDensity, loss].filter((one) => one !== undefined)).toHaveLength(1);
      expect(scores!.frechetDistance).toMatchObject({ n: 100, referenceN: 300 });
      expect(scores!.frechetDistance.value).toBeGreaterThan(report.floor.frechetDistance.value);
      expect(scores!.precision).toMatchObject({ n: 60, referenceN: 60 });
      expect(scores!.classScore.value).toBeGreaterThanOrEqual(1);
      expect(parameters).toBeGreaterThan(1000);
    }
    const vae = report.models.find(({ key }) => key === "vae")!.loss!;
    expect(vae.value).toBeCloseTo(vae.reconstruction + vae.kl!, 6);
    expect(report.spectrum.values).toHaveLength(784);
    const stages = events.flatMap((event) => (event.kind === "done" ? [event.stage] : []));
    expect(stages).toEqual(["data", "spectrum", "network", "gaussian", "mixture", "autoencoder", "vae"]);
    const shares = events.flatMap((event) => (event.kind === "progress" ? [event.progress.done] : []));
    expect(shares.every((share, i) => share >= (shares[i - 1] ?? 0) && share <= 1)).toBe(true);
    expect(await reportPage(report)).toContain("VAE 784-400-20");
    const again = await job();
    expect(lasting(again.report)).toEqual(lasting(report));
  },
  MINUTES,
);

test(
  "an abort in the middle rejects with its reason and frees everything",
  async () => {
    const before = gpu.memory().bytes;
    for (const stage of ["spectrum", "autoencoder"]) {
      const controller = new AbortController();
      const reason = new Error(`enough of ${stage}`);
      const onProgress = (event: JobEvent) => {
        if (event.kind === "progress" && event.progress.stage === stage) controller.abort(reason);
      };
      await expect(job({ signal: controller.signal, onProgress })).rejects.toBe(reason);
      expect(gpu.memory().bytes).toBe(before);
    }
  },
  MINUTES,
);

test("an aborted signal ends the job before it begins", async () => {
  await expect(job({ signal: AbortSignal.abort(new Error("never")) })).rejects.toThrow("never");
});
