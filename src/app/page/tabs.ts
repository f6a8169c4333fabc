/** Makes a tablist work: click, arrow keys, Home and End; the address keeps the tab after "#". */
export function tabs(list: HTMLElement): void {
  const buttons = [...list.querySelectorAll<HTMLButtonElement>("[role=tab]")];
  const panelOf = (button: HTMLButtonElement): string => button.getAttribute("aria-controls") ?? "";
  const select = (chosen: HTMLButtonElement, focus: boolean): void => {
    for (const button of buttons) {
      const isChosen = button === chosen;
      button.setAttribute("aria-selected", String(isChosen));
      button.tabIndex = isChosen ? 0 : -1;
      document.getElementById(panelOf(button))!.hidden = !isChosen;
    }
    if (focus) chosen.focus();
    history.replaceState(null, "", `#${panelOf(chosen)}`);
  };
  for (const [index, button] of buttons.entries()) {
    button.addEventListener("click", () => select(button, false));
    button.addEventListener("keydown", (event) => {
      const last = buttons.length - 1;
      const to = {
        ArrowRight: index === last ? 0 : index + 1,
        ArrowLeft: index === 0 ? last : index - 1,
        Home: 0,
        End: last,
      }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      select(buttons[to]!, true);
    });
  }
  const linked = buttons.find((button) => `#${panelOf(button)}` === location.hash);
  if (linked) select(linked, false);
}
