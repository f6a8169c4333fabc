import type { Measured } from "../report.ts";
import type { FaceReport, FaceRow } from "./report.ts";
import type { FaceScores } from "./scores.ts";

const none = "–";

/** A value with its limits: "0.92 [0.89, 0.94]". */
const withLimits = ({ value, interval }: Measured, text: (value: number) => string): string =>
  interval ? `${text(value)} [${interval.map(text).join(", ")}]` : text(value);

const share = (value: number): string => value.toFixed(2);

/** Three significant digits: what a distance is depends on the network's features. */
const distance = (value: number): string => Number(value.toPrecision(3)).toString();

/** A line of the table: a set of images, and the model that drew it if one did. */
interface Line {
  readonly name: string;
  readonly scores: FaceScores;
  readonly row?: FaceRow;
}

const columns: readonly (readonly [head: string, cell: (line: Line) => string])[] = [
  ["images", ({ name }) => name],
  ["parameters", ({ row }) => row?.parameters.toLocaleString("en") ?? none],
  ["seconds to fit", ({ row }) => row?.seconds.toFixed(0) ?? none],
  ["bits/dim, test ↓", ({ row }) => (row ? `${row.likelihood.isBound ? "≤ " : ""}${row.bitsPerDim.toFixed(2)}` : none)],
  ["face found, BlazeFace ↑", ({ scores }) => withLimits(scores.blazeFace, share)],
  ["face found, tiny face detector ↑", ({ scores }) => withLimits(scores.tinyFace, share)],
  ["Fréchet distance ↓", ({ scores }) => withLimits(scores.frechet, distance)],
  ["kernel distance ↓", ({ scores }) => withLimits(scores.kernelDistance, distance)],
  ["precision / recall ↑", ({ scores }) => `${scores.precision.toFixed(2)} / ${scores.recall.toFixed(2)}`],
];

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** The table as Markdown, under what its numbers rest on. */
export function markdown(report: FaceReport): string {
  const { preset, seed, adapter, software, settings, detectors, threshold, minSize, real, shuffled, rows, data } = report;
  const { width, trainImages, boundImages, boundSamples } = settings;
  const lines: Line[] = [
    { name: "_real test images_", scores: real },
    { name: "_the same in shuffled tiles_", scores: shuffled },
    ...rows.map((row) => ({ name: row.about, scores: row.scores, row })),
  ];
  return [
    "# Faces",
    "",
    `\`npm run faces -- --preset ${preset} --seed ${seed}\` on ${adapter}${software ? " (a software adapter)" : ""}: ${data}, ${width} × ${width} pixels, ${trainImages.toLocaleString("en")} to fit, ${real.n.toLocaleString("en")} to test. Brackets hold 95 % intervals.`,
    `A face counts from score ${threshold} and ${minSize} pixels on; detectors: ${detectors.join("; ")}. Fréchet distance (squared), kernel distance, precision and recall: BlazeFace's 96 features, ${rows[0]?.scores.n.toLocaleString("en") ?? "no"} samples against as many training images.`,
    `Bits/dim: −log₂ p(x) / ${(3 * width * width).toLocaleString("en")} of dequantised grey levels, (byte + noise)/256; of the VAE a bound by ${boundSamples} importance-weighted draws on ${boundImages} test images. Its samples are means of p(x|z); those of the others are draws.`,
    "",
    line(columns.map(([head]) => head)),
    line(columns.map((_, i) => (i ? "---:" : "---"))),
    ...lines.map((one) => line(columns.map(([, cell]) => cell(one)))),
  ].join("\n");
} // prettier-ignore
