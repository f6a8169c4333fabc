export type { Elements } from "./formats/elements.ts";
export { type Code, LatentError } from "./formats/errors.ts";
export { type Idx, parseIdx } from "./formats/idx.ts";
export { type NpyArray, type NpyInput, type NpyType, type NpyValues, parseNpy, writeNpy } from "./formats/npy.ts";
export { type NpzReading, type NpzWriting, parseNpz, writeNpz } from "./formats/npz.ts";
export { type DecodedPicture, decodePng, type PngReading } from "./formats/pngRead.ts";
export { encodePng, type Grid, imageGrid, type Picture } from "./formats/png.ts";
export {
  type Metadata,
  parseSafetensors,
  type Safetensor,
  type Safetensors,
  type SafetensorsReading,
  type SafetensorType,
  writeSafetensors,
} from "./formats/safetensors.ts";
