export { adam, adamW } from "./adam.ts";
export { BatchNorm } from "./batchNorm.ts";
export { Conv2d, ConvTranspose2d } from "./conv2d.ts";
export { type Layer, named, sequential } from "./layer.ts";
export { Linear, LinearHeads } from "./linear.ts";
export { TrainingControl } from "./control.ts";
export { sgd } from "./sgd.ts";
export { schedule } from "./schedule.ts";
export { train } from "./train.ts";
