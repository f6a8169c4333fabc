import type { LogDensity, DecoderLoss, ModelReport, ScoreReport, Scores } from "../report.ts";
import { h, type Markup } from "./markup.ts";
import { scrolled } from "./scrolled.ts";

/** A column: its heading, which way is better, and the cell of a row. */
interface Column {
  head: string;
  note: string;
  cell: (row: Row) => string;
}

type Row = Partial<ModelReport> & { name: string };

/** A report, or as much of one as there is while the job runs. */
export interface Scored {
  floor?: Scores | undefined;
  models: readonly ModelReport[];
}

/** What a cell says where a model has no such number. */
const none = "–";

export const count = (value: number): string => value.toLocaleString("en");

/** Seconds as 42 s or 3:05. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return none;
  const whole = Math.round(seconds);
  return seconds < 10
    ? `${seconds.toFixed(1)} s`
    : whole < 60
      ? `${whole} s`
      : `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Three to four digits that matter. */
export const short = (value: number): string =>
  !Number.isFinite(value) ? String(value) : Math.abs(value) >= 100 ? value.toFixed(1) : value.toPrecision(3);

/** A value with the limits of its 95 % interval, to the digits that this says something of. */
const scored = (score: ScoreReport | undefined): string => {
  if (!score) return none;
  const { value, interval } = score;
  const width = interval ? interval[1] - interval[0] : Math.abs(value) / 100;
  const digits = Math.min(4, Math.max(0, Math.ceil(-Math.log10(width || 1)) + 1));
  const text = (number: number): string => number.toFixed(digits).replace(/^-(0\.?0*)$/, "$1");
  return `${text(value)}${interval ? ` [${interval.map(text).join(", ")}]` : ""}`;
};
const density = (score: LogDensity | undefined): string => (score ? score.value.toFixed(1) : none);
const loss = (score: DecoderLoss | undefined): string =>
  !score ? none : score.kl === undefined ? `${short(score.value)} (BCE)` : short(score.value);

/** The measures of samples: key, heading, which way is better. */
const MEASURES: readonly (readonly [key: keyof Scores, head: string, better: string])[] = [
  ["frechetDistance", "Fréchet", "↓"],
  ["kernelDistance", "kernel", "↓"],
  ["classScore", "class score", "↑"],
  ["precision", "precision", "↑"],
  ["recall", "recall", "↑"],
  ["authenticity", "authentic", "↑"],
];

/** The columns of the one table. Log-densities and BCE are different quantities, so they have a column each. */
function columns(report: Scored): Column[] {
  const first = [report, ...report.models].map(scoresOf).find((scores) => scores !== undefined);
  const of = (measure: keyof Scores, better: string): string =>
    first ? `n ${count(first[measure].n)} ${better}` : better;
  return [
    { head: "model", note: "", cell: ({ name }) => name },
    { head: "parameters", note: "", cell: ({ parameters }) => (parameters === undefined ? none : count(parameters)) },
    { head: "seconds", note: "to fit", cell: ({ seconds }) => (seconds === undefined ? none : seconds.toFixed(1)) },
    { head: "log p(x)", note: "test, nats ↑", cell: (row) => density(row.logDensity) },
    { head: "BCE + KL", note: "test, nats ↓", cell: (row) => loss(row.loss) },
    ...MEASURES.map(([key, head, better]) => ({
      head,
      note: of(key, better),
      cell: ({ scores }: Row) => scored(scores?.[key]),
    })),
  ];
}

/** The floor first, then the models as they were fitted. */
const rows = ({ floor, models }: Scored): Row[] => [
  { name: "real test images (floor)", ...(floor ? { scores: floor } : {}) },
  ...models,
];

const scoresOf = (one: Scored | ModelReport): Scores | undefined =>
  "floor" in one ? one.floor : "scores" in one ? one.scores : undefined;

/** The table as lines of text, columns aligned. */
export function textTable(report: Scored): string {
  const shown = columns(report);
  const body = rows(report).map((row) => shown.map(({ cell }) => cell(row)));
  const lines = [shown.map(({ head }) => head), shown.map(({ note }) => note), ...body];
  const widths = shown.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const aligned = lines.map((line) =>
    line
      .map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
  aligned.splice(2, 0, "-".repeat(widths.reduce((sum, width) => sum + width + 2, -2)));
  return aligned.join("\n");
}

/** The same table as an element. */
export function htmlTable(report: Scored): Markup {
  const shown = columns(report);
  const head = shown.map(({ head, note }, i) =>
    h("th", { scope: "col", class: i ? "number" : "" }, head, note ? h("small", {}, note) : null),
  );
  const body = rows(report).map((row, index) =>
    h(
      "tr",
      { class: index ? "" : "floor" },
      shown.map(({ cell }, i) => (i ? h("td", { class: "number" }, cell(row)) : h("th", { scope: "row" }, cell(row)))),
    ),
  );
  return scrolled("Scores", h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, body)));
}
