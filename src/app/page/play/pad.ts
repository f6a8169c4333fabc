import { drawable, type Place } from "./pen.ts";
import type { Grey } from "./sketch.ts";

/** A canvas to draw on, white on black. */
export class Pad {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  /** Called with the time of the person's action whenever the drawing changed. */
  onChange: (since: number) => void = () => {};
  /** Whether a picture was put here that the first stroke takes away. */
  #isExample = false;

  constructor(canvas: HTMLCanvasElement, thickness: number) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { willReadFrequently: true })!;
    Object.assign(this.#context, { lineCap: "round", lineJoin: "round", strokeStyle: "#fff", lineWidth: thickness });
    let last: Place = [0, 0];
    const line = ([x, y]: Place, since: number): void => {
      const context = this.#context;
      context.beginPath();
      context.moveTo(last[0] * canvas.width, last[1] * canvas.height);
      context.lineTo(x * canvas.width, y * canvas.height);
      context.stroke();
      last = [x, y];
      this.onChange(since);
    };
    drawable(canvas, {
      down: (at, since) => {
        if (this.#isExample) this.clear();
        last = at;
        line(at, since);
      },
      move: line,
    });
  }

  /** What is drawn, as grey levels in [0, 1]. */
  read(): Grey {
    const { width, height } = this.#canvas;
    const { data } = this.#context.getImageData(0, 0, width, height);
    const pixels = new Float32Array(width * height);
    for (let i = 0; i < pixels.length; i++) pixels[i] = (data[4 * i]! * data[4 * i + 3]!) / 255 ** 2;
    return { width, height, pixels };
  }

  clear(): void {
    this.#isExample = false;
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    this.onChange(performance.now());
  }

  /** Draws an image [28, 28] over the whole pad, until a person draws. */
  put(image: ArrayLike<number>): void {
    this.#isExample = true;
    const small = new OffscreenCanvas(28, 28);
    const picture = new ImageData(28, 28);
    for (let p = 0; p < 784; p++) picture.data.set([255, 255, 255, image[p]! * 255], 4 * p);
    small.getContext("2d")!.putImageData(picture, 0, 0);
    const { width, height } = this.#canvas;
    this.#context.clearRect(0, 0, width, height);
    this.#context.drawImage(small, 0, 0, width, height);
    this.onChange(performance.now());
  }
}
