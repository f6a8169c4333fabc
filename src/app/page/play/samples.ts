import { byId } from "../download.ts";
import type { Models } from "../engine.ts";
import { paint } from "./paint.ts";

const COUNT = 32;
const COLUMNS = 8;

/** Draws digits from a model and paints them. A seed gives the same digits again. */
export async function paintSamples(name: keyof Models, model: Models[keyof Models], seed: number): Promise<void> {
  using images = model.sample(COUNT, { seed });
  paint(byId<HTMLCanvasElement>(`samples-${name}`), await images.read(), { columns: COLUMNS, gap: 1 });
  requestAnimationFrame(() => performance.mark(`play samples ${name}`));
}
