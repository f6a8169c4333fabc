import { codeAt, type Plane } from "./plane.ts";

/** The code that the page stands at, and the plane through it. What shows it listens to `change`. */
export class Point {
  z: Float32Array<ArrayBuffer>;
  plane: Plane;
  readonly #listeners: ((since: number) => void)[] = [];

  constructor(z: Float32Array<ArrayBuffer>, plane: Plane) {
    this.z = z;
    this.plane = plane;
  }

  /** `since` is when the person acted, in milliseconds of the page's clock. */
  listen(listener: (since: number) => void): void {
    this.#listeners.push(listener);
  }

  set(z: Float32Array<ArrayBuffer>, since = performance.now()): void {
    this.z = z;
    for (const listener of this.#listeners) listener(since);
  }

  /** Goes to coordinates a and b of the plane. */
  move(a: number, b: number, since?: number): void {
    this.set(codeAt(this.plane, this.z, a, b), since);
  }
}
