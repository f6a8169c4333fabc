import { byId } from "../download.ts";
import type { Engine } from "../engine.ts";
import { latest } from "./latest.ts";
import { paint } from "./paint.ts";
import { drawable, type Place } from "./pen.ts";
import { filler } from "./programs.ts";

/** Radius of the brush in pixels of the digit. */
const BRUSH = 3;

const MODELS = ["vae", "mixture", "gaussian"] as const;

/** A digit of which one hides a part, and what each model puts there. */
export interface Hiding {
  attach(engine: Engine, failed: (error: unknown) => void): Promise<void>;
}

/** Makes the brush work. `digits`: test digits [n, 784]; `drawn` gives the person's own. */
export function hiding(digits: Float32Array, drawn: () => Float32Array): Hiding {
  const canvas = byId<HTMLCanvasElement>("hide");
  let image: Float32Array = digits.slice(0, 784);
  const hidden = new Uint8Array(784);
  let fill = (): void => {};

  const show = (): void => {
    paint(canvas, image);
    const context = canvas.getContext("2d")!;
    context.fillStyle = "#c2491d";
    for (let p = 0; p < 784; p++) if (hidden[p]) context.fillRect(p % 28, Math.floor(p / 28), 1, 1);
    fill();
  };
  const brush = ([x, y]: Place): void => {
    for (let p = 0; p < 784; p++)
      if (Math.hypot((p % 28) + 0.5 - 28 * x, Math.floor(p / 28) + 0.5 - 28 * y) < BRUSH) hidden[p] = 1;
    show();
  };
  drawable(canvas, { down: brush, move: brush });
  const hide = (isHidden: (row: number, column: number) => boolean): void => {
    for (let p = 0; p < 784; p++) hidden[p] = isHidden(Math.floor(p / 28), p % 28) ? 1 : 0;
    show();
  };
  byId("hide-top").addEventListener("click", () => hide((row) => row < 14));
  byId("hide-right").addEventListener("click", () => hide((_, column) => column >= 14));
  byId("hide-none").addEventListener("click", () => hide(() => false));
  byId("hide-next").addEventListener("click", () => {
    const i = Math.floor(Math.random() * (digits.length / 784));
    image = digits.slice(i * 784, (i + 1) * 784);
    show();
  });
  byId("hide-drawn").addEventListener("click", () => {
    image = drawn().slice();
    show();
  });
  for (let p = 0; p < 784; p++) hidden[p] = p % 28 >= 14 ? 1 : 0;
  show();

  return {
    async attach(engine, failed) {
      const run = await filler(engine);
      const paintFills = latest(async () => {
        const visible = Float32Array.from(image, (grey, p) => (hidden[p] ? Number.NaN : grey));
        const found = await run(visible);
        for (const name of MODELS) paint(byId<HTMLCanvasElement>(`hide-${name}`), found[name]);
      }, failed);
      fill = () => paintFills(undefined);
      fill();
    },
  };
}
