import { add, mean, mul, sub } from "../../graph/ops/index.ts";
import {
  above,
  atLeast,
  checkSsim,
  defineModel,
  gaussianParts,
  klOptions,
  msSsim,
  onePass,
  weighted,
  whole,
} from "../latent/index.ts";

/**
 * A VAE whose images are compared by structure, at several scales:
 *
 *     loss = weight · (1 − similarity) + beta · kl,   similarity = MS-SSIM(x, mean of p(x|z))
 *
 * No likelihood is trained, so bounds on log p(x) say little. weight far below 100 lets the codes collapse. Source: Snell et al. 2017.
 *
 *     const model = new MSSIMVAE(gpu, { image: [1, 28, 28], window: 7, scales: 3, weight: 400 });
 */
export const MSSIMVAE = defineModel({
  name: "MSSIMVAE",
  options: { weight: atLeast(0, 400), window: whole(1, 7), sigma: above(0, 1.5), scales: whole(1, 3), ...klOptions },
  parts(build, options) {
    checkSsim("MSSIMVAE", options.image, options);
    return gaussianParts(build);
  },
  objective(images, parts, { draw, step }, options) {
    const { q, pixels, kl } = onePass(images, parts, draw);
    const similarity = mean(msSsim(images.x, pixels.mean, options));
    const loss = add(mul(sub(1, similarity), options.weight), weighted(kl, [[q]], options, step));
    return { loss, similarity, kl };
  },
});
export type MSSIMVAE = InstanceType<typeof MSSIMVAE>;
