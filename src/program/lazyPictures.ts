// What the picture calls of a gpu load lazily, at the first of them.
export { convert } from "./convert.ts";
export { draw } from "./draw.ts";
export { toTexture } from "./toTexture.ts";
