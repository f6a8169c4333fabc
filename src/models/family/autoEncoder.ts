import { mean, neg } from "../../graph/ops/index.ts";
import { CodeGaussian, codeParts, defineModel, EXAMPLE_NAMES } from "../latent/index.ts";

/**
 * Auto-encoder: a code of few numbers for each image, and an image for each code.
 *
 *     loss = −reconstruction = −log p(x|code)
 *
 * which is the binary cross-entropy ("bernoulli"), or ½‖x − x̂‖² + const ("gaussian", variance 1 unless said otherwise).
 * New images come from codes drawn from one Gaussian with full covariance, fitted to the training images' codes.
 *
 *     const model = new AutoEncoder(gpu, { image: [1, 28, 28], latent: 20 });
 *     await model.fit(data, { epochs: 3 });
 *     const pictures = await model.sample(16, { seed: 1 }).read();
 */
export const AutoEncoder = defineModel({
  name: "AutoEncoder",
  options: {},
  standard: { variance: 1 },
  names: EXAMPLE_NAMES,
  codes: CodeGaussian,
  parts: codeParts,
  objective({ x }, { encode, decode }) {
    const reconstruction = mean(decode(encode(x)).logProb(x));
    return { loss: neg(reconstruction), reconstruction };
  },
});
export type AutoEncoder = InstanceType<typeof AutoEncoder>;
