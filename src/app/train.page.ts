// A training in a worker: the page says what, and steers it; pictures are drawn here, on the page's canvases.
import { LatentError } from "../device/errors.ts";
import { openGpu } from "../open.ts";
import type { Gpu } from "../program/gpu.ts";
import { mnistSet, ownSet } from "./train/images.ts";
import type { Answer, Canvases, Plane, Request, StartRequest } from "./train/messages.ts";
import { Session } from "./train/session.ts";
import { Watch } from "./train/watch.ts";

const tell = (answer: Answer): void => {
  const transferred = answer.kind === "checkpoint" || answer.kind === "saved" ? [answer.bytes.buffer] : [];
  postMessage(answer, { transfer: transferred });
};

let canvases: Canvases | undefined;
let gpu: Gpu | undefined;
let session: Session | undefined;
let watch: Watch | undefined;
/** The plane that was chosen last, also before there is something to see. */
let plane: Plane;
/** Ends a start that has no session yet. */
let starting = new AbortController();

/** The device, opened again where the last one was lost. */
async function opened(signal: AbortSignal): Promise<Gpu> {
  if (gpu) return gpu;
  const fresh = await openGpu({ powerPreference: "high-performance", signal });
  gpu = fresh;
  void fresh.lost.then(({ message }) => {
    if (gpu !== fresh) return;
    release();
    gpu = undefined;
    fresh.dispose();
    tell({ kind: "lost", message: message || "the browser does not say why" });
  });
  return fresh;
}

/** Frees the model of the last run. */
function release(): void {
  watch?.dispose();
  session?.dispose();
  watch = session = undefined;
}

async function start({ settings, own, mnist, from, ...request }: StartRequest): Promise<void> {
  plane = request.plane;
  starting = new AbortController();
  const { signal } = starting;
  release();
  tell({ kind: "status", text: "Opening the GPU …" });
  const device = await opened(signal);
  const status = (text: string): void => tell({ kind: "status", text });
  status(own ? "Reading the images …" : "Loading MNIST …");
  const set = own
    ? await ownSet(own, signal, (done) => status(`Reading the images: ${done} of ${own.files.length} …`))
    : await mnistSet(mnist, signal);
  signal.throwIfAborted();
  status("Making the model …");
  session = new Session(device, settings, set, from);
  const running = session;
  watch = new Watch(device, running, set, canvases!, plane, tell);
  tell({ kind: "began", heldOut: set.heldOut });
  status("Compiling …");
  const view = watch;
  // kernels of views and of the step compile side by side
  await Promise.all([view.open(settings.seed), running.run(tell, () => view.glance())]);
  await view.show();
  tell({ kind: "ended", step: running.step, stopped: false });
}

/** Holds still, after one more step where that is asked for, and shows what there is. */
async function pauseAndShow(oneStep: boolean): Promise<void> {
  const [running, view] = [session, watch];
  if (!running || !view) return;
  await (oneStep ? running.oneStep() : running.pause());
  // a click on Resume may have come first
  if (running !== session || !running.paused) return;
  tell({ kind: "paused", step: running.step });
  await view.show();
}

async function answer(request: Request): Promise<void> {
  switch (request.kind) {
    case "canvases":
      ({ canvases } = request);
      return;
    case "start":
      return start(request);
    case "pause":
    case "step":
      return pauseAndShow(request.kind === "step");
    case "resume":
      session?.resume();
      return;
    case "stop":
      starting.abort(new DOMException("The training was stopped.", "AbortError"));
      return session?.stop();
    case "steer":
      return session?.steer(request);
    case "plane":
      plane = request.plane;
      if (!watch) return;
      watch.plane = plane;
      return watch.show();
    case "save":
      if (session) tell({ kind: "saved", ...(await session.save()) });
  }
}

/** What ended a training is told once: the call that failed rejects with it, and the training too. */
let told: unknown;

addEventListener("message", ({ data }: MessageEvent<Request>) => {
  answer(data).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "AbortError")
      return tell({ kind: "ended", step: session?.step ?? 0, stopped: true });
    // a loss is told once, where the device says it, and ends all that was under way
    if (error instanceof LatentError && (error.code === "device-lost" || error.code === "disposed")) return;
    if (error === told) return;
    told = error;
    // no training goes on behind a page that says it has ended
    void session?.stop(error);
    tell({ kind: "error", message: error instanceof Error ? error.message : String(error) });
  });
});
