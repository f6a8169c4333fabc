// Verdicts of the authors' notebook (vanderschaarlab/position-fidelity-diversity-metrics-flawed): by scenario and desideratum, of the pairs
// precision/recall, density/coverage, α-precision/β-recall, cover, symmetric and probabilistic; fidelity / diversity.

export const published: readonly { readonly [desideratum: string]: string }[] = [
  { b: "FTFTFF/FTFTFF", p: "TTTTTT/TTTTTT" },
  { b: "FFFTFF/FFFTFF", p: "FTTTFT/FTTTTT" },
  { b: "FFFFFF/FFFFFF", p: "TTFFFT/HFLFFH" },
  { b: "FTFFFF/FTFTFF", p: "TFFFFT/FTFTFT" },
  { b: "FTFFFF/FTFTFF", p: "TTFFFT/TTFFTT" },
  { b: "TTFFFF/TFFFFF", p: "TTFFFT/TFFFFT" },
  { b: "FFFFTF/FFFFTF", p: "FFTFTF/FFFFTF" },
  { n: "FFFFFF/FFFFFF", p: "FFFFFF/FFFFFF" },
  { h: "TTTFFT/FFFFFF", p: "FFFFFF/FFFFFF" },
  { b: "TTFFTT/TFTTFT", p: "TTTFTT/FFTFFF" },
  { b: "FTFTFF/FTFTFF", p: "TTTTTT/FFFFFF" },
  { b: "FTTTTT/TTTTTT", i: "FTTTTT/FTTTTT" },
  { b: "FTTTTF/TTFTTF", p: "TTTTTT/TTTTTT" },
  { b: "FFTFFF/FFTFFF", p: "FFFFFF/FFFFFF" },
  { b: "FFFFFF/FFFFFF", p: "FFFFFF/FFFFFF" },
];
