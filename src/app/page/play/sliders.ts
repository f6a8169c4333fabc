import { fixed } from "../fixed.ts";
import type { Point } from "./point.ts";

/** Ends of a slider: all but 1 of 17,000 draws of N(0, 1) lie within. */
const END = 4;

/** One slider for each number of the code, and the number beside it. */
export class Sliders {
  readonly #inputs: HTMLInputElement[] = [];
  readonly #numbers: HTMLOutputElement[] = [];
  readonly #point: Point;

  constructor(place: HTMLElement, latent: number, point: Point) {
    this.#point = point;
    const rows = Array.from({ length: latent }, (_, i) => this.#row(i));
    place.replaceChildren(...rows);
  }

  #row(i: number): HTMLElement {
    const label = document.createElement("label");
    const name = document.createElement("span");
    name.textContent = `z${i}`;
    const input = document.createElement("input");
    Object.assign(input, { type: "range", min: String(-END), max: String(END), step: "0.05" });
    input.setAttribute("aria-label", `Latent ${i}`);
    const number = document.createElement("output");
    input.addEventListener("input", (event) => {
      const z = this.#point.z.slice();
      z[i] = input.valueAsNumber;
      this.#point.set(z, event.timeStamp);
    });
    label.append(name, input, number);
    this.#inputs.push(input);
    this.#numbers.push(number);
    return label;
  }

  /** Puts the sliders where the code is. */
  show(): void {
    for (const [i, value] of this.#point.z.entries()) {
      const input = this.#inputs[i]!;
      // the one that is being dragged stands where the hand is
      if (Math.abs(input.valueAsNumber - value) > 0.025) input.valueAsNumber = value;
      this.#numbers[i]!.textContent = fixed(value, 2);
    }
  }
}
