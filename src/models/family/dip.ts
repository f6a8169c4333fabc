import { add, mul, square, sub } from "../../graph/ops/arithmetic.ts";
import { exp } from "../../graph/ops/elementwise.ts";
import { matmul } from "../../graph/ops/matmul.ts";
import { transpose } from "../../graph/ops/shape.ts";
import { mean, sum } from "../../graph/ops/sum.ts";
import { defineModel } from "../latent/define.ts";
import { identity } from "../latent/matrices.ts";
import { atLeast, oneOf } from "../latent/options.ts";
import { gaussianParts } from "../latent/parts.ts";

/**
 * DIP-VAE: the covariance C of the codes is drawn to the identity.
 *
 *     loss = −reconstruction + kl + dip,   dip = offDiagonal · Σ_{i≠j} C_ij² + diagonal · Σ_i (C_ii − 1)²
 *
 * type "I": C = Cov(mean); "II": C = Cov(mean) + diag(E[e^logVar]), both over the batch, divided by its size.
 * Source: Kumar, Sattigeri & Balakrishnan 2018.
 *
 *     const model = new DIPVAE(gpu, { image: [1, 28, 28], type: "II", diagonal: 10 });
 */
export const DIPVAE = defineModel({
  name: "DIPVAE",
  options: { type: oneOf("I", "II"), offDiagonal: atLeast(0, 10), diagonal: atLeast(0, 100) },
  parts: gaussianParts,
  objective({ x }, { encode, decode, prior }, { draw }, { type, offDiagonal, diagonal }) {
    const q = encode(x);
    const z = q.sample(draw("z"));
    const reconstruction = mean(decode(z).logProb(x));
    const kl = mean(q.klTo(prior, z));
    const one = identity(x.gpu, z.shape[1]!);
    const centred = sub(q.mean, mean(q.mean, 0));
    const ofMeans = mul(matmul(transpose(centred), centred), 1 / x.shape[0]!);
    const covariance = type === "I" ? ofMeans : add(ofMeans, mul(one, mean(exp(q.logVar), 0)));
    const errors = square(sub(covariance, one));
    const weights = add(mul(one, diagonal - offDiagonal), offDiagonal);
    const dip = sum(mul(errors, weights));
    return { loss: add(sub(kl, reconstruction), dip), reconstruction, kl, dip };
  },
});
export type DIPVAE = InstanceType<typeof DIPVAE>;
