import type { Tensor } from "./tensor.ts";

/**
 * Inside a compiled step: `state` takes the value `next` when the step ends. Until then reads see the old value.
 *
 * Throws LatentError unless called in the function given to gpu.compile, on a tensor made by gpu.state, with its shape.
 */
export const assign = (state: Tensor, next: Tensor): void => state.gpu.assign(state, next);
