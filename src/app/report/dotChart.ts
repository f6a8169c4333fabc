import { decimal, logTicks, place } from "./chart.ts";
import { h, type Markup } from "./markup.ts";

export type Shape = "circle" | "square" | "triangle" | "diamond";

/** What dots of one kind share: their name in the legend, and how they look. `tone` is a class of the style: c0 … c3, or own. */
export interface DotSeries {
  readonly name: string;
  readonly tone: string;
  readonly shape: Shape;
}

/** A number of a row, with limits where it has some. `words` say all of it. */
export interface Dot {
  readonly series: DotSeries;
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
  readonly words: string;
}

export interface DotRow {
  readonly name: string;
  readonly dots: readonly Dot[];
}

export interface DotChart {
  readonly title: string;
  /** What the axis shows, with its unit. */
  readonly axis: string;
  readonly rows: readonly DotRow[];
  /** For who does not see it. */
  readonly summary: string;
  /** A value that gets a line of its own. */
  readonly mark?: number;
}

/** Sizes in units of the drawing, in which text has 13. */
const LETTER = 7.5;
const TOP = 28;
const BOTTOM = 44;
const EDGE = 14;
const RADIUS = { circle: 6, square: 6, triangle: 7, diamond: 9 };

/** Where a positive value stands between `from` and `to`, logarithmic; `low` and `high` lie a little inside. */
export function logScale(
  values: readonly number[],
  from: number,
  to: number,
): { at(value: number): number; ticks: number[] } {
  const shown = values.filter((value) => value > 0 && Number.isFinite(value));
  // of one value alone, a factor of three on each side
  const margin = shown.length > 0 && Math.max(...shown) > Math.min(...shown) ? 1.15 : 3;
  const [low, high] = shown.length > 0 ? [Math.min(...shown) / margin, Math.max(...shown) * margin] : [1, 10];
  const at = (value: number): number => from + (Math.log(value / low) / Math.log(high / low)) * (to - from);
  return { at, ticks: logTicks(low, high, Math.max(3, Math.round((to - from) / 90))) };
}

const isShown = ({ value }: Dot): boolean => value > 0 && Number.isFinite(value);

/** Rows of dots on one logarithmic scale, as wide as its place: names stand beside their rows, or above them where that is narrow. */
export function dotChart({ title, axis, rows, summary, mark }: DotChart, width: number): Markup {
  const nameWidth = LETTER * Math.max(...rows.map(({ name }) => name.length), 10) + 20;
  const isNarrow = nameWidth > 0.42 * width;
  const [line, left] = isNarrow ? [48, EDGE] : [30, nameWidth];
  const dots = rows.flatMap((row) => row.dots.filter(isShown));
  const reach = dots.flatMap(({ value, low = value, high = value }) => [value, low, high]);
  const scale = logScale(mark === undefined ? reach : [...reach, mark], left + EDGE, width - 2 * EDGE);
  const bottom = TOP + line * rows.length;
  const height = bottom + BOTTOM;
  return h(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, role: "application", tabindex: 0, "aria-label": `${title}. ${summary}`, class: isNarrow ? "chart dots narrow" : "chart dots" },
    scale.ticks.map((value) => tick(place(scale.at(value)), decimal(value), bottom)),
    h("text", { class: "name", x: place((left + width) / 2), y: height - 6, "text-anchor": "middle" }, axis),
    mark === undefined ? null : h("line", { class: "mark", x1: place(scale.at(mark)), x2: place(scale.at(mark)), y1: TOP, y2: bottom }),
    rows.map((row, i) => {
      const top = TOP + line * i;
      const y = isNarrow ? top + 32 : top + line / 2;
      const name = isNarrow
        ? { x: EDGE, y: top + 16, "text-anchor": "start", ...fitted(row.name, width - 2 * EDGE) }
        : { x: place(left - EDGE), y: y + 4, "text-anchor": "end" };
      return [
        h("line", { class: "rule", x1: left, x2: width - EDGE, y1: y, y2: y }),
        h("text", { class: "row", ...name }, row.name),
        inOrder(row.dots).map((dot) => marked(dot, i, scale.at, y)),
      ];
    }),
  ); // prettier-ignore
}

/** A name above its row has 12; one that may be too long is pressed together, whatever the font. */
const fitted = (name: string, width: number): Markup["attributes"] =>
  (12 / 13) * LETTER * name.length > width ? { textLength: width, lengthAdjust: "spacingAndGlyphs" } : {};

/** From left to right; dots of one's own are drawn last, above all others. */
const inOrder = (dots: readonly Dot[]): Dot[] =>
  dots
    .filter(isShown)
    .sort((a, b) => Number(a.series.shape === "diamond") - Number(b.series.shape === "diamond") || a.value - b.value);

const tick = (x: string, text: string, bottom: number): Markup[] => [
  h("line", { class: "rule", x1: x, x2: x, y1: TOP, y2: bottom }),
  h("text", { class: "tick", x, y: TOP - 10, "text-anchor": "middle" }, text),
  h("text", { class: "tick", x, y: bottom + 18, "text-anchor": "middle" }, text),
];

function marked(
  { series, value, low, high, words }: Dot,
  row: number,
  at: (value: number) => number,
  y: number,
): Markup {
  const limits = low !== undefined && high !== undefined && low > 0 && Number.isFinite(high);
  return h(
    "g",
    { class: `dot ${series.tone}`, "data-row": row, "data-x": place(at(value)) },
    h("title", {}, words),
    limits ? h("line", { class: "limits", x1: place(at(low)), x2: place(at(high)), y1: y, y2: y }) : null,
    h("path", { transform: `translate(${place(at(value))} ${y})`, d: outline(series.shape) }),
  );
}

/** The shape around 0, 0. */
function outline(shape: Shape): string {
  const r = RADIUS[shape];
  if (shape === "circle") return `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
  if (shape === "diamond") return `M0 ${-r}L${r} 0L0 ${r}L${-r} 0z`;
  if (shape === "triangle") return `M0 ${-r}L${r} ${r - 1}L${-r} ${r - 1}z`;
  return `M${-r} ${-r}h${2 * r}v${2 * r}h${-2 * r}z`;
}

/** What the shapes and colours mean. */
export const dotLegend = (series: readonly DotSeries[]): Markup =>
  h(
    "p",
    { class: "legend" },
    series.map(({ name, tone, shape }) =>
      h(
        "span",
        {},
        h(
          "svg",
          { viewBox: "-10 -10 20 20", width: 16, height: 16, "aria-hidden": "true", class: "dots" },
          h("g", { class: `dot ${tone}` }, h("path", { d: outline(shape) })),
        ),
        ` ${name}`,
      ),
    ),
  );

/** Every series that has a dot, in the order of their first ones. */
export const seriesOf = (rows: readonly DotRow[]): DotSeries[] => [
  ...new Set(rows.flatMap(({ dots }) => dots.map(({ series }) => series))),
];
