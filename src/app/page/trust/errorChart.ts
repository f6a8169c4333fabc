import type { SelfTestResult } from "../../../index.ts";
import { superscript } from "../../report/chart.ts";
import { h, type Markup } from "../../report/markup.ts";

const width = 500;
const line = 24;
const box = { left: 250, right: 16, top: 8, bottom: 44 };
/** Powers of ten that the axis reaches at least: below the rounding of float32, and above every bound. */
const POWERS = { least: -9, most: -3 };
/** Where an exact result stands, left of the axis. */
const ZERO = box.left + 10;

/** A number of few digits, as a power of ten where it is small. */
export function scientific(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return value === 0 ? "0" : "not finite";
  const [digits, power] = value.toExponential(1).split("e");
  return `${digits} · 10${superscript(Number(power))}`;
}

/** Errors as dots and bounds as marks, both relative to the largest value of their check, on a logarithmic scale. */
export function errorChart(results: readonly SelfTestResult[]): Markup {
  const relative = results.map(({ name, error, bound, scale }) => ({
    name,
    error: error / scale,
    bound: bound / scale,
  }));
  const finite = relative.map(({ error }) => error).filter((error) => error > 0 && Number.isFinite(error));
  const most = Math.max(POWERS.most, Math.ceil(Math.log10(Math.max(...finite, 0)) + 1e-9));
  const [start, end] = [ZERO + 24, width - box.right];
  const at = (value: number): number => {
    if (value === 0) return ZERO;
    const share = (Math.log10(value) - POWERS.least) / (most - POWERS.least);
    return start + Math.min(1, Math.max(0, share)) * (end - start);
  };
  const height = box.top + box.bottom + line * results.length;
  const powers = Array.from({ length: most - POWERS.least + 1 }, (_, i) => POWERS.least + i);
  const failed = relative.filter(({ error, bound }) => !(error <= bound)).map(({ name }) => name);
  const summary = `Errors of ${results.length} checks beside their bounds. ${failed.length ? `Past it: ${failed.join(", ")}.` : "All lie within."}`;
  const bottom = height - box.bottom;
  const tick = (x: number, text: string): Markup[] => [
    h("line", { class: "rule", x1: x, x2: x, y1: box.top, y2: bottom }),
    h("text", { class: "tick", x, y: bottom + 18, "text-anchor": "middle" }, text),
  ];
  return h(
    "figure",
    { class: "plot" },
    h("figcaption", {}, "Error against float64, of the largest value"),
    h(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": summary, class: "chart errors" },
      tick(ZERO, "0"),
      powers.map((power) => tick(at(10 ** power), `10${superscript(power)}`)),
      h(
        "text",
        { class: "name", x: (start + end) / 2, y: height - 6, "text-anchor": "middle" },
        "relative error, logarithmic",
      ),
      relative.map(({ name, error, bound }, i) => row(name, box.top + line * (i + 0.5), error, bound, at)),
    ),
    h(
      "p",
      { class: "legend" },
      h("span", { class: "c0" }, "● error"),
      h("span", { class: "c1" }, "▏bound"),
      h("span", { class: "c3" }, "◆ error past its bound"),
    ),
  );
}

function row(name: string, y: number, error: number, bound: number, at: (value: number) => number): Markup {
  const x = Number.isFinite(error) ? at(error) : width - box.right;
  const isWithin = error <= bound;
  const words = `${name}: error ${scientific(error)}, bound ${scientific(bound)}`;
  return h(
    "g",
    {},
    h("title", {}, words),
    h("text", { x: box.left - 12, y: y + 4, "text-anchor": "end" }, name),
    h("line", { class: "bound", x1: at(bound), x2: at(bound), y1: y - 9, y2: y + 9 }),
    isWithin
      ? h("circle", { class: "within", cx: x, cy: y, r: 5 })
      : h("path", { class: "past", d: `M${x} ${y - 7}l7 7l-7 7l-7 -7z` }),
  );
}
