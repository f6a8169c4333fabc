import type { Codes } from "../../train/messages.ts";
import { COLOURS } from "../play/planeView.ts";

/** Share of the points that the plane shows at least. */
const SHARE = 0.995;

/** How much of the way the plane's size goes towards what the points need, at each look: it breathes, and does not jump. */
const PACE = 0.6;

/** Codes of test images on a plane, coloured by class. */
export class Scatter {
  readonly #canvas: HTMLCanvasElement;
  #codes: Codes | null = null;
  /** The coordinate at the edge. */
  #reach = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.#draw()).observe(canvas);
  }

  /** Another plane needs another size. */
  forget(): void {
    this.#reach = 0;
  }

  show(codes: Codes): void {
    this.#codes = codes;
    const sizes = codes.points.map(Math.abs).sort();
    const needed = 1.08 * Math.max(1e-6, sizes[Math.floor(SHARE * (sizes.length - 1))] ?? 1);
    this.#reach = this.#reach === 0 ? needed : this.#reach + PACE * (needed - this.#reach);
    this.#draw();
  }

  #draw(): void {
    const canvas = this.#canvas;
    const width = Math.round(canvas.clientWidth * devicePixelRatio);
    if (width === 0) return;
    if (canvas.width !== width) canvas.width = canvas.height = width;
    const context = canvas.getContext("2d")!;
    context.clearRect(0, 0, width, width);
    context.fillStyle = "#3a3f45";
    context.fillRect(width / 2, 0, 1, width);
    context.fillRect(0, width / 2, width, 1);
    if (!this.#codes) return;
    const { points, labels } = this.#codes;
    const size = Math.max(2, width / 170);
    const at = (value: number): number => ((value / this.#reach + 1) / 2) * width - size / 2;
    for (let i = 0; 2 * i < points.length; i++) {
      context.fillStyle = labels ? COLOURS[labels[i]!]! : COLOURS[5]!;
      context.fillRect(at(points[2 * i]!), at(-points[2 * i + 1]!), size, size);
    }
    context.fillStyle = "#dee2e6";
    context.font = `${Math.round(12 * devicePixelRatio)}px system-ui, sans-serif`;
    context.textAlign = "right";
    context.fillText(this.#reach.toPrecision(2), width - 6, width / 2 - 6);
  }
}
