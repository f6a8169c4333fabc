// What a dot says, under the pointer and by keyboard.

/** The dots of a chart in the order of reading: row by row, from left to right. */
function inOrder(chart: Element): Element[] {
  const at = (dot: Element, name: string): number => Number(dot.getAttribute(name));
  return [...chart.querySelectorAll(".dot")].sort(
    (a, b) => at(a, "data-row") - at(b, "data-row") || at(a, "data-x") - at(b, "data-x"),
  );
}

/** The nearest dot of the next row that has one; `step` is 1 or −1. */
function acrossRows(dots: readonly Element[], from: Element, step: number): Element | undefined {
  const row = (dot: Element): number => Number(dot.getAttribute("data-row"));
  const gap = (dot: Element): number => Math.abs(Number(dot.getAttribute("data-x")) - Number(from.getAttribute("data-x"))); // prettier-ignore
  const beyond = dots.filter((dot) => (row(dot) - row(from)) * step > 0);
  const rows = beyond.map((dot) => row(dot) * step);
  const next = Math.min(...rows) * step;
  return beyond.filter((dot) => row(dot) === next).sort((a, b) => gap(a) - gap(b))[0];
}

/** Writes into `place` what a dot of `chart` says, when the pointer is over it or the arrow keys come to it. */
export function readOut(chart: Element, place: HTMLElement): void {
  let current: Element | undefined;
  const show = (dot: Element): void => {
    current?.classList.remove("current");
    current = dot;
    dot.classList.add("current");
    place.textContent = dot.querySelector("title")!.textContent;
  };
  chart.addEventListener("pointerover", ({ target }) => {
    const dot = (target as Element).closest(".dot");
    if (dot) show(dot);
  });
  chart.addEventListener("keydown", (event) => {
    const { key } = event as KeyboardEvent;
    const dots = inOrder(chart);
    const at = current ? dots.indexOf(current) : -1;
    const to = {
      ArrowRight: dots[Math.min(at + 1, dots.length - 1)],
      ArrowLeft: dots[Math.max(at - 1, 0)],
      ArrowDown: current ? acrossRows(dots, current, 1) : dots[0],
      ArrowUp: current ? acrossRows(dots, current, -1) : dots[0],
      Home: dots[0],
      End: dots.at(-1),
    }[key];
    if (!to) return;
    event.preventDefault();
    show(to);
  });
}
