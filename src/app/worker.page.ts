// The job in a worker: one request, then events, then a report or an error. "stop" aborts.
import { loadMnist } from "../data/mnist.ts";
import { openGpu } from "../index.ts";
import { runJob } from "./job.ts";
import type { Answer, JobRequest } from "./job/client.ts";
import { serveRun } from "./job/serve.ts";

declare const LATENTGPU_VERSION: string;

const answer = (message: Answer): void => postMessage(message);

/** "Chrome 144.0.0.0, X11" out of the user agent; Chrome hides all but the major version from scripts. */
function browser(): string {
  const { userAgent } = navigator;
  const version = /Chrome\/[\d.]+/.exec(userAgent)?.[0].replace("/", " ") ?? userAgent;
  return `${version}, ${/\(([^;)]*)/.exec(userAgent)?.[1] ?? "unknown system"}`;
}

async function run({ preset, seed, mnist, settings }: JobRequest, signal: AbortSignal): Promise<void> {
  const gpu = await openGpu({ powerPreference: "high-performance", signal });
  try {
    const report = await runJob(gpu, (options) => loadMnist(new URL(mnist, location.origin), options), {
      preset: preset ?? (gpu.info.software ? "quick" : "full"),
      seed,
      ...(settings ? { settings } : {}),
      signal,
      version: LATENTGPU_VERSION,
      browser: browser(),
      onProgress: (event) => answer({ kind: "event", event }),
    });
    answer({ kind: "report", report });
  } finally {
    gpu.dispose();
  }
}

serveRun<JobRequest>("The job was stopped.", run);
