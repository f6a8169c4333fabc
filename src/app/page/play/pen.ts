import { element, h } from "../../report/markup.ts";

/** A place on a canvas, both in [0, 1], from its upper left corner. */
export type Place = readonly [x: number, y: number];

/** What a pen does on a canvas. */
export interface Pen {
  /** It is set down here. */
  down(at: Place, since: number): void;
  /** It is moved here while it is down. */
  move(at: Place, since: number): void;
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));
const STEP = 1 / 28;
const DIRECTIONS: { readonly [key: string]: Place } = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};

/**
 * Lets a canvas be drawn on by mouse, pen, finger, and by keys: arrows move the pen by a pixel of 28 (with Shift by four), Space sets it down
 * and lifts it. A ring shows where the keys' pen is.
 */
export function drawable(canvas: HTMLCanvasElement, pen: Pen): void {
  const placeOf = (event: PointerEvent): Place => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pen.down(placeOf(event), event.timeStamp);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) pen.move(placeOf(event), event.timeStamp);
  });

  let at: Place = [0.5, 0.2];
  let isDown = false;
  const marker = element(h("span", { class: "pen", "aria-hidden": "true" })) as HTMLElement;
  canvas.after(marker);
  const show = (): void => {
    marker.style.left = `${canvas.offsetLeft + at[0] * canvas.offsetWidth}px`;
    marker.style.top = `${canvas.offsetTop + at[1] * canvas.offsetHeight}px`;
    marker.classList.toggle("down", isDown);
  };
  canvas.addEventListener("focus", show);
  canvas.addEventListener("blur", () => (isDown = false));
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || (event.key === " " && event.repeat)) return;
    const far = event.shiftKey ? 4 * STEP : STEP;
    const direction = DIRECTIONS[event.key];
    if (event.key === " ") {
      isDown = !isDown;
      if (isDown) pen.down(at, event.timeStamp);
    } else if (direction) {
      at = [clamp(at[0] + far * direction[0]), clamp(at[1] + far * direction[1])];
      if (isDown) pen.move(at, event.timeStamp);
    } else return;
    event.preventDefault();
    show();
  });
}
