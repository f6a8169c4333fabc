import type { Tensor } from "./tensor.ts";

/**
 * Inside a compiled step: `state` takes the value `next` when the step ends. Until then reads see the old value.
 *
 * Throws LatentError unless called in the function given to gpu.compile, once for each tensor made by gpu.state, with its shape.
 * A part of one may stand for it if its elements lie in order, from a multiple of 256 bytes on.
 *
 *     const step = await gpu.compile(() => assign(w, w.mul(0.9)));
 */
export const assign = (state: Tensor, next: Tensor): void => state.gpu.assign(state, next);
