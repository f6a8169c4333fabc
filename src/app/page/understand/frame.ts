import { decimal, logTicks, place, superscript, ticks } from "../../report/chart.ts";
import { type Child, h, type Markup } from "../../report/markup.ts";

/** Values along one side of a drawing, from its left or bottom to its right or top. */
export interface Axis {
  readonly from: number;
  readonly to: number;
  /** Whether equal steps are equal factors; then both ends are above 0. */
  readonly isLog?: boolean;
}

/** A drawing's size, the space around what it shows, and the values it shows. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly x: Axis;
  readonly y: Axis;
}

/** Where a value lies between the ends of its axis, 0 to 1. */
function partOf({ from, to, isLog }: Axis, value: number): number {
  const scale = isLog ? Math.log : (one: number) => one;
  return (scale(value) - scale(from)) / (scale(to) - scale(from));
}

/** The value that lies there. */
function valueOf({ from, to, isLog }: Axis, part: number): number {
  return isLog ? from * (to / from) ** part : from + part * (to - from);
}

const within = (part: number): number => Math.min(1, Math.max(0, part));

/** Where values lie on the drawing, from its top left. */
export const placeOf = (frame: Frame, x: number, y: number): readonly [left: number, top: number] => [
  frame.left + partOf(frame.x, x) * (frame.width - frame.left - frame.right),
  frame.height - frame.bottom - partOf(frame.y, y) * (frame.height - frame.top - frame.bottom),
];

/** The values at a place; a place outside gives those of the nearest inside. */
export const valuesAt = (frame: Frame, left: number, top: number): readonly [x: number, y: number] => [
  valueOf(frame.x, within((left - frame.left) / (frame.width - frame.left - frame.right))),
  valueOf(frame.y, within((frame.height - frame.bottom - top) / (frame.height - frame.top - frame.bottom))),
];

/** What lies within the frame's axes: whatever goes beyond is cut off. */
export const inside = ({ width, height, left, right, top, bottom }: Frame, ...children: readonly Child[]): Markup => {
  const box = [left, top, width - left - right, height - top - bottom] as const;
  return h("svg", { x: box[0], y: box[1], width: box[2], height: box[3], viewBox: box.join(" ") }, ...children);
};

/** `d` of a line through points of values. */
export const lineThrough = (frame: Frame, points: Iterable<readonly [x: number, y: number]>): string =>
  Array.from(points, ([x, y], i) => `${i === 0 ? "M" : "L"}${placeOf(frame, x, y).map(place).join(" ")}`).join("");

/** Values with a tick, and what stands beside each. */
function ticksOf({ from, to, isLog }: Axis, count: number): (readonly [value: number, label: string])[] {
  if (!isLog) return ticks(from, to, count).map((value) => [value, value.toLocaleString("en").replace("-", "−")]);
  return logTicks(from, to, count).map((value) => {
    const power = Math.log10(value);
    return [value, Number.isInteger(power) ? `10${superscript(power)}` : decimal(value)];
  });
}

/** How axes are named, and ticks that are not the usual ones. */
export interface AxisNames {
  readonly x: string;
  readonly y: string;
  readonly ticksOfX?: readonly (readonly [value: number, label: string])[];
}

/** Ticks, their labels, and names of both axes. */
export function axes(frame: Frame, names: AxisNames): Markup[] {
  const { width, height, left, right, top, bottom } = frame;
  const base = height - bottom;
  const across = (names.ticksOfX ?? ticksOf(frame.x, 6)).map(([value, label]) => {
    const x = place(placeOf(frame, value, frame.y.from)[0]);
    return [
      h("line", { class: "rule", x1: x, x2: x, y1: base, y2: base + 4 }),
      h("text", { class: "tick", x, y: base + 17, "text-anchor": "middle" }, label),
    ];
  });
  const up = ticksOf(frame.y, 5).map(([value, label]) => {
    const y = placeOf(frame, frame.x.from, value)[1];
    return [
      h("line", { class: "rule", x1: left, x2: width - right, y1: place(y), y2: place(y) }),
      h("text", { class: "tick", x: left - 6, y: place(y + 4), "text-anchor": "end" }, label),
    ];
  });
  const middle = (top + base) / 2;
  return [
    ...up.flat(),
    ...across.flat(),
    h("text", { class: "name", x: (left + width - right) / 2, y: height - 5, "text-anchor": "middle" }, names.x),
    h("text", { class: "name", transform: `translate(12 ${middle}) rotate(-90)`, "text-anchor": "middle" }, names.y),
  ];
}
