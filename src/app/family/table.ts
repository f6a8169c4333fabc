import type { Measured } from "../report.ts";
import type { FamilyReport, FamilyRow, SampleScores } from "./row.ts";

const none = "–";
const one = (value: number | undefined): string => (value === undefined ? none : value.toFixed(1));
const percent = (value: number): string => `${Math.round(100 * value)}`;
const limits = ({ value, interval }: Measured): string =>
  interval ? `${value.toFixed(1)} ± ${((interval[1] - interval[0]) / 2).toFixed(1)}` : value.toFixed(1);
const frechet = (scores: SampleScores | undefined): string => (scores ? limits(scores.frechet) : none);
const overlap = (scores: SampleScores | undefined): string =>
  scores ? `${percent(scores.precision)}/${percent(scores.recall)}` : none;

/** The columns of the table. */
const columns: readonly (readonly [head: string, cell: (row: FamilyRow) => string])[] = [
  ["model", ({ model }) => model],
  ["seconds", ({ seconds }) => Math.round(seconds).toString()],
  ["−R", ({ reconstruction }) => one(-reconstruction)],
  ["KL", ({ kl }) => one(kl)],
  ["−ELBO", ({ elbo }) => one(elbo === undefined ? undefined : -elbo)],
  ["−log p(x)", ({ logProb }) => one(logProb === undefined ? undefined : -logProb.value)],
  ["active", ({ activeUnits: { value, of } }) => `${value}/${of}`],
  ["FD, prior ↓", ({ prior }) => frechet(prior)],
  ["FD, mixture ↓", ({ mixture }) => frechet(mixture)],
  ["KID, prior ↓", ({ prior }) => prior.kernelDistance.value.toFixed(1)],
  ["KID, mixture ↓", ({ mixture }) => (mixture ? mixture.kernelDistance.value.toFixed(1) : none)],
  ["P/R, prior", ({ prior }) => overlap(prior)],
  ["P/R, mixture", ({ mixture }) => overlap(mixture)],
  ["precision@10", ({ codes }) => (codes ? percent(codes.retrieval.value) : none)],
  ["linear", ({ codes }) => (codes ? percent(codes.linear.value) : none)],
];

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** One block of rows under its heading. */
function block(rows: readonly FamilyRow[]): string[] {
  return [
    line(columns.map(([head]) => head)),
    line(columns.map((_, i) => (i ? "---:" : "---"))),
    ...rows.map((row) => line(columns.map(([, cell]) => cell(row)))),
  ];
}

/** The table as Markdown: likelihoods of binary pixels first, then what was trained on grey ones. */
export function markdown({
  rows,
  baseline,
  features,
  settings,
  preset,
  seed,
  adapter,
  software,
  components,
}: FamilyReport): string {
  const of = (pixels: "binary" | "grey") => rows.filter((row) => row.pixels === pixels);
  const best = [...rows]
    .filter(({ mixture }) => mixture)
    .sort((a, b) => a.mixture!.frechet.value - b.mixture!.frechet.value);
  const ranked = best.slice(0, 5).map(({ model, mixture }) => `${model} ${mixture!.frechet.value.toFixed(1)}`);
  const notes = rows.flatMap(({ model, note }) => (note ? [`${model}: ${note}.`] : []));
  return [
    "# The family on MNIST",
    "",
    `\`npm run family -- --preset ${preset} --seed ${seed}\` on ${adapter}${software ? " (a software adapter)" : ""}: ${settings.trainImages.toLocaleString("en")} training images, ${settings.epochs} epochs of batches of ${settings.batch}, ${settings.hidden} hidden units, codes of ${settings.latent} numbers unless the model says otherwise. Nats per test image (${settings.testImages.toLocaleString("en")}).`,
    `FD, KID, P/R: ${features.name} (${features.checksum}), ${settings.samples.toLocaleString("en")} samples; real test images get FD ${limits(baseline.frechet)}, KID ${baseline.kernelDistance.value.toFixed(1)}, P/R ${overlap(baseline)}. "mixture": codes drawn from ${components} Gaussians fitted to training codes.`,
    "",
    "Pixels 0 or 1, drawn from the grey levels: these likelihoods can be compared.",
    "",
    ...block(of("binary")),
    "",
    "Grey pixels: densities and squared errors, comparable only between equal likelihoods.",
    "",
    ...block(of("grey")),
    "",
    `Smallest FD with a mixture on the codes: ${ranked.join(", ")}. ${notes.join(" ")}`,
  ].join("\n");
}
