import type { Examples } from "../modelFiles.ts";
import { coordinates, HALF_WIDTH } from "./plane.ts";
import type { Point } from "./point.ts";

/** Colours of the ten classes, on black. */
export const COLOURS = ["#ff6b6b", "#ffa94d", "#ffe066", "#a9e34b", "#38d9a9", "#4dd4fa", "#748ffc", "#da77f2", "#f783ac", "#dee2e6"]; // prettier-ignore

/** How far one press of an arrow key goes, in units of the plane; with Shift ten times as far. */
const STEP = 0.05;

/** Draws test codes and the point over the plane, and moves the point by pointer and keys. */
export class PlaneView {
  readonly #canvas: HTMLCanvasElement;
  readonly #point: Point;
  readonly #examples: Examples;
  /** Whether test codes are drawn. */
  showsCodes = true;
  /** Called with the coordinates under a mouse that presses nothing, and with null when it leaves. */
  onHover: (at: readonly [a: number, b: number] | null, since: number) => void = () => {};

  constructor(canvas: HTMLCanvasElement, point: Point, examples: Examples) {
    this.#canvas = canvas;
    this.#point = point;
    this.#examples = examples;
    new ResizeObserver(() => this.draw()).observe(canvas);
    point.listen(() => this.draw());
    this.#listen();
  }

  /** Draws everything anew. */
  draw(): void {
    const canvas = this.#canvas;
    const width = Math.round(canvas.clientWidth * devicePixelRatio);
    if (width === 0) return;
    if (canvas.width !== width) canvas.width = canvas.height = width;
    const context = canvas.getContext("2d")!;
    context.clearRect(0, 0, width, width);
    const { plane, z } = this.#point;
    const at = (value: number): number => ((value / HALF_WIDTH + 1) / 2) * width;
    const unit = width / 560;
    if (this.showsCodes) {
      const { codes, labels } = this.#examples;
      const size = Math.max(2, 3.4 * unit);
      for (const [i, label] of labels.entries()) {
        const [a, b] = coordinates(plane, codes.subarray(i * z.length, (i + 1) * z.length));
        context.fillStyle = COLOURS[label]!;
        context.fillRect(at(a) - size / 2, at(-b) - size / 2, size, size);
      }
    }
    const [a, b] = coordinates(plane, z);
    // dark under light, so that it is seen on strokes and between them
    for (const [colour, thickness] of [
      ["#000", 6],
      ["#fff", 2.5],
    ] as const) {
      context.strokeStyle = colour;
      context.lineWidth = thickness * unit;
      context.beginPath();
      context.arc(at(a), at(-b), 13 * unit, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  #listen(): void {
    const canvas = this.#canvas;
    const under = ({ clientX, clientY }: PointerEvent): [a: number, b: number] => {
      const box = canvas.getBoundingClientRect();
      const along = (from: number, length: number): number =>
        Math.min(1, Math.max(-1, (2 * from) / length - 1)) * HALF_WIDTH;
      return [along(clientX - box.left, box.width), -along(clientY - box.top, box.height)];
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#point.move(...under(event), event.timeStamp);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) this.#point.move(...under(event), event.timeStamp);
      else this.onHover(under(event), event.timeStamp);
    });
    canvas.addEventListener("pointerleave", (event) => this.onHover(null, event.timeStamp));
    canvas.addEventListener("keydown", (event) => {
      const ways: { readonly [key: string]: readonly [number, number] } = {
        ArrowLeft: [-1, 0],
        ArrowRight: [1, 0],
        ArrowUp: [0, 1],
        ArrowDown: [0, -1],
      };
      const way = ways[event.key];
      if (!way) return;
      event.preventDefault();
      const { plane, z } = this.#point;
      const length = STEP * (event.shiftKey ? 10 : 1);
      const [a, b] = coordinates(plane, z).map((from, axis) =>
        Math.min(HALF_WIDTH, Math.max(-HALF_WIDTH, from + way[axis]! * length)),
      ) as [number, number];
      this.#point.move(a, b, event.timeStamp);
    });
  }
}
