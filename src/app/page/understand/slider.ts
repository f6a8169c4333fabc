import { part } from "./section.ts";

/** A slider over a list of numbers. */
export interface Slider {
  readonly node: HTMLElement;
}

/** Goes through the places 0 to `last`; `words` says what stands at one. */
export function slider(
  name: string,
  last: number,
  start: number,
  words: (at: number) => string,
  set: (at: number) => void,
): Slider {
  const input = part("input", { type: "range", min: 0, max: last, step: 1, "aria-label": name }) as HTMLInputElement;
  const told = part("output", {});
  const show = (): void => {
    told.textContent = words(input.valueAsNumber);
    input.setAttribute("aria-valuetext", words(input.valueAsNumber));
  };
  input.valueAsNumber = start;
  input.addEventListener("input", () => {
    show();
    set(input.valueAsNumber);
  });
  show();
  const node = part("label", { class: "slider" }, name);
  node.append(input, told);
  return { node };
}
