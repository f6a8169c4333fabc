export { BatchNorm } from "./batchNorm.ts";
export { Conv2d, ConvTranspose2d } from "./conv2d.ts";
export { type Layer, named, sequential } from "./layer.ts";
export { Linear } from "./linear.ts";
export { adam, adamW, sgd } from "./optimiser.ts";
export { schedule } from "./schedule.ts";
export { train } from "./train.ts";
