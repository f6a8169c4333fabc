import { type Child, element, h } from "../../report/markup.ts";
import { type Frame, placeOf, valuesAt } from "./frame.ts";

/** Something on a picture that a person moves, by pointer or by keys. */
export interface HandleOptions {
  /** What it is. */
  readonly name: string;
  /** A letter on it, where there are several. */
  readonly mark?: string;
  /** Its colour: one of the page's four. */
  readonly colour: 0 | 1 | 2 | 3;
  /** Where it stands, in values of the picture's frame. */
  at(): readonly [x: number, y: number];
  /** Brings it to values that lie in the frame. */
  move(x: number, y: number): void;
  /** An arrow key: −1, 0 or 1 to the right and up, with Shift −10 or 10. */
  press(right: number, up: number): void;
  /** What is to be seen where it stands, in words. */
  words(): string;
}

/** A handle on its picture. */
interface Handle {
  readonly node: HTMLElement;
  readonly options: HandleOptions;
}

const KEYS: { readonly [key: string]: readonly [right: number, up: number] } = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** A drawing of values within a frame, with handles over it. A click beside the handles moves the nearest one there. */
export class Picture {
  readonly node: HTMLElement;
  /** What the next drawing shows. */
  frame: Frame;
  readonly #handles: Handle[] = [];
  #drawing: Element | undefined;

  constructor(frame: Frame) {
    this.frame = frame;
    this.node = element(h("div", { class: "picture" })) as HTMLElement;
    this.node.addEventListener("click", (event) => {
      if (this.#handles.some(({ node }) => node.contains(event.target as Node))) return;
      const place = this.#placeUnder(event);
      const far = ({ options }: Handle): number => {
        const [left, top] = placeOf(this.frame, ...options.at());
        return Math.hypot(left - place[0], top - place[1]);
      };
      const nearest = [...this.#handles].sort((a, b) => far(a) - far(b))[0];
      nearest?.options.move(...valuesAt(this.frame, ...place));
      nearest?.node.focus();
    });
  }

  /** Draws anew. `summary` says what is drawn. */
  draw(summary: string, ...children: readonly Child[]): void {
    const { width, height } = this.frame;
    const attributes = { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": summary, class: "drawing" };
    const fresh = element(h("svg", attributes, ...children));
    if (this.#drawing) this.#drawing.replaceWith(fresh);
    else this.node.prepend(fresh);
    this.#drawing = fresh;
    this.place();
  }

  /** Puts the handles where they stand, and their words. */
  place(): void {
    const { width, height, x: axis } = this.frame;
    for (const { node, options } of this.#handles) {
      const [x, y] = options.at();
      const [left, top] = placeOf(this.frame, x, y);
      node.style.left = `${(100 * left) / width}%`;
      node.style.top = `${(100 * top) / height}%`;
      node.setAttribute("aria-valuemin", String(Math.min(axis.from, axis.to)));
      node.setAttribute("aria-valuemax", String(Math.max(axis.from, axis.to)));
      node.setAttribute("aria-valuenow", String(Number(x.toPrecision(6))));
      node.setAttribute("aria-valuetext", options.words());
    }
  }

  /** Adds a handle. */
  add(options: HandleOptions): HTMLElement {
    const attributes = { class: `handle c${options.colour}`, role: "slider", tabindex: 0, "aria-label": options.name };
    const node = element(h("div", attributes, h("span", {}, options.mark ?? ""))) as HTMLElement;
    node.addEventListener("pointerdown", (event) => {
      node.setPointerCapture(event.pointerId);
      event.preventDefault();
      node.focus();
    });
    node.addEventListener("pointermove", (event) => {
      if (node.hasPointerCapture(event.pointerId)) options.move(...valuesAt(this.frame, ...this.#placeUnder(event)));
    });
    node.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const end = { Home: this.frame.x.from, End: this.frame.x.to }[event.key];
      const way = KEYS[event.key];
      if (end === undefined && !way) return;
      event.preventDefault();
      if (!way) return options.move(end!, options.at()[1]);
      const times = event.shiftKey ? 10 : 1;
      options.press(times * way[0], times * way[1]);
    });
    this.#handles.push({ node, options });
    this.node.append(node);
    return node;
  }

  #placeUnder({ clientX, clientY }: MouseEvent): readonly [left: number, top: number] {
    const box = this.node.getBoundingClientRect();
    const { width, height } = this.frame;
    return [((clientX - box.left) / box.width) * width, ((clientY - box.top) / box.height) * height];
  }
}
