import { add, matmul, mul, random } from "../../../index.ts";
import { h } from "../../report/markup.ts";
import type { Engine } from "../engine.ts";
import { fixed } from "../fixed.ts";
import { latest } from "../play/latest.ts";
import { paint } from "../play/paint.ts";
import { step, type Step } from "../step.ts";
import { type Eigenpairs, eigenpairsInWorker } from "./eigen.ts";
import { axes, type Frame, lineThrough, placeOf } from "./frame.ts";
import { Picture } from "./picture.ts";
import { datum, part, type Section, sectionOf, type Store, tell } from "./section.ts";
import { STORY } from "./story.ts";
import { strokes } from "./strokes.ts";

/** Samples shown, and how many in a row. */
const SAMPLES = 8;
const COLUMNS = 4;
/** Directions, as many as pixels. */
const DIRECTIONS = 784;
/** Variances of pixels in [0, 1]; the least is 1e-4, which is added to that of each pixel. */
const FRAME: Frame = { width: 480, height: 300, left: 66, right: 14, top: 10, bottom: 42, x: { from: 1, to: DIRECTIONS, isLog: true }, y: { from: 5e-5, to: 20, isLog: true } }; // prettier-ignore
const TICKS = [1, 3, 10, 30, 100, 300, 784].map((k) => [k, String(k)] as const);

/** The spectrum of a Gaussian's covariance, largest variance first, and its samples out of the first k directions. */
export interface Spectrum {
  readonly variances: Float64Array;
  /** Samples [8, 784] of directions 1 to k. */
  samples(k: number): Promise<Float32Array>;
}

/** Takes the covariance of the page's Gaussian apart, by `eigenpairs`. */
export async function spectrumOf(
  engine: Pick<Engine, "gpu" | "own" | "gaussian">,
  eigenpairs: (covariance: Float32Array, features: number) => Promise<Eigenpairs> = eigenpairsInWorker,
): Promise<Spectrum> {
  const { gpu, gaussian, own } = engine;
  const { covariance } = gaussian;
  const found = await eigenpairs((await covariance.read()) as Float32Array, DIRECTIONS);
  covariance.dispose();
  const ascending = found.values.map((value) => Math.max(0, value));
  const vectors = own(gpu.tensor(found.vectors, [DIRECTIONS, DIRECTIONS]));
  const run: Step<"images"> = await step(engine, [DIRECTIONS], (deviations) => {
    const amounts = mul(random.normal(gpu, [SAMPLES, DIRECTIONS], { seed: 1 }), deviations);
    return { images: add(matmul(amounts, vectors), gaussian.mean) };
  });
  return {
    variances: ascending.slice().reverse(),
    async samples(k) {
      const first = DIRECTIONS - k;
      const { images } = await run(Float32Array.from(ascending, (value, i) => (i < first ? 0 : Math.sqrt(value))));
      return images;
    },
  };
}

/** The spectrum with a cut that one moves, and what the Gaussian draws of the directions before it. */
export function gaussianSection(digits: Float32Array, store: Store): Section {
  const { node, text, stage } = sectionOf(STORY.gaussian);
  const plot = new Picture(FRAME);
  const canvas = part("canvas", { class: "grid", width: 4 * 29 - 1, height: 57, role: "img", "aria-label": `${SAMPLES} samples of the Gaussian out of the first directions` }) as HTMLCanvasElement; // prettier-ignore
  const told = part("p", { class: "told", id: "understand-spectrum" }, "The spectrum comes with the GPU.");
  let variances: Float64Array = new Float64Array(0);
  let total = 1;
  let sample: (k: number) => void = () => {};

  const explained = (k: number): number => variances.slice(0, k).reduce((a, b) => a + b, 0);
  const words = (): string => {
    const k = store.now.directions;
    const among = `the first ${k === 1 ? "direction" : `${k} directions`} of ${DIRECTIONS}`;
    if (variances.length === 0) return among;
    return `${among}: ${fixed((100 * explained(k)) / total, 1)} % of the variance, ${fixed(explained(k), 2)} of ${fixed(total, 2)}`;
  };
  function show(): void {
    const k = store.now.directions;
    const points = Array.from(variances, (value, i) => [i + 1, value] as const);
    const [cut] = placeOf(FRAME, k, 1);
    plot.draw(
      `Variances of the covariance's directions, largest first, on logarithmic scales. Cut after ${words()}.`,
      axes(FRAME, { x: "direction, largest variance first", y: "variance of grey levels", ticksOfX: TICKS }),
      h("rect", { class: "cut", x: FRAME.left, y: FRAME.top, width: cut - FRAME.left, height: FRAME.height - FRAME.top - FRAME.bottom }),
      h("path", { class: "line c0", d: lineThrough(FRAME, points) }),
      h("line", { class: "edge", x1: cut, x2: cut, y1: FRAME.top, y2: FRAME.height - FRAME.bottom }),
    ); // prettier-ignore
    if (variances.length > 0)
      tell(told, "Drawn with ", datum("explained", explained(k), words()), " (grey levels from 0 to 1).");
    sample(k);
  }
  const set = (k: number): void => {
    store.set({ directions: Math.min(DIRECTIONS, Math.max(1, Math.round(k))) });
    show();
  };
  plot.add({
    name: "Directions that are drawn with",
    colour: 1,
    at: () => [store.now.directions, variances[store.now.directions - 1] ?? 1],
    move: (x) => set(x),
    press: (right, up) => set(store.now.directions + right + up),
    words,
  });
  const figure = part("figure", {});
  figure.append(canvas, part("figcaption", {}, `${SAMPLES} samples with the same amounts, whatever the cut.`));
  text.append(strokes(digits));
  stage.append(plot.node, told, figure);
  show();

  return {
    node,
    async attach(engine, failed) {
      const spectrum = await spectrumOf(engine);
      ({ variances } = spectrum);
      total = variances.reduce((a, b) => a + b, 0);
      sample = latest(async (k: number) => {
        const images = await spectrum.samples(k);
        paint(canvas, images, { columns: COLUMNS, gap: 1 });
        canvas.dataset["directions"] = String(k);
      }, failed);
      show();
    },
  };
}
