import { unitUniforms } from "../../../data/philox.ts";
import { h } from "../../report/markup.ts";
import { fixed } from "../fixed.ts";
import { paint } from "../play/paint.ts";
import { DIGITS } from "./address.ts";
import { axes, type Frame, placeOf } from "./frame.ts";
import { Picture } from "./picture.ts";
import { type PixelPair, pixelPair } from "./pixelPair.ts";
import { datum, part, type Section, sectionOf, type Store, tell } from "./section.ts";
import { STORY } from "./story.ts";

const SIDE = 28;
/** Pixels of a digit, row 0 at the top. */
const DIGIT: Frame = { width: 28, height: 28, left: 0, right: 0, top: 0, bottom: 0, x: { from: 0, to: SIDE }, y: { from: SIDE, to: 0 } }; // prettier-ignore
const PLOT: Frame = { width: 340, height: 340, left: 54, right: 12, top: 10, bottom: 42, x: { from: 0, to: 1 }, y: { from: 0, to: 1 } }; // prettier-ignore
/** Grey levels of the sheet. */
const LEVELS = 16;

const percent = (part: number): string => `${Math.round(100 * part)} %`;

/** What two pixels have to do with each other, in words: how they correlate, and how bright they are together. */
function wordsOf({ correlation, counts, brightAmong }: PixelPair): readonly [string, string] {
  if (correlation === undefined) return ["no correlation", ": one of these pixels is the same in all digits."];
  const { bright, dark } = brightAmong;
  const first = bright === undefined ? "A is bright in no digit" : `B is bright in ${percent(bright)} of the ${counts.bright} digits where A is`; // prettier-ignore
  const second = dark === undefined ? "" : ` and in ${percent(dark)} of the other ${counts.dark}`;
  return [`correlation ${fixed(correlation, 2)}`, `. ${first}${second}.`];
}

/** Two pixels of test digits [1024, 784] as a scatter plot; one chooses them on a digit, which is a point of it. */
export function pointSection(digits: Float32Array, store: Store): Section {
  const { node, stage } = sectionOf(STORY.point);
  const canvas = part("canvas", { width: SIDE, height: SIDE, role: "img", "aria-label": "The digit that is the ring" }) as HTMLCanvasElement; // prettier-ignore
  const digit = new Picture(DIGIT);
  digit.node.classList.add("digit");
  digit.node.prepend(canvas);
  const plot = new Picture(PLOT);
  const told = part("p", { class: "told", id: "understand-pixels" });
  const another = part("button", { type: "button" }, "Another digit");
  // each dot lies anywhere within the step of its grey level, as dequantised pixels do
  const noise = unitUniforms(2 * DIGITS, 1, 0);
  const shown = (i: number, pixel: number, which: 0 | 1): number =>
    (Math.round(digits[i * SIDE * SIDE + pixel]! * (LEVELS - 1)) + noise[2 * i + which]!) / LEVELS;
  let pair: PixelPair;

  function show(): void {
    const { pixels, digit: chosen } = store.now;
    const [a, b] = pixels;
    pair = pixelPair(digits, SIDE * SIDE, a, b);
    paint(canvas, digits.subarray(chosen * SIDE * SIDE, (chosen + 1) * SIDE * SIDE));
    digit.place();
    const dots = Array.from({ length: DIGITS }, (_, i) => {
      const [x, y] = placeOf(PLOT, shown(i, a, 0), shown(i, b, 1));
      return `M${x.toFixed(1)} ${y.toFixed(1)}h0`;
    });
    const [x, y] = placeOf(PLOT, shown(chosen, a, 0), shown(chosen, b, 1));
    const [correlation, together] = wordsOf(pair);
    plot.draw(
      `Grey levels of pixel B against those of pixel A in ${DIGITS} test digits: ${correlation}${together}`,
      axes(PLOT, { x: "pixel A, grey level", y: "pixel B, grey level" }),
      h("path", { class: "dots", d: dots.join("") }),
      h("circle", { class: "ring", cx: x.toFixed(1), cy: y.toFixed(1), r: 8 }),
    );
    tell(told, "A and B have ", datum("correlation", pair.correlation ?? 0, correlation), together);
  }

  for (const which of [0, 1] as const) {
    const set = (column: number, line: number): void => {
      const limited = (value: number): number => Math.min(SIDE - 1, Math.max(0, value));
      const pixel = limited(line) * SIDE + limited(column);
      const [a, b] = store.now.pixels;
      store.set({ pixels: which === 0 ? [pixel, b] : [a, pixel] });
      show();
    };
    const place = (): readonly [column: number, line: number] => {
      const pixel = store.now.pixels[which];
      return [pixel % SIDE, Math.floor(pixel / SIDE)];
    };
    digit.add({
      name: `Pixel ${"AB"[which]}`,
      mark: "AB"[which]!,
      colour: which,
      at: () => [place()[0] + 0.5, place()[1] + 0.5],
      move: (x, y) => set(Math.floor(x), Math.floor(y)),
      press: (right, up) => set(place()[0] + right, place()[1] - up),
      words: () => `row ${place()[1] + 1}, column ${place()[0] + 1}: ${wordsOf(pair).join("")}`,
    });
  }
  another.addEventListener("click", () => {
    store.set({ digit: (store.now.digit + 1) % DIGITS });
    show();
  });
  const choice = part("div", { class: "choice" });
  choice.append(digit.node, another);
  const views = part("div", { class: "two" });
  views.append(choice, plot.node);
  stage.append(views, told);
  show();
  return { node };
}
