import type { Curve, Series, Spectrum } from "../report.ts";
import { h, type Markup } from "./markup.ts";

const box = { left: 62, right: 16, top: 14, bottom: 44 };

/** Round numbers from low to high, at most about `count` of them. */
export function ticks(low: number, high: number, count = 6): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => power * factor >= rough * 0.999)!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/**
 * Values for a logarithmic axis from low to high, both above 0: powers of ten, at most about `count`. Where there are fewer than three,
 * twice and five times these as well; round numbers where even these are few.
 */
export function logTicks(low: number, high: number, count = 6): number[] {
  const [first, last] = [Math.log10(low), Math.log10(high)];
  const powers = ticks(Math.ceil(first - 1e-9), Math.floor(last + 1e-9), count).filter(Number.isInteger);
  if (last - first >= 2 && powers.length > 2) return powers.map((power) => 10 ** power);
  const exponents = Array.from({ length: Math.ceil(last) - Math.floor(first) + 1 }, (_, i) => Math.floor(first) + i);
  const finer = exponents
    .flatMap((power) => [1, 2, 5].map((factor) => Number((factor * 10 ** power).toPrecision(12))))
    .filter((value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9));
  return finer.length > 2 ? finer : ticks(low, high, 4);
}

/** A position on paper for a value, and the values that get a tick. */
interface Axis {
  at: (value: number) => number;
  ticks: number[];
  label: (value: number) => string;
}

function axis(values: readonly number[], from: number, to: number, { log = false, count = 6 } = {}): Axis {
  const shown = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  const scale = log ? Math.log10 : (value: number) => value;
  let low = scale(Math.min(...shown));
  let high = scale(Math.max(...shown));
  if (shown.length === 0) [low, high] = [0, 1];
  if (high - low < 1e-12) [low, high] = [low - 0.5, high + 0.5];
  const at = (value: number) => from + ((scale(value) - low) / (high - low)) * (to - from);
  if (!log) return { at, ticks: ticks(low, high, count), label: decimal };
  const marks = logTicks(10 ** low, 10 ** high, count);
  const arePowers = marks.every((value) => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9);
  return {
    at,
    ticks: marks,
    label: arePowers ? (value) => `10${superscript(Math.round(Math.log10(value)))}` : decimal,
  };
}

const digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
/** A whole number as an exponent is written. */
export const superscript = (power: number): string =>
  `${power < 0 ? "⁻" : ""}${Array.from(String(Math.abs(power)), (d) => digits[Number(d)]).join("")}`;

/** Thousands apart, no needless zeros: 60,000, 0.25. */
export const decimal = (value: number): string => value.toLocaleString("en", { maximumSignificantDigits: 6 });

/** A coordinate as text. */
export const place = (value: number): string => value.toFixed(1);

/** `d` of a polyline; points that no axis can show break it. */
function path(points: readonly (readonly [number, number])[], x: Axis, y: Axis): string {
  let pen = "M";
  let result = "";
  for (const [px, py] of points) {
    const [left, top] = [x.at(px), y.at(py)];
    if (!Number.isFinite(left) || !Number.isFinite(top)) {
      pen = "M";
      continue;
    }
    result += `${pen}${place(left)} ${place(top)}`;
    pen = "L";
  }
  return result;
}

export interface ChartOptions {
  logX?: boolean;
  logY?: boolean;
  /** Values that the vertical axis must reach. */
  include?: readonly number[];
  /** Units of the drawing, in which its text has 13; 640 × 300. */
  size?: readonly [width: number, height: number];
}

