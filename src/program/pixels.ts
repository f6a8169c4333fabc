// What a gpu's pictures load at their first call.
export { draw, toTexture } from "./draw.ts";
export { convert } from "./fromImage.ts";
