import { encodePng, imageGrid } from "../../src/formats/png.ts";
import type { PictureReport, Report, Scores } from "../../src/app/report.ts";

/** A grid of n made-up images of 28 × 28 pixels: rings that wander. */
function rings(key: string, caption: string, n: number, columns: number): PictureReport {
  const images = Float32Array.from({ length: n * 784 }, (_, i) => {
    const [image, x, y] = [Math.floor(i / 784), i % 28, Math.floor(i / 28) % 28];
    const radius = Math.hypot(x - 14 - 3 * Math.sin(image), y - 14 - 3 * Math.cos(2 * image));
    return Math.exp(-((radius - 7) ** 2) / 3);
  });
  const grid = imageGrid(images, [n, 1, 28, 28], { columns, background: 0.25 });
  const png = btoa(String.fromCharCode(...encodePng(grid)));
  return { key, caption, width: grid.width, height: grid.height, png };
}

const scores = (value: number, classScore: number): Scores => {
  const paired = (share: number) => ({
    value: share,
    interval: [share - 0.02, share + 0.02] as const,
    n: 2000,
    referenceN: 2000,
  });
  return {
    frechetDistance: { value, interval: [0.9 * value, 1.1 * value], n: 5000, referenceN: 10000 },
    kernelDistance: { value: value / 10, interval: [value / 10 - 0.1, value / 10 + 0.1], n: 2000, referenceN: 2000 },
    classScore: { value: classScore, interval: [classScore - 0.04, classScore + 0.04], n: 5000 },
    precision: paired(0.71),
    recall: paired(0.5),
    authenticity: { value: 0.9, n: 2000, referenceN: 2000 },
  };
};

const decay = (from: number, to: number, n: number, scale: number): [number, number][] =>
  Array.from({ length: n }, (_, i) => [
    ((i + 1) * scale) / n,
    to + (from - to) * Math.exp((-6 * i) / n) + 2 * Math.sin(9 * i),
  ]);

/** A report as the job writes it, all numbers made up; `text` stands wherever a string could come from outside. */
export function fixture(text = "made-up"): Report {
  const values = Array.from({ length: 784 }, (_, i) => 5 * Math.exp(-i / 40) + 1e-7);
  const scale = "Pixels in [0, 1] with uniform dequantisation, 1e-4 added to each variance.";
  return {
    schema: 2,
    tool: "latentgpu",
    version: "0.1.0",
    date: "2025-01-01T12:00:00.000Z",
    preset: "quick",
    seed: 1,
    seconds: 412,
    adapter: { vendor: "google", architecture: "swiftshader", description: text, software: true },
    browser: text,
    data: { name: "MNIST", train: 60000, test: 10000, shape: [1, 28, 28], pixels: "bytes / 255" },
    network: { name: "digits-v1", checksum: "72db39d2", parameters: 21840, features: 64, accuracy: 0.9885, n: 10000 },
    floor: scores(0.31, 9.71),
    models: [
      {
        key: "gaussian",
        name: "Gaussian, full",
        about: text,
        parameters: 308504,
        seconds: 12.1,
        logDensity: { value: 1286.2, train: 1285.9, bitsPerPixel: 5.63, n: 10000, scale },
        scores: scores(94.2, 4.1),
      },
      {
        key: "vae",
        name: "VAE 784-400-20",
        about: text,
        parameters: 652824,
        seconds: 91.23,
        loss: { value: 112.9, reconstruction: 87.1, kl: 25.8, n: 10000 },
        scores: scores(18.2, 7.9),
      },
      {
        key: "autoencoder",
        name: "AE 784-400-20",
        about: text,
        parameters: 644804,
        seconds: 60.5,
        loss: { value: 78.4, reconstruction: 78.4, n: 10000 },
      },
    ],
    curves: [
      {
        key: "vae",
        title: "VAE: BCE + KL by epoch",
        x: "epoch",
        y: "nats per image",
        series: [
          { name: "training batches", role: "train", points: decay(300, 110, 120, 3) },
          {
            name: "test",
            role: "test",
            points: [
              [1, 128.2],
              [2, 117.3],
              [3, 112.9],
            ],
          },
        ],
      },
      {
        key: "mixture",
        title: text,
        x: "iteration",
        y: "nats per image",
        series: [{ name: text, role: "train", points: decay(700, 1400, 30, 30) }],
      },
    ],
    spectrum: {
      values,
      shares: [
        { share: 0.5, directions: 11 },
        { share: 0.9, directions: 87 },
      ],
      constantPixels: 67,
      n: 60000,
    },
    pictures: [
      rings("test", "real test images", 64, 8),
      rings("gaussian-samples", text, 64, 8),
      rings("vae-samples", "VAE", 64, 8),
      rings("vae-interpolation", "between two digits", 40, 20),
      rings("vae-reconstructions", "above the images", 40, 20),
      rings("directions", "mean image and directions", 16, 4),
    ],
  };
}
