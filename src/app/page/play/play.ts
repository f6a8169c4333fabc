import { byId } from "../download.ts";
import { type Engine, type Models, sharedEngine } from "../engine.ts";
import { bytesOf, parseExamples, sheetPixels } from "../modelFiles.ts";
import { panelAddress } from "../panelAddress.ts";
import { type Address, addressOf, parseAddress } from "./address.ts";
import { drawing } from "./draw.ts";
import { explorer } from "./explorer.ts";
import { hiding } from "./hide.ts";
import { paintSamples } from "./samples.ts";
import { walk } from "./walk.ts";

/** What a part of the page does with an engine. */
interface Part {
  attach(engine: Engine, failed: (error: unknown) => void): Promise<void>;
}

/** Makes the parts out of real digits; they show their pictures once an engine is attached. */
async function partsOf(start: (latent: number) => Address): Promise<readonly Part[]> {
  const [examplesBytes, sheetBytes] = await Promise.all([bytesOf("examples.safetensors"), bytesOf("digits.png")]);
  const examples = parseExamples(examplesBytes);
  const latent = examples.codes.length / examples.labels.length;
  const digits = await sheetPixels(sheetBytes);
  const plane = explorer(examples, latent, start(latent));
  const { point } = plane;
  const address = panelAddress(byId("play"), () => addressOf(point.z, plane.plane()));
  point.listen(() => address.writeSoon());
  const codeOf = (digit: number): Float32Array => {
    const i = examples.labels.indexOf(digit);
    return examples.codes.slice(i * latent, (i + 1) * latent);
  };
  const pad = drawing(point, examples, digits);
  return [plane, walk(point, codeOf(3), codeOf(8)), pad, hiding(digits, pad.digit)];
}

/** The page to play with: opens the GPU, draws samples, then makes each part live. Starts at once, where `hash` says. */
export function play(hash: string): void {
  const status = byId("play-status");
  const again = byId<HTMLButtonElement>("play-again");
  const redraw = byId<HTMLButtonElement>("samples-again");
  const parts = partsOf((latent) => parseAddress(hash, latent));
  // told where it is awaited
  parts.catch(() => {});
  let seed = 1;
  let engine: Engine | undefined;

  const tell = (error: unknown): void => {
    status.textContent = error instanceof Error ? error.message : String(error);
  };
  // work that was under way when the device was lost says so as well: the page has said it already
  const failed = (error: unknown): void => {
    if (engine) tell(error);
  };

  async function open(): Promise<void> {
    again.hidden = true;
    const last = engine;
    engine = undefined;
    last?.dispose();
    status.textContent = "Opening the GPU …";
    try {
      const opened = await sharedEngine((name, model) => paintSamples(name, model, seed));
      engine = opened;
      void opened.gpu.lost.then(({ message }) => {
        if (engine !== opened) return;
        engine = undefined;
        status.textContent = `The GPU device was lost: ${message.replace(/\.$/, "") || "the browser does not say why"}. Nothing of yours is gone: open it again.`;
        again.hidden = false;
        redraw.disabled = true;
      });
      redraw.disabled = false;
      status.textContent = "Making the plane live …";
      for (const part of await parts) await part.attach(opened, failed);
      status.textContent = ready(opened);
      performance.mark("play ready");
    } catch (error) {
      if (again.hidden) tell(error);
      again.hidden = false;
    }
  }

  redraw.addEventListener("click", () => {
    if (!engine) return;
    const { vae, mixture, gaussian } = engine;
    seed++;
    for (const [name, model] of Object.entries({ vae, mixture, gaussian }))
      paintSamples(name as keyof Models, model, seed).catch(failed);
  });
  again.addEventListener("click", () => void open());
  void open();
}

function ready({ gpu }: Engine): string {
  const where = gpu.info.software ? "a software adapter" : gpu.info.description || gpu.info.vendor;
  return `Live on ${where}. ${(gpu.memory().bytes / 2 ** 20).toFixed(1)} MiB of GPU memory.`;
}
