// A chart that is drawn as wide as its place, and anew when that changes.

import { dotChart, type DotChart } from "../../src/app/report/dotChart.ts";
import { element } from "../../src/app/report/markup.ts";
import { readOut } from "./readout.ts";

/** Least width of a drawing: narrower places scroll. */
const LEAST = 300;

/** Draws into `place`; `told` is where a dot's words stand. The function that comes back draws another chart there. */
export function drawnIn(place: HTMLElement, told: HTMLElement): (chart: DotChart) => void {
  let [current, width] = [undefined as DotChart | undefined, 0];
  const draw = (): void => {
    // a panel that is not seen has no width
    if (!current || width === 0) return;
    const node = element(dotChart(current, Math.max(LEAST, width)));
    readOut(node, told);
    place.replaceChildren(node);
  };
  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry!.contentRect.width);
    if (now === width || now === 0) return;
    width = now;
    draw();
  }).observe(place);
  return (chart) => {
    current = chart;
    draw();
  };
}
