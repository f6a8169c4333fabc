import { resize, type ResizeOptions } from "../graph/ops/resize.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Layer } from "./layer.ts";

/**
 * Larger images, by the options of `resize`: [n, c, h, w] → [n, c, scale · h, scale · w].
 *
 *     const layer = new Upsample({ scale: 2, mode: "nearest" });
 */
export class Upsample implements Layer {
  /** It has none. */
  readonly parameters = {};
  readonly #options: ResizeOptions & { readonly scale: number | readonly [number, number] };

  constructor(options: ResizeOptions & { readonly scale: number | readonly [number, number] }) {
    this.#options = options;
  }

  /** The layer applied to a batch. */
  forward(x: Tensor): Tensor {
    return resize(x, null, this.#options);
  }
}