/** A line chart as SVG: axes with ticks, faint grid, a legend under the plot when there is more than one line. */
export function chart({ title, x: xName, y: yName, series }: Omit<Curve, "key">, options: ChartOptions = {}): Markup {
  const all = series.flatMap(({ points }) => points);
  const [width, height] = options.size ?? [640, 300];
  const x = axis(
    all.map(([value]) => value),
    box.left,
    width - box.right,
    { log: options.logX ?? false, count: Math.round(width / 91) },
  );
  const y = axis([...all.map(([, value]) => value), ...(options.include ?? [])], height - box.bottom, box.top, {
    log: options.logY ?? false,
  });
  const summary = `${title}. ${series.map(lastPoint).join("; ")}`;
  const lines = series.map((one, index) => line(one, index, x, y));
  const svg = h(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": summary, class: "chart" },
    y.ticks.map((value) => [
      h("line", { class: "rule", x1: box.left, x2: width - box.right, y1: place(y.at(value)), y2: place(y.at(value)) }),
      h("text", { class: "tick", x: box.left - 8, y: place(y.at(value) + 4), "text-anchor": "end" }, y.label(value)),
    ]),
    x.ticks.map((value) => [
      h("line", {
        class: "rule",
        x1: place(x.at(value)),
        x2: place(x.at(value)),
        y1: height - box.bottom,
        y2: height - box.bottom + 5,
      }),
      h(
        "text",
        { class: "tick", x: place(x.at(value)), y: height - box.bottom + 19, "text-anchor": "middle" },
        x.label(value),
      ),
    ]),
    h("text", { class: "name", x: (box.left + width - box.right) / 2, y: height - 6, "text-anchor": "middle" }, xName),
    h(
      "text",
      {
        class: "name",
        transform: `translate(13 ${(height - box.bottom + box.top) / 2}) rotate(-90)`,
        "text-anchor": "middle",
      },
      yName,
    ),
    lines,
  );
  return h("figure", { class: "plot" }, h("figcaption", {}, title), svg, series.length > 1 ? legend(series) : null);
}

function line({ points, role, name }: Series, index: number, x: Axis, y: Axis): Markup {
  const dots =
    role !== "train" ? points.filter(([px, py]) => Number.isFinite(x.at(px)) && Number.isFinite(y.at(py))) : [];
  return h(
    "g",
    { class: `line c${index % 4} ${role}` },
    role === "points" ? null : h("path", { d: path(points, x, y), fill: "none" }),
    role === "test" && dots.length > 40
      ? null
      : dots.map(([px, py]) =>
          h(
            "circle",
            { cx: place(x.at(px)), cy: place(y.at(py)), r: 3.5 },
            h("title", {}, `${name}: ${decimal(py)} at ${decimal(px)}`),
          ),
        ),
  );
}

const legend = (series: readonly Series[]): Markup =>
  h(
    "p",
    { class: "legend" },
    series.map(({ name, role }, index) => h("span", { class: `c${index % 4} ${role}` }, h("i", {}), name)),
  );

function lastPoint({ name, points }: Series): string {
  const last = points.at(-1);
  return last ? `${name} ends at ${decimal(Number(last[1].toPrecision(4)))}` : `${name} has no points yet`;
}

/** The covariance spectrum on a logarithmic scale, and the cumulative share of the variance beneath it. */
export function spectrumCharts({ values, n }: Spectrum): Markup[] {
  const total = values.reduce((sum, value) => sum + Math.max(0, value), 0);
  let sum = 0;
  const cumulative = values.map((value, i): [number, number] => [i + 1, (100 * (sum += Math.max(0, value))) / total]);
  // eigenvalues below float32's reach of the largest are rounding, and would only stretch the axis
  const shown = values
    .map((value, i): [number, number] => [i + 1, value])
    .filter(([, value]) => value > values[0]! * 1e-7);
  const of = `${values.length} pixels, ${decimal(n)} training images`;
  return [
    chart(
      {
        title: `Eigenvalues of the pixel covariance (${of})`,
        x: "direction, largest first",
        y: "variance",
        series: [{ name: "eigenvalue", role: "train", points: shown }],
      },
      { logY: true },
    ),
    chart(
      {
        title: "Share of the variance in the first directions",
        x: "directions kept (logarithmic)",
        y: "% of the variance",
        series: [{ name: "cumulative share", role: "train", points: cumulative }],
      },
      { logX: true, include: [0, 100] },
    ),
  ];
}
