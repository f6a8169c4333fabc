import { chart } from "../../report/chart.ts";
import { element } from "../../report/markup.ts";

/** Points of a curve at most. */
const POINTS = 400;

/** Beyond that number every second point is left out; the newest stays. */
export const thinned = <T>(points: T[]): T[] =>
  points.length > POINTS ? points.filter((_, i) => (points.length - 1 - i) % 2 === 0) : points;

/** Milliseconds between two drawings at least. */
const DRAW_INTERVAL = 500;

/** Every term of the loss over the steps, each in a plot of its own: their scales differ. */
export class Curves {
  readonly #place: HTMLElement;
  readonly #terms = new Map<string, [step: number, value: number][]>();
  #drawn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#terms.clear();
    this.#place.replaceChildren();
  }

  add(step: number, terms: { readonly [term: string]: number }): void {
    for (const [name, value] of Object.entries(terms)) {
      const points = this.#terms.get(name) ?? [];
      // a resumed run goes over steps once more
      while (points.length > 0 && points.at(-1)![0] >= step) points.pop();
      points.push([step, value]);
      this.#terms.set(name, thinned(points));
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#draw(), Math.max(0, this.#drawn + DRAW_INTERVAL - performance.now()));
  }

  #draw(): void {
    this.#drawn = performance.now();
    const plots = [...this.#terms].map(([name, points]) => {
      const value = Number(points.at(-1)![1].toPrecision(4)).toLocaleString("en");
      const series = [{ name, role: "train" as const, points }];
      const plot = element(chart({ title: `${name} ${value}`, x: "step", y: "", series }, { size: [400, 210] }));
      plot.setAttribute("data-term", name);
      return plot;
    });
    this.#place.replaceChildren(...plots);
  }
}
