/** Numbers of committed reports that the text names; a test says where they come from. */
export const PUBLISHED = {
  /** Fréchet distance of the plain auto-encoder's samples, by where codes come from: bench/results/family.json. */
  autoEncoder: { prior: 1360.5, mixture: 170.5 },
  /** Of real test images from training images, at 5,000, and the interval without the bias: bench/results/report.json. */
  realImages: { n: 5000, distance: 3.3, interval: [0.2, 2.4] },
} as const;
