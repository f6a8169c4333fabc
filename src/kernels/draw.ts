import { ceilDiv, type Launch } from "./launch.ts";
import { draw as shaders } from "./shaders/draw.gen.ts";

/** Images and how they are drawn. */
export interface DrawShape {
  /** Bytes from the start of the binding to the first element. */
  readonly first: number;
  /** Elements are bytes, four to a word; else floats. */
  readonly bytes: boolean;
  readonly images: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly columns: number;
  readonly rows: number;
  /** Entries of the colour map. */
  readonly colours: number;
  /** Colours are multiplied by alpha, as a canvas takes them. */
  readonly premultiplied: boolean;
}

/** The grid of images `x`, by `colour_map`, into the texture `z` of `pixels`. */
export function draw(shape: DrawShape, pixels: number): Pick<Launch, "kernel" | "params" | "groups"> {
  const kernel = shaders.draw;
  return {
    kernel,
    params: { ...shape, bytes: Number(shape.bytes), premultiplied: Number(shape.premultiplied) },
    groups: [ceilDiv(pixels, kernel.constants.LANES), 1, 1],
  };
}
