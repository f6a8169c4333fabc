import { paint } from "../play/paint.ts";
import { part } from "./section.ts";

const SIDE = 28;
/** Pixels that the stroke is shifted by, to either side. */
const SHIFT = 5;
/** A one among the test digits. */
const STROKE = 2;

/** An image [784] shifted to the right, with 0 where nothing comes from. */
export function shifted(image: ArrayLike<number>, columns: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: SIDE * SIDE }, (_, p) => {
    const from = (p % SIDE) - columns;
    return from >= 0 && from < SIDE ? image[p - columns]! : 0;
  });
}

/** A stroke left, the same right, and the mean of both: what a Gaussian of these two knows. */
export function strokes(digits: Float32Array): HTMLElement {
  const one = digits.subarray(STROKE * SIDE * SIDE, (STROKE + 1) * SIDE * SIDE);
  const [left, right] = [shifted(one, -SHIFT), shifted(one, SHIFT)];
  const mean = left.map((value, p) => (value + right[p]!) / 2);
  const canvas = part("canvas", { class: "grid three", width: 3 * 29 - 1, height: SIDE, role: "img", "aria-label": "A stroke, the same stroke shifted, and their mean, in which both are at half strength" }) as HTMLCanvasElement; // prettier-ignore
  paint(canvas, [...left, ...right, ...mean], { columns: 3, gap: 1 });
  const figure = part("figure", {});
  figure.append(canvas, part("figcaption", {}, "A stroke, the same one shifted, and the mean of both."));
  return figure;
}
