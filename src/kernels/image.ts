import { ceilDiv, type Launch } from "./launch.ts";
import { image as ofTexture } from "./shaders/image.gen.ts";
import { image_external as ofFrame } from "./shaders/image_external.gen.ts";

/** What becomes of a picture: numbers [channels, height, width] from low to high. */
export interface ImageShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly low: number;
  readonly high: number;
  /** Red, green and blue become one number; else channels stay as they are. */
  readonly grey: boolean;
  /** Where the picture's numbers begin among those of several. */
  readonly start: number;
}

/** A texture `x`, or a video frame, as numbers `y`. */
export function image(shape: ImageShape, external: boolean): Pick<Launch, "kernel" | "params" | "groups"> {
  const kernel = external ? ofFrame.image_external : ofTexture.image;
  const { height, width } = shape;
  return {
    kernel,
    params: { ...shape, grey: Number(shape.grey) },
    groups: [ceilDiv(height * width, kernel.constants.LANES), 1, 1],
  };
}
