import { meanAndVariance } from "../../../metrics/statistics.ts";
import { h } from "../../report/markup.ts";
import { fixed } from "../fixed.ts";
import { latest } from "../play/latest.ts";
import { paint } from "../play/paint.ts";
import { DIGITS, FACTORS, placeOfFactor, WEIGHTS } from "./address.ts";
import { DRAWS, dialProgram, SHOWN } from "./dialProgram.ts";
import { divergence } from "./divergence.ts";
import { axes, type Frame, inside, lineThrough, placeOf } from "./frame.ts";
import { Picture } from "./picture.ts";
import { datum, part, type Section, sectionOf, type Store, tell } from "./section.ts";
import { slider } from "./slider.ts";
import { STORY } from "./story.ts";

const FRAME: Frame = { width: 480, height: 320, left: 66, right: 14, top: 10, bottom: 42, x: { from: 1 / 8, to: 8, isLog: true }, y: { from: 0, to: 300 } }; // prettier-ignore
const TICKS = [[1 / 8, "⅛"], [1 / 4, "¼"], [1 / 2, "½"], [1, "1"], [2, "2"], [4, "4"], [8, "8"]] as const; // prettier-ignore
const PIXELS = 784;

/** A digit's terms at each factor of the dial, in nats. */
interface Terms {
  /** Which digit. */
  readonly image: number;
  /** −log p(x|z), the mean of draws, and its standard error. */
  readonly reconstruction: readonly { readonly mean: number; readonly variance: number }[];
  readonly kl: readonly number[];
  /** What the codes decode to, [FACTORS · SHOWN, 784]. */
  readonly images: Float32Array;
}

/** The next of 1, 2, 5, 10, 20, 50 … that is not below a value. */
function roundAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 5, 10].find((factor) => power * factor >= value)!;
}

const least = (values: readonly number[]): number => values.indexOf(Math.min(...values));

