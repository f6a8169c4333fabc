import { byId } from "../download.ts";
import type { Engine, Models } from "../engine.ts";
import { live } from "../live.ts";
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
  const redraw = byId<HTMLButtonElement>("samples-again");
  const parts = partsOf((latent) => parseAddress(hash, latent));
  // told where it is awaited
  parts.catch(() => {});
  let seed = 1;
  const use = live({
    status,
    again: byId("play-again"),
    use: (name, model) => paintSamples(name, model, seed),
    changed: (engine) => (redraw.disabled = !engine),
    work: async (engine, failed) => {
      for (const part of await parts) await part.attach(engine, failed);
      performance.mark("play ready");
      return ready(engine);
    },
  });
  redraw.addEventListener("click", () => {
    seed++;
    use(({ vae, mixture, gaussian }) => {
      const models = Object.entries({ vae, mixture, gaussian });
      return Promise.all(models.map(([name, model]) => paintSamples(name as keyof Models, model, seed)));
    });
  });
}

function ready({ gpu }: Engine): string {
  const where = gpu.info.software ? "a software adapter" : gpu.info.description || gpu.info.vendor;
  return `Live on ${where}. ${(gpu.memory().bytes / 2 ** 20).toFixed(1)} MiB of GPU memory.`;
}
