import { encodePng, imageGrid } from "../../formats/png.ts";
import type { PictureReport } from "../report.ts";

/** Brightness of the lines between images. */
const LINES = 0.3;

/** A grid of images [n, 1, h, w] with values in [0, 1], what lies outside clamped, as a picture of the report. */
export function gridPicture(
  key: string,
  caption: string,
  images: Float32Array,
  shape: readonly number[],
  columns: number,
): PictureReport {
  const grid = imageGrid(images, shape, { columns, background: LINES });
  return { key, caption, width: grid.width, height: grid.height, png: base64(encodePng(grid)) };
}

function base64(bytes: Uint8Array): string {
  let text = "";
  // String.fromCharCode takes its characters as arguments, of which there may not be too many
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}
