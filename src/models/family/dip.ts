import { add, exp, matmul, mean, mul, square, sub, sum, transpose } from "../../graph/ops/index.ts";
import { atLeast, defineModel, gaussianParts, identity, oneOf, onePass } from "../latent/index.ts";

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
  objective(images, parts, { draw }, { type, offDiagonal, diagonal }) {
    const { q, z, reconstruction, kl } = onePass(images, parts, draw);
    const one = identity(z.gpu, z.shape[1]!);
    const centred = sub(q.mean, mean(q.mean, 0));
    const ofMeans = mul(matmul(transpose(centred), centred), 1 / z.shape[0]!);
    const covariance = type === "I" ? ofMeans : add(ofMeans, mul(one, mean(exp(q.logVar), 0)));
    const errors = square(sub(covariance, one));
    const weights = add(mul(one, diagonal - offDiagonal), offDiagonal);
    const dip = sum(mul(errors, weights));
    return { loss: add(sub(kl, reconstruction), dip), reconstruction, kl, dip };
  },
});
export type DIPVAE = InstanceType<typeof DIPVAE>;
