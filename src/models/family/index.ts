export { AutoEncoder } from "./autoEncoder.ts";
export { BetaTCVAE } from "./betaTc.ts";
export { BetaVAE } from "./beta.ts";
export { FactorVAE } from "./factor.ts";
export { VAE } from "./vae.ts";