/** A dial that scales the noise of a code: what it costs in reconstruction, and what it saves in KL. */
export function dialSection(digits: Float32Array, store: Store): Section {
  const { node, stage } = sectionOf(STORY.dial);
  const plot = new Picture(FRAME);
  const canvas = part("canvas", { class: "grid", width: (1 + SHOWN) * 29 - 1, height: 28, role: "img", "aria-label": `A test digit, and ${SHOWN} draws of its code, decoded` }) as HTMLCanvasElement; // prettier-ignore
  const table = part("p", { class: "told legend", id: "understand-terms" }, "Both terms come with the GPU.");
  const another = part("button", { type: "button" }, "Another digit");
  let terms: Terms | undefined;
  let ask: (image: number) => void = () => {};

  const digit = (image: number): Float32Array => digits.subarray(image * PIXELS, (image + 1) * PIXELS);
  /** −log p(x|z) + β·KL at each factor. */
  const sums = ({ reconstruction, kl }: Terms): number[] =>
    kl.map((value, i) => reconstruction[i]!.mean + WEIGHTS[store.now.beta]! * value);
  const words = (): string => {
    const at = store.now.noise;
    const factor = `${fixed(FACTORS[at]!, 2)} times the deviations`;
    if (!terms) return factor;
    return `${factor}: reconstruction ${fixed(terms.reconstruction[at]!.mean, 1)} nats, KL ${fixed(terms.kl[at]!, 1)} nats, sum ${fixed(sums(terms)[at]!, 1)} nats`;
  };

  function show(): void {
    const { noise, beta } = store.now;
    const weight = WEIGHTS[beta]!;
    const [x] = placeOf(FRAME, FACTORS[noise]!, 0);
    const along = (values: readonly number[]) => values.map((value, i) => [FACTORS[i]!, value] as const);
    // all lines stand on the best reconstruction, which is far from 0
    const floor = terms ? Math.min(...terms.reconstruction.map(({ mean }) => mean)) : 0;
    const total = terms ? sums(terms) : [];
    const best = least(total);
    // the least sum in the lower half
    plot.frame = { ...FRAME, y: { from: 0, to: roundAbove(Math.max(40, 2.2 * (Math.min(...total) - floor) || 0)) } };
    const { frame } = plot;
    plot.draw(
      `Reconstruction, weighted KL and their sum over the factor of the deviations. ${words()}.`,
      axes(frame, { x: "t, times the deviations s (logarithmic)", y: "nats above the best reconstruction", ticksOfX: TICKS }),
      h("line", { class: "edge", x1: x, x2: x, y1: FRAME.top, y2: FRAME.height - FRAME.bottom }),
      terms ? inside(
        frame,
        h("path", { class: "line c0", d: lineThrough(frame, along(terms.reconstruction.map(({ mean }) => mean - floor))) }),
        h("path", { class: "line c1 dashed", d: lineThrough(frame, along(terms.kl.map((value) => weight * value))) }),
        h("path", { class: "line c2", d: lineThrough(frame, along(total.map((value) => value - floor))) }),
        h("circle", { class: "best c2", cx: placeOf(frame, FACTORS[best]!, 0)[0].toFixed(1), cy: placeOf(frame, 1, total[best]! - floor)[1].toFixed(1), r: 6 }),
      ) : null,
    ); // prettier-ignore
    const pictures = new Float32Array((1 + SHOWN) * PIXELS);
    pictures.set(digit(terms?.image ?? store.now.image));
    pictures.set(terms?.images.subarray(noise * SHOWN * PIXELS, (noise + 1) * SHOWN * PIXELS) ?? [], PIXELS);
    paint(canvas, pictures, { gap: 1 });
    if (!terms) return;
    const { mean, variance } = terms.reconstruction[noise]!;
    const kl = terms.kl[noise]!;
    tell(
      table,
      h("span", { class: "c0" }, h("i", {}), "Reconstruction −ln p(x∣z) = ", datum("reconstruction", mean, fixed(mean, 1)), ` ± ${fixed(Math.sqrt(variance / DRAWS), 1)} nats`),
      h("span", { class: "c1 test" }, h("i", {}), "KL = ", datum("kl", kl, fixed(kl, 2)), weight === 1 ? " nats" : ` nats, drawn ${weight} times as high`),
      h("span", { class: "c2" }, h("i", {}), weight === 1 ? "sum = " : `sum with ${weight} · KL = `, datum("total", total[noise]!, fixed(total[noise]!, 1)), " nats"),
      h("span", {}, "◯ smallest at t = ", datum("best", FACTORS[best]!, fixed(FACTORS[best]!, 2))),
    ); // prettier-ignore
  }
  const set = (noise: number): void => {
    store.set({ noise: Math.min(FACTORS.length - 1, Math.max(0, noise)) });
    show();
  };
  plot.add({
    name: "Noise of the code",
    colour: 2,
    at: () => [FACTORS[store.now.noise]!, 0],
    move: (x) => set(Math.round(placeOfFactor(x))),
    press: (right, up) => set(store.now.noise + right + up),
    words,
  });
  const weight = slider("Weight β before KL", WEIGHTS.length - 1, store.now.beta, (at) => String(WEIGHTS[at]), (beta) => {
    store.set({ beta });
    show();
  }); // prettier-ignore
  another.addEventListener("click", () => {
    store.set({ image: (store.now.image + 1) % DIGITS });
    ask(store.now.image);
  });
  const controls = part("p", { class: "controls" });
  controls.append(another);
  const figure = part("figure", {});
  figure.append(canvas, part("figcaption", {}, `The digit, and ${SHOWN} draws of its code, decoded. Reconstruction is the mean of ${DRAWS} draws; p(x∣z) is a density of pixels, so −ln p may be below 0.`)); // prettier-ignore
  stage.append(plot.node, table, weight.node, figure, controls);
  show();

  return {
    node,
    async attach(engine, failed) {
      const run = await dialProgram(engine);
      ask = latest(async (image: number) => {
        const found = await run(Float32Array.from(digit(image)));
        if (image !== store.now.image) return;
        terms = {
          image,
          reconstruction: FACTORS.map((_, i) =>
            meanAndVariance(found.reconstruction.subarray(i * DRAWS, (i + 1) * DRAWS).map((value) => -value)),
          ),
          kl: FACTORS.map((factor) => divergence(found.mean, found.logVar, factor)),
          images: found.images,
        };
        show();
      }, failed);
      ask(store.now.image);
    },
  };
}
