import { bitsPerDim } from "../../../index.ts";
import { byId } from "../download.ts";
import type { Engine } from "../engine.ts";
import { fixed } from "../fixed.ts";
import type { Examples } from "../modelFiles.ts";
import { latest } from "./latest.ts";
import { Pad } from "./pad.ts";
import { paint } from "./paint.ts";
import type { Point } from "./point.ts";
import { scorer } from "./programs.ts";
import { asDigit } from "./sketch.ts";

/** Test digits shown that are nearest to the drawing. */
const NEAREST = 6;

/** The test digit that the pad begins with. */
const FIRST = 1;

const MODELS = ["vae", "mixture", "gaussian"] as const;

/** A pad, and what the models say of what is drawn on it. */
export interface Drawing {
  /** The drawing as a digit [784]. */
  readonly digit: () => Float32Array<ArrayBuffer>;
  attach(engine: Engine, failed: (error: unknown) => void): Promise<void>;
}

/** log p of each model: its bar, in nats and in bits a pixel. The longest bar is the most probable. */
function showDensities(values: { readonly [name in (typeof MODELS)[number]]: number } | undefined): void {
  const range = values ? MODELS.map((name) => values[name]) : [0];
  const [least, most] = [Math.min(...range, 0), Math.max(...range, 1)];
  for (const name of MODELS) {
    const value = values?.[name];
    const meter = byId<HTMLMeterElement>(`density-${name}-bar`);
    Object.assign(meter, { min: least, max: most, value: value ?? least });
    byId(`density-${name}`).textContent =
      value === undefined ? "–" : `${name === "vae" ? "≥ " : ""}${fixed(value, 0)} nats`;
    byId(`density-${name}-bits`).textContent =
      value === undefined
        ? ""
        : `${name === "vae" ? "≤ " : ""}${fixed(bitsPerDim(value, 784, 1 / 256), 2)} bits a pixel`;
  }
}

/** Makes the pad work. `digits`: the test digits [n, 784]; what is drawn moves `point` when asked. */
export function drawing(point: Point, { labels }: Examples, digits: Float32Array<ArrayBuffer>): Drawing {
  const pad = new Pad(byId("pad"), 20);
  let digit = new Float32Array(784);
  let code: Float32Array<ArrayBuffer> | undefined;
  let score: (since: number) => void = () => {};
  const picture = byId<HTMLCanvasElement>("drawn");
  const takeCode = byId<HTMLButtonElement>("draw-code");
  const clear = (): void => {
    code = undefined;
    takeCode.disabled = true;
    for (const id of ["drawn", "drawn-reconstruction", "drawn-nearest"])
      paint(byId(id), new Float32Array(784 * (id === "drawn-nearest" ? NEAREST : 1)));
    byId("drawn-classes").textContent = "Draw a digit.";
    showDensities(undefined);
  };
  pad.onChange = (since) => {
    digit = asDigit(pad.read());
    paint(picture, digit);
    if (digit.some((value) => value > 0)) score(since);
    else clear();
  };
  byId("draw-clear").addEventListener("click", () => pad.clear());
  const example = (i: number): void => pad.put(digits.subarray(i * 784, (i + 1) * 784));
  byId("draw-example").addEventListener("click", () => example(Math.floor(Math.random() * (digits.length / 784))));
  takeCode.addEventListener("click", () => {
    if (code) point.set(code);
    byId("plane").focus();
  });
  clear();
  example(FIRST);

  async function attach(engine: Engine, failed: (error: unknown) => void): Promise<void> {
    const sheet = engine.own(engine.gpu.tensor(digits, [digits.length / 784, 784]));
    const run = await scorer(engine, sheet);
    score = latest(async (since: number) => {
      const asked = digit;
      const found = await run(asked);
      if (!digit.some((value) => value > 0)) return;
      code = Float32Array.from(found.code);
      takeCode.disabled = false;
      paint(byId<HTMLCanvasElement>("drawn-reconstruction"), found.reconstruction);
      showDensities({ vae: found.vae[0]!, mixture: found.mixture[0]!, gaussian: found.gaussian[0]! });
      const order = [...found.distances.keys()].sort((a, b) => found.distances[a]! - found.distances[b]!).slice(0, NEAREST); // prettier-ignore
      paint(byId<HTMLCanvasElement>("drawn-nearest"), Float32Array.from(order.flatMap((i) => [...digits.subarray(i * 784, (i + 1) * 784)]))); // prettier-ignore
      byId("drawn-classes").textContent = `Nearest test digits: ${order.map((i) => labels[i]).join(" ")}`;
      performance.clearMeasures("play drawing");
      performance.measure("play drawing", { start: since, end: performance.now() });
    }, failed);
    if (digit.some((value) => value > 0)) score(performance.now());
  }
  return { digit: () => digit, attach };
}
